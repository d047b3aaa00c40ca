import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem';

/** What a folder of certificates makes of both sides, each in the variables that it reads them from. */
export interface Tls {
  readonly server: Readonly<Record<string, string>>;
  readonly client: Readonly<Record<string, string>>;
  /** For the Web UI, which is a client as well. */
  readonly ui: Readonly<Record<string, string | boolean>>;
}

/** By which name the server's parts know each other: its certificate has to have it. */
const SERVER_NAME = 'localhost';

/**
 * `ca.pem`, `server.pem`, `server.key`, `client.pem` and `client.key` in a folder: the server shows the one, and wants to be
 * shown the other. The server's certificate is for `localhost` and 127.0.0.1, and for both ends of a connection: its own parts
 * are each other's clients.
 * @throws Problem UNREADABLE that names the file that is missing
 */
export function tlsFrom(folder: string): Tls {
  const file = (name: string): string => {
    const path = join(folder, name);
    try {
      accessSync(path, constants.R_OK);
      return path;
    } catch (error) {
      const needs = 'ca.pem, server.pem, server.key, client.pem and client.key';
      const sentence = `${path} cannot be read: the folder of --tls needs ${needs}`;
      throw new Problem('UNREADABLE', sentence, path, error);
    }
  };
  const [ca, certificate, key] = [file('ca.pem'), file('server.pem'), file('server.key')];
  const [clientCertificate, clientKey] = [file('client.pem'), file('client.key')];
  return {
    server: {
      TEMPORAL_TLS_REQUIRE_CLIENT_AUTH: 'true',
      TEMPORAL_TLS_SERVER_CA_CERT: ca,
      TEMPORAL_TLS_SERVER_CERT: certificate,
      TEMPORAL_TLS_SERVER_KEY: key,
      TEMPORAL_TLS_INTERNODE_SERVER_NAME: SERVER_NAME,
      TEMPORAL_TLS_FRONTEND_CERT: certificate,
      TEMPORAL_TLS_FRONTEND_KEY: key,
      TEMPORAL_TLS_FRONTEND_SERVER_NAME: SERVER_NAME,
      // The template asks for two, and takes none for the second for an empty one.
      TEMPORAL_TLS_CLIENT1_CA_CERT: ca,
      TEMPORAL_TLS_CLIENT2_CA_CERT: ca,
    },
    client: {
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca,
      TEMPORAL_TLS_CLIENT_CERT_PATH: clientCertificate,
      TEMPORAL_TLS_CLIENT_KEY_PATH: clientKey,
      TEMPORAL_TLS_SERVER_NAME: SERVER_NAME,
    },
    ui: {
      caFile: ca,
      certFile: clientCertificate,
      keyFile: clientKey,
      enableHostVerification: true,
      serverName: SERVER_NAME,
    },
  };
}
