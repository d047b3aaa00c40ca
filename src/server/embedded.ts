import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Connection } from '@temporalio/client';

import { messageOf } from '../core/invariant';
import { DEFAULT_NAMESPACE } from './connection';
import { lockDatabase, type DatabaseLock } from './database-lock';
import { choosePorts, HOST, type Ports } from './ports';
import { Problem } from '../problem';
import { untilServing } from './readiness';
import { ensureSearchAttributes, type SearchAttributes } from './search-attributes';
import { serverArguments } from './server-arguments';
import { openServerLog, type ServerLog } from './server-log';
import { spawnServer, type ServerExit, type ServerProcess } from './server-process';

export interface EmbeddedOptions {
  /** A `temporal` binary, as `locateBinary` gives it. */
  readonly binary: string;
  readonly home: string;
  /** Null: in memory, lost with the process. */
  readonly dbFile: string | null;
  /** 0: a free one. */
  readonly port: number;
  /** 0: a free one; null: no Web UI. */
  readonly uiPort: number | null;
  readonly searchAttributes: SearchAttributes;
  /** Where the Web UI has payloads decrypted. */
  readonly uiCodecEndpoint?: string;
  /** Made beside `default`, if it is another one. */
  readonly namespace?: string;
  /** Where the server writes its log; `server.log` in `home` by default. */
  readonly logFile?: string;
}

export interface EmbeddedServer {
  readonly address: string;
  /** Null when it was started without the Web UI. */
  readonly uiUrl: string | null;
  readonly pid: number;
  /** Settles when the process has ended, whoever ended it. Never rejects. */
  readonly exited: Promise<ServerExit>;
  /** SIGTERM, and SIGKILL after 10 s; settles when the process has ended. May be called again. */
  stop(): Promise<void>;
}

const START_TRIES = 3;

/**
 * Starts a Temporal dev server on 127.0.0.1; resolves when its frontend answers, and namespace and
 * search attributes are there. It does not outlive this process (guardian.ts), and its database
 * serves no second one (database-lock.ts).
 * @throws Problem `NO_SERVER`: a port or the database is taken, the process died, or it did not
 *   answer in 30 s.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const logFile = options.logFile ?? join(options.home, 'server.log');
  for (const file of [logFile, options.dbFile]) if (file !== null) makeFolderOf(file);
  const lock = options.dbFile === null ? null : await lockDatabase(options.dbFile);
  const log = openServerLog(logFile);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const ports = await choosePorts(options);
      const server = await spawnServer(options.binary, serverArguments(options, ports), {
        logFd: log.fd,
        lockFd: lock === null ? null : lock.fd,
      });
      const problem = await bringUp(server, ports, options, lock);
      if (problem === null) return embedded(server, ports);
      // A free port can be lost again between our choice and the server's start: then another is
      // chosen.
      if (portWasFreeChoice(options) && portWasLost(log) && attempt < START_TRIES) continue;
      const said = log.tail() || 'it wrote nothing';
      throw new Problem('NO_SERVER', `the Temporal server ${problem}: ${said} (log: ${logFile})`);
    }
  } finally {
    // A server that runs has its own share of both.
    log.close();
    lock?.close();
  }
}

function makeFolderOf(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    const sentence =
      `the embedded server cannot write to ${dirname(file)} (${messageOf(error)}): make that folder` +
      ' writable, or choose another with --data';
    throw new Problem('NO_SERVER', sentence, null, error);
  }
}

/** Null once the server is of use; else why it is not, and then it has been stopped. */
async function bringUp(
  server: ServerProcess,
  ports: Ports,
  options: EmbeddedOptions,
  lock: DatabaseLock | null,
): Promise<string | null> {
  const address = addressOf(ports);
  const namespace = options.namespace ?? DEFAULT_NAMESPACE;
  lock?.note({ pid: server.pid, address });
  try {
    const problem = await untilServing(ports, namespace, server.running);
    if (problem === null) await setUp(address, namespace, options.searchAttributes);
    else await server.stop();
    return problem;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/**
 * A database from before an attribute was invented lacks it: the server's own flag counts for a new
 * database only.
 */
async function setUp(address: string, namespace: string, attributes: SearchAttributes) {
  const connection = await Connection.connect({ address });
  try {
    await ensureSearchAttributes(connection, namespace, attributes);
  } finally {
    await connection.close();
  }
}

function embedded(server: ServerProcess, ports: Ports): EmbeddedServer {
  return {
    address: addressOf(ports),
    uiUrl: ports.uiPort === null ? null : `http://${HOST}:${ports.uiPort}`,
    pid: server.pid,
    exited: server.exited,
    stop: () => server.stop(),
  };
}

function addressOf({ port }: Ports): string {
  return `${HOST}:${port}`;
}

function portWasFreeChoice({ port, uiPort }: Ports): boolean {
  return port === 0 || uiPort === 0;
}

function portWasLost(log: ServerLog): boolean {
  return log.tail().includes('address already in use');
}
