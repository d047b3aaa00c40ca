import { quote } from '../core/construct';
import { Problem } from '../problem';

const LOOPBACK = '127.0.0.1';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * Where an endpoint of the worker is to be: `9464`, `127.0.0.1:9464`, `[::1]:9464`. A port alone is on loopback: other machines
 * reach it only when the address says so.
 * @param what names it in the sentence: `--metrics`
 * @throws Problem USAGE
 */
export function endpointAt(address: string, what: string): Endpoint {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]:|([^:[\]\s]+):)?(\d{1,5})$/.exec(address) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > 65_535) {
    const how = 'write a port, or an address and a port: 127.0.0.1:9464';
    throw new Problem('USAGE', `${what} is ${quote(address)}: ${how}`, what);
  }
  return { host: bracketed ?? (plain === 'localhost' ? LOOPBACK : (plain ?? LOOPBACK)), port };
}

export function textOf({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
