import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeCheckpoint, readCheckpoint } from '../../src/audit/checkpoint';
import { exportTrail } from '../../src/audit/export';
import { verifyTrail } from '../../src/audit/verify';
import { cycleText } from '../../src/cli/render';
import { noteServer, ownServer } from '../../src/cli/own-server';
import { resolveResult } from '../../src/client/resolve';
import { canonicalText, hashOf, LATCH_CHAIN, LEDGER_CHAIN } from '../../src/core/identity';
import type { Json, JsonObject } from '../../src/core/json';
import { projectTrail } from '../../src/core/projection';
import { EMPTY_REGISTRY, factsOf } from '../../src/core/registry';
import { resultOf } from '../../src/core/result';
import { readPayloadKeys } from '../../src/payloads/keys';
import { openFileStore } from '../../src/store/files';
import { fileTrail } from '../../src/store/files/trail';
import type { Store } from '../../src/store/store';
import { manifestWith } from '../core/skill-samples';
import { keepDocuments } from '../audit/trails';
import { TASK } from '../store/drafts';
import { intentOf } from '../store/effect-intents';
import { TRAIL } from './readers';
import { JUDGED, orRefused, type Reader, type Reading, refused, taken } from './reading';

const AT = '2026-11-22T14:25:29.000Z';
const CYCLE = TRAIL.cycleId;
const RUN = 'run-0001';
const HOLDER = { cycle_id: CYCLE, task_id: TASK, run_id: RUN, seq: 7, attempt: 1 };
const ACTION = '3f3a1c52-6c1e-5d0b-8a77-3f2b9c4d5e6f';
const hash = hashOf('x');

/** Something of everything that a HARNESS_HOME keeps. */
async function fill(store: Store): Promise<void> {
  await keepDocuments(store);
  const audit = await store.audit.append(CYCLE, TRAIL.drafts);
  await store.ledger.note({ kind: 'RUN_CLOSED', cycle_id: CYCLE, run_id: RUN, ...audit });
  await store.latch.set({ code: 'OPERATOR_HALT', detail: 'look', raised_by: 'ada' }, AT);
  const entries = (await store.audit.read(CYCLE)) ?? [];
  const result = resultOf(projectTrail(entries).cycle, RUN, audit);
  await store.cycles.putResult(CYCLE, result as unknown as JsonObject);
  await store.cycles.put({
    cycle_id: CYCLE,
    workflow_id: 'shadow-every-2026-11-22T14:25:00Z',
    mode: 'shadow',
    input_hash: hash,
    graph_hash: hash,
    policy_hash: hash,
    created_at: AT,
    tick: { schedule: 'every', nominal_time: '2026-11-22T14:25:00Z', source: 'file:/a.json' },
  });
  const version = { state: 'ACTIVE' as const, manifest: manifestWith(), registration: hash };
  const versions = { '1.2.0': { ...version, history: [] } };
  const skill = { standing: 'GOOD' as const, tenure: 1, violations: 0, versions, history: [] };
  const registry = { ...EMPTY_REGISTRY, version: 1, skills: { 'acme.rank-beliefs': skill } };
  const about = { previous: null, at: AT, change: null, message: 'a test' };
  await store.registry.publish(null, { ...about, registry });
  for (const id of ['one', 'two'])
    await store.registry.note(id, () => ({
      skill_id: 'acme.rank-beliefs',
      skill_ref: 'acme.rank-beliefs@1.2.0',
      code: 'LAYER_BYPASS',
      detail: 'a test',
      cycle_id: CYCLE,
      task: 'A',
      at: AT,
      tenure: 1,
      count: 1,
      response: ['QUARANTINE', 'REVIEW'],
    }));
  await store.effects.open(HOLDER);
  for (const ordinal of [1, 2])
    await store.effects.perform(HOLDER, intentOf(ordinal), {
      repeatable: true,
      perform: async () => ({ status: 'PERFORMED', detail: null }),
    });
  await store.actions.claim(TASK, { cycle_id: CYCLE, run_id: RUN }, [ACTION], async () => null);
}

export interface Stored {
  readonly readers: readonly Reader<Uint8Array>[];
  close(): void;
}

/** What comes back from the disk: each file in turn is damaged, read, and put back as it was. */
export async function storedReaders(): Promise<Stored> {
  const home = mkdtempSync(join(tmpdir(), 'harness-fuzz-'));
  const store = await openFileStore(join(home, 'home'));
  await fill(store);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const checkpoint = `${JSON.stringify(await makeCheckpoint(store, privateKey, AT))}\n`;
  const root = join(home, 'home');
  put(join(root, 'checkpoints', 'one.json'), Buffer.from(checkpoint));
  const exported = join(home, 'exported');
  await exportTrail({ store, trail: fileTrail(root), home: root }, exported, () => 'a page');
  noteServer(root, { address: '127.0.0.1:7233', ui_url: 'http://127.0.0.1:8233', pid: 1 });
  const keys = { write: 'k1', keys: { k1: Buffer.alloc(32, 7).toString('base64') } };
  put(join(root, 'keys.json'), Buffer.from(JSON.stringify(keys)));

  /** Of the file at `path`, by a store that has seen nothing of it yet. */
  const of = (
    name: string,
    path: string,
    read: (store: Store, bytes: Buffer) => Promise<Reading> | Reading,
    oneIn = 10,
  ): Reader<Uint8Array> => {
    const valid = readFileSync(path);
    return {
      name,
      valid,
      oneIn,
      async read(bytes) {
        put(path, bytes);
        try {
          const fresh = await openFileStore(root, { lockWaitMs: 100 });
          return await orRefused(() => read(fresh, Buffer.from(bytes)));
        } finally {
          put(path, valid);
        }
      },
    };
  };
  const at = (...parts: readonly string[]): string => join(root, ...parts);
  const chain = (id: string): string => at('audit', `${id}.jsonl`);
  const verified = (name: string, path: string, isHeld: boolean): Reader<Uint8Array> => {
    const whole = readFileSync(join(exported, path));
    return of(
      `exported ${name}`,
      join(exported, path),
      async (_, bytes) => {
        const { status, cycles, governance, aliens, problem } = await verifyTrail(exported);
        if (status === 'INTACT') return isHeld ? taken(text(whole), text(bytes)) : JUDGED;
        const chains = [...cycles, ...governance].flatMap((each) => each.problem?.problem ?? []);
        return refused(...chains, ...aliens.map((each) => each.problem), ...(problem ?? []));
      },
      20,
    );
  };
  const document = [...TRAIL.drafts].find(({ data }) => 'graph_hash' in data)?.data['graph_hash'];
  const hex = String(document).slice('sha256:'.length);

  const readers = [
    of('record of a cycle', at('cycles', `${CYCLE}.json`), async ({ cycles }, bytes) => {
      const [listed] = await cycles.list();
      return taken([json(bytes), json(bytes)], [await cycles.find(CYCLE), listed]);
    }),
    of(
      'result of a cycle',
      at('results', `${CYCLE}.json`),
      async ({ cycles, documents }, bytes) => {
        const result = (await cycles.result(CYCLE)) ?? {};
        cycleText(await resolveResult(documents, result));
        return taken(json(bytes), result);
      },
    ),
    of('pointer to the registry', at('registry', 'current.json'), async ({ registry }, bytes) => {
      const { pointer, registry: now } = await registry.now();
      factsOf(now, 'acme.rank-beliefs');
      return taken(json(bytes), pointer);
    }),
    of('violations of skills', at('registry', 'violations.jsonl'), async ({ registry }, bytes) => {
      const { notes, skills } = (await registry.now()).registry;
      const lines = whole(bytes).map((line) => JSON.parse(line) as JsonObject);
      const { length } = lines.filter(
        ({ skill_id, tenure }) => skill_id === 'acme.rank-beliefs' && tenure === 1,
      );
      const { violations } = skills['acme.rank-beliefs'] ?? {};
      return taken([lines.length, length], [notes, violations]);
    }),
    of('lines of effects', at('effects', CYCLE, `${TASK}.jsonl`), async ({ effects }, bytes) => {
      const receipts = await effects.read(CYCLE, TASK);
      const lines = whole(bytes).map((line) => JSON.parse(line) as JsonObject);
      const statusOf = ({ key }: JsonObject) =>
        lines.findLast((line) => line['type'] === 'RECEIPT' && line['key'] === key)?.['status'];
      const begun = lines.filter(({ type }) => type === 'INTENT');
      const told = begun.map((intent) => [intent['payload_hash'], statusOf(intent) ?? 'UNKNOWN']);
      return taken(
        told,
        receipts.map(({ payload_hash, status }) => [payload_hash, status]),
      );
    }),
    of(
      'claims of actions',
      at('actions', `${TASK}.jsonl`),
      async ({ actions }, bytes) => {
        const other = { cycle_id: LATCH_CHAIN, run_id: 'r2' };
        const elsewhere = await actions.claim(TASK, other, [ACTION], async (known) => [...known]);
        const claims = whole(bytes).map((line) => JSON.parse(line) as JsonObject);
        const last = claims.findLast(({ action_ids }) => String(action_ids).includes(ACTION));
        // A chain that is there shows that nobody has emitted it; of another one nobody can tell.
        const isKnown = last === undefined || last['cycle_id'] === CYCLE;
        return taken(isKnown ? [] : [ACTION], elsewhere);
      },
      20,
    ),
    of('chain on the disk', chain(CYCLE), async ({ audit }, bytes) => {
      const entries = (await audit.read(CYCLE)) ?? [];
      if (entries.length > 0)
        cycleText(
          resultOf(projectTrail(entries).cycle, RUN, {
            entries: 0,
            head: null,
          }) as unknown as JsonObject,
        );
      return taken(
        whole(bytes),
        entries.map((entry) => canonicalText({ ...entry } as unknown as Json)),
      );
    }),
    of('chain of the harness-wide halt', chain(LATCH_CHAIN), async ({ latch }, bytes) => {
      const { halt } = await latch.now();
      return taken(whole(bytes).length > 0, halt !== null);
    }),
    of('ledger of cycles', chain(LEDGER_CHAIN), async ({ audit }, bytes) => {
      const entries = (await audit.read(LEDGER_CHAIN)) ?? [];
      return taken(
        whole(bytes),
        entries.map((entry) => canonicalText({ ...entry } as unknown as Json)),
      );
    }),
    of('checkpoint', at('checkpoints', 'one.json'), (_, bytes) => {
      const read = readCheckpoint(text(bytes), publicKey);
      if (read.problem !== null) return refused(read.problem);
      const { chains } = json(bytes) as { chains: { chain: string }[] };
      return taken(
        chains.map(({ chain: id, ...end }) => [id, [end]]),
        [...read.testimony.ends],
      );
    }),
    of('note of the server', at('server.json'), (_, bytes) => {
      const own = ownServer(root);
      const note = json(bytes) as JsonObject;
      // A process of that number need not run.
      return own === null ? JUDGED : taken(note, own);
    }),
    of('payload keys', at('keys.json'), (_, bytes) => {
      const { write, keys: read } = readPayloadKeys(at('keys.json'));
      const exportedKeys = [...read].map(([id, key]) => [id, key.export().toString('base64')]);
      return taken(json(bytes), { write, keys: Object.fromEntries(exportedKeys) });
    }),
    verified('chain', join('audit', `${CYCLE}.jsonl`), true),
    verified('graph', join('documents', hex.slice(0, 2), hex), true),
    verified('ledger of cycles', join('audit', `${LEDGER_CHAIN}.jsonl`), false),
    verified('result', join('results', `${CYCLE}.json`), false),
    verified('record', join('cycles', `${CYCLE}.json`), false),
  ];
  return { readers, close: () => rmSync(home, { recursive: true }) };
}

function put(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, bytes, { mode: 0o600 });
}

const text = (bytes: Buffer): string => bytes.toString('latin1');
const json = (bytes: Buffer): unknown => JSON.parse(bytes.toString('utf8'));

/** The lines that a newline ends: what stands behind the last one was never promised. */
function whole(bytes: Buffer): string[] {
  return bytes.toString('utf8').split('\n').slice(0, -1);
}
