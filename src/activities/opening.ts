import { ApplicationFailure } from '@temporalio/activity';
import type { RunNote } from '../core/cycle-ledger';
import type { AuditHead, Draft } from '../core/entry';
import { cycleId, tickId } from '../core/identity';
import { isObject, type Json, type JsonObject, type Sha256 } from '../core/json';
import { isScheduleName, tickWorkflowId } from '../core/tick';
import type { AuditStore, Store } from '../store/store';

/**
 * Appends entries; the one that opens a run only to the chain that it belongs to. Another client than ours can start a
 * workflow with any cycle id: it must not write into another cycle's record, nor run again what has ended (R36).
 * @throws USAGE when the run has no place in this chain; else as `AuditStore.append`
 */
export async function appendEntries(
  { audit, ledger }: Pick<Store, 'audit' | 'ledger'>,
  chain: string,
  entries: readonly Draft[],
  written?: (drafts: readonly Draft[]) => void,
): Promise<AuditHead> {
  const opening = entries.find(({ type }) => type === 'CYCLE_OPENED');
  const problem = opening === undefined ? null : await problemOfOpening(audit, chain, opening);
  if (problem !== null) throw ApplicationFailure.nonRetryable(problem, 'USAGE');
  const stands = await audit.append(chain, entries, written);
  // The chain first: what the ledger knows of is there.
  if (opening !== undefined) await ledger.note(noteOf('RUN_OPENED', chain, opening.run_id, stands));
  return stands;
}

export function noteOf(
  kind: RunNote['kind'],
  cycle_id: string,
  run_id: string,
  { entries, head }: AuditHead,
): RunNote {
  return { kind, cycle_id, run_id, entries, head };
}

async function problemOfOpening(
  audit: AuditStore,
  chain: string,
  { run_id, at, data }: Draft,
): Promise<string | null> {
  const { workflow_id } = data;
  const own = ownCycle(data);
  if (own === null)
    return `the start names a schedule, but workflow ${String(workflow_id)} is not of its nominal time`;
  if (own !== chain) return `the start names cycle ${chain}, but its documents are those of ${own}`;
  const stands = (await audit.read(chain)) ?? [];
  const last = stands.at(-1);
  if (last === undefined || stands.some((entry) => entry.run_id === run_id)) return null;
  const first = stands[0]?.data['workflow_id'];
  if (first !== workflow_id)
    return `cycle ${chain} runs as workflow ${String(first)}, under no other id`;
  // An attempt of a run that was cut off may come back when the cycle runs again: it must not take the record over.
  const newest = stands.findLast(({ type }) => type === 'CYCLE_OPENED');
  if (newest !== undefined && newest.at > at)
    return `cycle ${chain} has been started again since: this run was given up`;
  const outcome = last.type === 'CYCLE_ENDED' ? last.data['outcome'] : 'CANCELLED';
  if (outcome === 'CANCELLED') return null;
  return `cycle ${chain} has ended ${String(outcome)}, and that stands: start a cycle on a fresh bundle`;
}

/** R36: the cycle that the opening entry is of: its documents', or its schedule's at its nominal time under that workflow id. */
function ownCycle({
  mode,
  input_hash,
  graph_hash,
  policy_hash,
  workflow_id,
  tick,
}: JsonObject): string | null {
  if (tick === undefined)
    return cycleId(String(mode), digest(input_hash), digest(graph_hash), digest(policy_hash));
  const { schedule, nominal_time } = isObject(tick) ? tick : {};
  const [name, time] = [String(schedule), String(nominal_time)];
  const theirs = isScheduleName(name) && tickWorkflowId(name, time) === workflow_id;
  return theirs ? tickId(name, time) : null;
}

function digest(value: Json | undefined): Sha256 {
  return String(value) as Sha256;
}
