import type { Bundle } from '../core/bundle';
import { type Graph, V1_GRAPH } from '../core/graph';
import { hashOf } from '../core/identity';
import { buildPlan } from '../core/plan';
import type { Policy } from '../core/policy';
import type { SkillManifest } from '../core/skills';
import { readBundle } from '../documents/bundle';
import type { ExaminationRow } from './examine';
import { FULL } from './sample-states';

/**
 * C7.SK2: asks the harness's own plan for a task of this skill under a factor layer that grants nothing. It has to be barred, so
 * that the skill is not run at all.
 */
export function permissionRow(manifest: SkillManifest, policy: Policy): ExaminationRow {
  const needed = manifest.requires_permissions;
  const row = (ok: boolean, detail: string): ExaminationRow => ({
    name: 'is not run without its permissions',
    clause: 'C7.SK2',
    ok,
    detail,
  });
  if (needed.length === 0) return row(true, 'it requires none');
  const barred = buildPlan({
    graph: graphFor(manifest),
    bundle: deniedBundle(),
    policy,
    skills: {},
    hashes: { input_hash: hashOf({}), graph_hash: hashOf({}), policy_hash: hashOf({}) },
  }).tasks.find(({ name }) => name === 'examined')?.barred;
  const ok = barred?.code === 'PERMISSION_DENIED';
  return row(
    ok,
    ok
      ? `with ${needed.join(', ')} not granted the harness does not run it`
      : 'the harness would run it without them',
  );
}

function graphFor(manifest: SkillManifest): Graph {
  return {
    ...V1_GRAPH,
    tasks: [
      ...V1_GRAPH.tasks,
      {
        name: 'examined',
        task_type: manifest.task_types[0] ?? '',
        skill_ref: manifest.skill_id,
        required_state: [],
        required_permissions: manifest.requires_permissions,
        depends_on: ['T3'],
        inputs: {},
        timeout_ms: 1_000,
        output_schema: manifest.output_schema,
        side_effects: ['audit_log'],
      },
    ],
  };
}

/** Nothing is permitted: absence of permission is denial (R9). */
function deniedBundle(): Bundle | null {
  const { timestamp, regime_state } = FULL;
  return readBundle({
    ...FULL,
    factor_permission: {
      timestamp,
      regime_context: Reflect.get(Object(regime_state), 'behavior'),
    },
  }).bundle;
}
