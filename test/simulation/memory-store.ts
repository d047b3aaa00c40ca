import { parseEntry } from '../../src/audit/chain';
import type { Receipt } from '../../src/core/effects';
import type { Draft, Entry } from '../../src/core/entry';
import { ledgerDrafts, type RunNote } from '../../src/core/cycle-ledger';
import { canonicalText, hashBytes, LATCH_CHAIN, LEDGER_CHAIN } from '../../src/core/identity';
import type { JsonObject, Sha256 } from '../../src/core/json';
import { judgeClearing, latchOf, NO_LATCH, settingDraft } from '../../src/core/latch';
import {
  EMPTY_REGISTRY,
  type RegistrySnapshot,
  type ViolationNote,
  withNotes,
} from '../../src/core/registry';
import {
  type Claimant,
  type CycleRecord,
  type EffectHolder,
  type EffectIntent,
  type RegistryPointer,
  type Store,
} from '../../src/store/store';
import { meet, refuseDisorder } from '../../src/store/rules/append';
import { isAt, snapshotText } from '../../src/store/rules/registry';
import { MemoryEffects } from './memory-effects';

/** What happens around each look at the store and each writing: a pause, a failure. */
export interface Weather {
  /** Awaited before and behind what is done. */
  pass(what: 'read' | 'write'): Promise<void>;
}
const CALM: Weather = { pass: () => Promise.resolve() };

/** What several stores share, as processes share a folder. */
export class Memory {
  readonly documents = new Map<Sha256, Uint8Array>();
  readonly chains = new Map<string, Entry[]>();
  /** The same as lines. */
  readonly lines = new Map<string, string[]>();
  readonly claims = new Map<string, Map<string, Claimant>>();
  readonly effects = new MemoryEffects();
  readonly records = new Map<string, CycleRecord>();
  readonly results = new Map<string, string>();
  readonly notes: ViolationNote[] = [];
  pointer: RegistryPointer | null = null;
  private readonly turns = new Map<string, Promise<unknown>>();

  /** One at a time for each key, in the order of asking. */
  alone<T>(key: string, body: () => Promise<T>): Promise<T> {
    const turn = (this.turns.get(key) ?? Promise.resolve()).then(body);
    this.turns.set(
      key,
      turn.catch(() => undefined),
    );
    return turn;
  }
}

/** A store without files: what `test/store/contract.ts` asks of any, and nothing that outlives the process. */
export function memoryStore(place: Memory | (() => Memory), weather: Weather = CALM): Store {
  const here = (): Memory => (typeof place === 'function' ? place() : place);
  const read = async <T>(body: () => T): Promise<T> => {
    await weather.pass('read');
    return body();
  };
  /** Durable at once; whether the writer gets to know that is another matter. */
  const write = async <T>(body: () => T): Promise<T> => {
    await weather.pass('write');
    const done = body();
    await weather.pass('write');
    return done;
  };
  const audit: Store['audit'] = {
    append: (id, drafts, written) => write(() => append(here(), id, drafts, written)),
    read: (id) => read(() => here().chains.get(id)?.slice() ?? null),
    cycles: () => read(() => [...here().chains.keys()].filter((id) => !OWN.includes(id)).sort()),
  };
  const latchNow = () => {
    const entries = here().chains.get(LATCH_CHAIN);
    return entries === undefined ? NO_LATCH : latchOf(entries);
  };
  return {
    audit,
    documents: {
      put: (bytes) =>
        write(() => {
          const ref = hashBytes(bytes);
          here().documents.set(ref, Uint8Array.from(bytes));
          return ref;
        }),
      // Whether a worker has it in memory already must make no difference to chance: a world is told again by its seed alone.
      get: (ref) => Promise.resolve(here().documents.get(ref) ?? null),
    },
    actions: {
      claim: (taskId, claimant, actionIds, commit) =>
        here().alone(`claim ${taskId}`, async () => {
          await weather.pass('write');
          const owners = here().claims.get(taskId) ?? new Map<string, Claimant>();
          here().claims.set(taskId, owners);
          const elsewhere = new Set(
            actionIds.filter((id) => emittedBy(here().chains, owners.get(id), claimant, id)),
          );
          for (const id of actionIds) if (!elsewhere.has(id)) owners.set(id, claimant);
          return commit(elsewhere);
        }),
    },
    effects: {
      open: (holder) => here().alone(key(holder), () => write(() => here().effects.open(holder))),
      perform: (holder: EffectHolder, intent: EffectIntent, act) =>
        here().alone(key(holder), async () => {
          await weather.pass('write');
          const done: Receipt = await here().effects.perform(holder, intent, act);
          await weather.pass('write');
          return done;
        }),
      close: (cycle_id, task_id, start) =>
        here().alone(key({ cycle_id, task_id }), () =>
          write(() => here().effects.close(cycle_id, task_id, start)),
        ),
      read: (cycle_id, task_id) => read(() => here().effects.read(cycle_id, task_id)),
    },
    latch: {
      now: () => read(latchNow),
      set: (cause, at) =>
        write(() => {
          const draft = settingDraft(here().chains.get(LATCH_CHAIN) ?? [], cause, at);
          if (draft !== null) append(here(), LATCH_CHAIN, [draft]);
          return latchNow();
        }),
      clear: (request, at, check = null) =>
        write(() => {
          const answer = judgeClearing(latchNow(), request, at, check);
          if (answer.draft !== null) append(here(), LATCH_CHAIN, [answer.draft]);
          return answer;
        }),
    },
    ledger: { note: (note) => write(() => noteRun(here(), note)) },
    cycles: {
      put: (record) => write(() => void here().records.set(record.cycle_id, record)),
      find: (id) =>
        read(
          () =>
            here().records.get(id) ??
            [...here().records.values()].find(({ workflow_id }) => workflow_id === id) ??
            null,
        ),
      list: () =>
        read(() =>
          [...here().records.values()].sort(
            (a, b) => Date.parse(a.created_at) - Date.parse(b.created_at),
          ),
        ),
      putResult: (id, result) => write(() => void here().results.set(id, canonicalText(result))),
      result: (id) => read(() => resultIn(here(), id)),
      dropResult: (id) => write(() => void here().results.delete(id)),
      unfinished: () =>
        read(() =>
          [...here().records.values()].filter((each) => !here().results.has(each.cycle_id)),
        ),
    },
    registry: {
      now: () =>
        read(() => {
          const { pointer, documents, notes } = here();
          const bytes = pointer === null ? undefined : documents.get(pointer.hash);
          const snapshot: RegistrySnapshot | null =
            bytes === undefined ? null : JSON.parse(Buffer.from(bytes).toString());
          const registry = withNotes(snapshot?.registry ?? EMPTY_REGISTRY, notes);
          return { registry, pointer, snapshot };
        }),
      publish: (from, next) =>
        write(() => {
          const place = here();
          if (!isAt(place.pointer, from)) return null;
          const bytes = Buffer.from(snapshotText(next));
          const hash = hashBytes(bytes);
          place.documents.set(hash, bytes);
          place.pointer = { version: next.registry.version, hash };
          return place.pointer;
        }),
      note: (id, make) =>
        write(() => {
          const known = here().notes.find((each) => each.id === id);
          if (known !== undefined) return known;
          const note = { ...make(here().notes), id, n: here().notes.length + 1 };
          here().notes.push(note);
          return note;
        }),
    },
    close: () => Promise.resolve(),
  };
}

const OWN = [LATCH_CHAIN, LEDGER_CHAIN];

function key({ cycle_id, task_id }: Pick<EffectHolder, 'cycle_id' | 'task_id'>): string {
  return `effects ${cycle_id} ${task_id}`;
}

function resultIn({ results }: Memory, id: string): JsonObject | null {
  const text = results.get(id);
  return text === undefined ? null : JSON.parse(text);
}

/** C4.I2: who claimed it last is another one, and has it on record. */
function emittedBy(
  chains: ReadonlyMap<string, readonly Entry[]>,
  owner: Claimant | undefined,
  claimant: Claimant,
  id: string,
): boolean {
  if (owner === undefined) return false;
  if (owner.cycle_id === claimant.cycle_id && owner.run_id === claimant.run_id) return false;
  const chain = chains.get(owner.cycle_id);
  // Its chain is gone: nobody can tell, so it counts as emitted.
  return (
    chain === undefined ||
    chain.some(
      ({ run_id, type, data }) =>
        run_id === owner.run_id && type === 'ACTION_EMITTED' && data['action_id'] === id,
    )
  );
}

function noteRun(memory: Memory, note: RunNote): void {
  const last = memory.chains.get(LEDGER_CHAIN)?.at(-1)?.seq ?? 0;
  append(memory, LEDGER_CHAIN, ledgerDrafts(last, [note], '2026-11-22T14:25:29.000Z'));
}

/** As `AuditStore.append` promises it, over an array. */
function append(
  { chains, lines }: Memory,
  id: string,
  drafts: readonly Draft[],
  written?: (drafts: readonly Draft[]) => void,
) {
  const entries = chains.get(id) ?? [];
  const standing = lines.get(id) ?? [];
  refuseDisorder(drafts);
  const { lines: fresh } = meet(id, entries.at(-1) ?? null, drafts, {
    *backward() {
      for (let at = standing.length - 1; at >= 0; at -= 1) yield standing[at] ?? '';
    },
    hasRun: (runId) => entries.some(({ run_id }) => run_id === runId),
  });
  for (const line of fresh) {
    const entry = parseEntry(line);
    if (entry === null) throw new Error(`what was written is no entry: ${line}`);
    entries.push(entry);
    standing.push(line);
  }
  if (entries.length > 0) chains.set(id, entries);
  lines.set(id, standing);
  if (fresh.length > 0) written?.(drafts.slice(-fresh.length));
  return { entries: entries.length, head: entries.at(-1)?.hash ?? null };
}
