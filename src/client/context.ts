import { Client, Connection } from '@temporalio/client';
import type { ConnectionSettings } from '../server/connection';
import { unreachable } from '../server/unreachable';
import type { Store } from '../store/store';

/** What the client functions act with: Temporal, the store, and where the Web UI is. */
export interface Harness {
  readonly client: Client;
  readonly store: Store;
  readonly namespace: string;
  /** Base address of the Web UI, without a slash at the end. */
  readonly uiUrl: string;
  close(): Promise<void>;
}

/** How long a server may take to accept a connection before it counts as not there. */
const CONNECT_MS = 5_000;

/** @throws Problem NO_SERVER when nothing answers at the address */
export async function connectHarness(
  settings: ConnectionSettings,
  store: Store,
  uiUrl: string,
): Promise<Harness> {
  const connection = await connect(settings);
  const { namespace, dataConverter } = settings;
  const client = new Client({ connection, namespace, dataConverter });
  return {
    client,
    store,
    namespace,
    uiUrl,
    async close() {
      await connection.close();
      await store.close();
    },
  };
}

async function connect(settings: ConnectionSettings): Promise<Connection> {
  const { connectionOptions, address } = settings;
  try {
    // The options are read by the same loader for both kinds of connection; the native one's type is the narrower.
    return await Connection.connect({
      ...(connectionOptions as object),
      address,
      connectTimeout: CONNECT_MS,
    });
  } catch (error) {
    throw await unreachable(settings, error);
  }
}

export function cycleLink(
  harness: Pick<Harness, 'uiUrl' | 'namespace'>,
  workflowId: string,
  runId?: string,
): string {
  const path = [
    harness.namespace,
    'workflows',
    workflowId,
    ...(runId === undefined ? [] : [runId, 'timeline']),
  ];
  const [namespace = '', ...rest] = path.map(encodeURIComponent);
  return `${harness.uiUrl}/namespaces/${namespace}/${rest.join('/')}`;
}
