/** As RFC 4648 writes bytes, with its padding or without: one text for the same bytes. */
const BASE64 =
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw](?:==)?|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=?)?$/;

/** Node passes over what is no base64: of a damaged key it would read another one. */
export function isBase64(text: string): boolean {
  return BASE64.test(text);
}
