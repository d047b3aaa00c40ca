import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

import { codeOf, messageOf } from '../core/invariant';
import { Problem } from '../problem';
import type { ConnectionSettings } from './connection';

/** A handshake, and the server's first word after it, take no longer where they work. */
const LOOK_MS = 2_000;

/** What came of a handshake: the server went on talking, or what it or we did not like. */
type Handshake =
  | { readonly kind: 'talks' | 'silent' | 'nothing there' }
  | { readonly kind: 'refused us' | 'not trusted' | 'no TLS'; readonly why: string };

/**
 * Why a connection did not come about, as the error that a person gets: a server that is there, but does not like the
 * certificates, is another matter than none. The clients' own errors do not tell them apart: it is tried once more by hand.
 */
export async function unreachable(settings: ConnectionSettings, error: unknown): Promise<Problem> {
  const { address, connectionOptions } = settings;
  const { tls, apiKey } = connectionOptions;
  const secured = Boolean(tls) || (tls === undefined && apiKey !== undefined);
  const shaken = await shakeHands(settings);
  const said =
    shaken.kind === 'talks' && apiKey !== undefined
      ? `the Temporal server at ${address} does not let this client in (${messageOf(error)}): check TEMPORAL_API_KEY`
      : sentenceFor(address, secured, hasCertificate(tls), shaken);
  const hint = 'start one with `harness up`, or name one with TEMPORAL_ADDRESS or --address';
  const none = `no Temporal server answers at ${address}: ${hint} (${messageOf(error)})`;
  return new Problem('NO_SERVER', said ?? none, address, error);
}

type TlsOption = ConnectionSettings['connectionOptions']['tls'];

function hasCertificate(tls: TlsOption): boolean {
  return typeof tls === 'object' && tls !== null && tls.clientCertPair !== undefined;
}

/** Null where the handshake says nothing that the client's own error does not say. */
function sentenceFor(
  address: string,
  secured: boolean,
  withCertificate: boolean,
  shaken: Handshake,
): string | null {
  const { kind } = shaken;
  const server = `the Temporal server at ${address}`;
  const pair = 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, or in a profile';
  if (kind === 'silent' || kind === 'nothing there') return null;
  if (!secured)
    return kind === 'no TLS'
      ? null
      : `${server} wants TLS: set TEMPORAL_TLS=true, and name the certificates with TEMPORAL_TLS_*, or in a profile`;
  if (kind === 'no TLS')
    return `what listens at ${address} speaks no TLS (${shaken.why}): correct the address, or set TEMPORAL_TLS=false`;
  if (kind === 'not trusted')
    return `the certificate of ${server} is not trusted here (${shaken.why}): name its authority with TEMPORAL_TLS_SERVER_CA_CERT_PATH, or its name with TEMPORAL_TLS_SERVER_NAME`;
  if (kind === 'refused us')
    return withCertificate
      ? `${server} refuses this client's certificate (${shaken.why}): name one that it trusts with ${pair}`
      : `${server} wants a client's certificate (${shaken.why}): name one with ${pair}`;
  return null;
}

function shakeHands({ address, connectionOptions }: ConnectionSettings): Promise<Handshake> {
  let socket: TLSSocket;
  try {
    socket = connect(optionsFor(address, connectionOptions.tls));
  } catch (error) {
    return Promise.resolve({ kind: 'refused us', why: messageOf(error) });
  }
  return new Promise<Handshake>((resolve) => {
    let secure = false;
    const done = (shaken: Handshake): void => {
      socket.destroy();
      resolve(shaken);
    };
    socket.setTimeout(LOOK_MS, () => done({ kind: 'silent' }));
    socket.once('secureConnect', () => (secure = true));
    // With TLS 1.3 the server judges the client's certificate only after the client has done its part.
    socket.once('data', () => done({ kind: 'talks' }));
    socket.once('error', (error) => done(judged(error, secure)));
    socket.once('close', () => done({ kind: 'refused us', why: 'it closed the connection' }));
  });
}

function judged(error: Error, secure: boolean): Handshake {
  const code = codeOf(error) ?? '';
  const why = reasonOf(error);
  if (['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN'].includes(code))
    return { kind: 'nothing there' };
  if (secure || /ALERT/.test(code)) return { kind: 'refused us', why };
  if (/WRONG_VERSION|PACKET_LENGTH|ECONNRESET|EPROTO/.test(code)) return { kind: 'no TLS', why };
  return { kind: 'not trusted', why };
}

/** OpenSSL's own words stand between colons: `…:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:…`. */
function reasonOf(error: Error): string {
  const { reason } = error as { readonly reason?: unknown };
  const text = typeof reason === 'string' ? reason : error.message;
  return text.replace(/\s+/g, ' ').trim();
}

function optionsFor(address: string, tls: TlsOption): ConnectionOptions {
  const { host, port } = /^(?<host>.*):(?<port>\d+)$/.exec(address)?.groups ?? {};
  const given = typeof tls === 'object' && tls !== null ? tls : null;
  const bytes = (part: Uint8Array): Buffer => Buffer.from(part);
  return {
    host: (host ?? address).replace(/^\[|\]$/g, ''),
    port: Number(port ?? 443),
    ALPNProtocols: ['h2'],
    // Who was to connect in the clear trusts nobody: only that there is TLS at all is of interest.
    rejectUnauthorized: Boolean(tls),
    ...(given?.serverNameOverride === undefined ? {} : { servername: given.serverNameOverride }),
    ...(given?.serverRootCACertificate === undefined
      ? {}
      : { ca: bytes(given.serverRootCACertificate) }),
    ...(given?.clientCertPair === undefined
      ? {}
      : { cert: bytes(given.clientCertPair.crt), key: bytes(given.clientCertPair.key) }),
  };
}
