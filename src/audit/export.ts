import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LEDGER_CHAIN } from '../core/identity';
import {
  isDigest,
  isObject,
  isRef,
  type Json,
  type JsonObject,
  type Sha256,
  valueOf,
} from '../core/json';
import type { Entry } from '../core/entry';
import { readGraph } from '../documents/graph';
import { asStoreError, goneAsNull } from '../store/files/errors';
import { homeAt } from '../store/files/home';
import type { Store } from '../store/store';
import type { Trail } from '../store/trail';
import { checkpointFiles } from './checkpoint';

export interface Exported {
  readonly folder: string;
  readonly cycles: number;
  readonly entries: number;
  readonly documents: number;
}

/** Draws one cycle's page; `graph` as it stands in the store, null when it is not there. */
export type Page = (
  entries: readonly Entry[],
  graph: ReturnType<typeof readGraph>['graph'],
) => string;

/** Where the record is, and where its checkpoints are: in HARNESS_HOME, whatever the store. */
export interface Exporting {
  readonly store: Store;
  readonly trail: Trail;
  readonly home: string;
}

/**
 * Copies what proves the record into `folder`, in the form of a HARNESS_HOME: the chains byte by byte, the ledger of cycles,
 * the documents that entries name, results, checkpoints; and for people a page of each cycle. `cycleId` undefined: of all.
 * @throws StoreError when it cannot be read or written
 */
export async function exportTrail(
  { store, trail, home }: Exporting,
  folder: string,
  page: Page,
  cycleId?: string,
): Promise<Exported> {
  const all = await store.audit.cycles();
  const wanted = all.filter((id) => cycleId === undefined || id === cycleId);
  const ledger = all.filter((id) => id === LEDGER_CHAIN);
  const chains = [...ledger, ...wanted.filter((id) => id !== LEDGER_CHAIN)];
  const refs = new Set<Sha256>();
  let cycles = 0;
  let entries = 0;
  return asStoreError('STORE_UNAVAILABLE', `the folder ${folder}`, async () => {
    for (const name of ['audit', 'documents', 'results', 'cycles', 'checkpoints', 'pages'])
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
    // What bears witness first: all that it knows of is then there to be copied.
    for (const path of await checkpointFiles(homeAt(home)))
      await copyFile(path, join(folder, 'checkpoints', path.slice(dirname(path).length + 1)));
    for (const chain of chains) {
      await hand(trail, folder, 'audit', chain);
      const told = (await store.audit.read(chain)) ?? [];
      entries += told.length;
      if (told[0]?.type !== 'CYCLE_OPENED') continue;
      cycles += 1;
      for (const { data } of told) collect(data, refs);
      for (const kind of ['results', 'cycles'] as const) await hand(trail, folder, kind, chain);
      const graph = await graphOf(store, told);
      await writeFile(join(folder, 'pages', `${chain}.html`), page(told, graph), { mode: 0o600 });
    }
    const documents = await copyDocuments(store, folder, refs);
    return { folder, cycles, entries, documents };
  });
}

/** A file as a HARNESS_HOME has it; none where there is nothing to hand over. */
async function hand(
  trail: Trail,
  folder: string,
  what: 'audit' | 'cycles' | 'results',
  id: string,
): Promise<void> {
  const bytes = await trail.bytes(what, id);
  if (bytes === null) return;
  const name = `${id}${what === 'audit' ? '.jsonl' : '.json'}`;
  await writeFile(join(folder, what, name), bytes, { mode: 0o600 });
}

/** Whatever an entry names by a hash, at any depth, and what is in a list that it names. */
function collect(value: Json, refs: Set<Sha256>): void {
  if (isDigest(value)) refs.add(value);
  if (isRef(value)) refs.add(value.ref);
  if (Array.isArray(value)) value.forEach((item: Json) => collect(item, refs));
  else if (isObject(value)) Object.values(value).forEach((item) => collect(item, refs));
}

/** Not every hash is that of a document: what is not in the store is passed over. */
async function copyDocuments(
  store: Store,
  folder: string,
  refs: ReadonlySet<Sha256>,
): Promise<number> {
  let copied = 0;
  for (const ref of refs) {
    const bytes = await store.documents.get(ref);
    if (bytes === null) continue;
    const hex = ref.slice('sha256:'.length);
    const path = join(folder, 'documents', hex.slice(0, 2), hex);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, bytes, { mode: 0o600 });
    copied += 1;
  }
  return copied;
}

async function graphOf(
  store: Store,
  entries: readonly Entry[],
): Promise<ReturnType<typeof readGraph>['graph']> {
  const { graph_hash } = (entries[0]?.data ?? {}) as JsonObject;
  const bytes = await store.documents.get(graph_hash as Sha256);
  const value = bytes === null ? undefined : valueOf(Buffer.from(bytes).toString('utf8'));
  return value === undefined ? null : readGraph(value).graph;
}

/** An export is written into an empty folder: what lay there before would be taken for a part of it. */
export async function isEmpty(folder: string): Promise<boolean> {
  return ((await readdir(folder).catch(goneAsNull)) ?? []).length === 0;
}
