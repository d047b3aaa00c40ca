import { codeOf, messageOf } from '../core/invariant';
import { DOCUMENT_BYTES_MAX } from '../core/limits';
import { readDocument } from '../documents/json';
import type { SourceRead } from './source';

/** `http(s)://…`: one GET; the answer's body is the bundle, whatever it calls itself. */
export async function readAddress(source: string, stop: AbortSignal): Promise<SourceRead> {
  const { origin, pathname } = new URL(source);
  // A query may hold what is nobody's business.
  const where = `${origin}${pathname}`;
  const failed = (what: string): SourceRead => ({ ok: false, problem: `${where} ${what}` });
  try {
    const response = await fetch(source, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      credentials: 'omit',
      signal: stop,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      const to = response.status >= 300 && response.status < 400 ? ', and none is followed' : '';
      return failed(`answered ${response.status}${to}: a bundle comes with 200`);
    }
    const bytes = await bodyOf(response);
    if (bytes === null) return failed(`gave more than the ${DOCUMENT_BYTES_MAX} bytes of a bundle`);
    const read = readDocument(bytes);
    return read.ok
      ? { ok: true, text: read.text, dated: true }
      : failed(`gave no bundle: ${read.problem}`);
  } catch (error) {
    stop.throwIfAborted();
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return failed(`gave no answer: ${codeOf(cause) ?? messageOf(cause)}`);
  }
}

/** The body, uncompressed; null when it is larger than a bundle may be. */
async function bodyOf(response: Response): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array);
    size += (part as Uint8Array).byteLength;
    if (size > DOCUMENT_BYTES_MAX) return null;
  }
  return Buffer.concat(parts);
}
