// The documents of each shape of cycle, and the skills that some of them use.
import { prepare } from '../dist/client.js';
import { changeRegistry, storeSkill } from '../dist/client/skills.js';
import { V1_GRAPH } from '../dist/core/graph.js';
import { DEFAULT_POLICY } from '../dist/core/policy.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A frozen worker's task is lost with its worker, never timed out. */
const PATIENCE_MS = 60_000;
/** Of a `brief` cycle: long enough to run in, short enough to be too late with. */
const BRIEF_MS = 8_000;
/** After its first violation it is quarantined, and runs in no further cycle. */
const ROGUE = 'chaos.rogue';
const CLOCKS = { right: 0, behind: -30 * HOUR_MS, ahead: HOUR_MS };

export const LEDGER = '### [2026-01-24] D001: Chaos\n**Decision**: It may run.\n';
export const configOf = (sink) => ({
  notices: [{ type: 'http', url: sink }],
  ledger: 'LEDGER.md',
  effects: Object.fromEntries(
    [1, 2, 3].map((k) => [
      `notes_${k}`,
      { type: 'jsonl', path: `out/notes-${k}.jsonl`, in_shadow: 'perform' },
    ]),
  ),
});

/** How long the bundle of that shape stays fresh; null where nothing here waits so long. */
export const limitOf = (shape) => (shape === 'brief' ? BRIEF_MS : null);

/** The cycle's documents, read and hashed as the command line does, on a bundle with the time of now, as its clock has it. */
export function documentsOf({ n, shape, clock, rogue }, seed, nowMs) {
  const bundle = bundleOf(shape, `${seed}-${n}`, nowMs + CLOCKS[clock]);
  const staleness = limitOf(shape) ?? DAY_MS;
  const policy = { ...DEFAULT_POLICY, max_staleness_ms: { default: staleness } };
  const source = (name, value) => ({ name, bytes: Buffer.from(JSON.stringify(value)) });
  return prepare(
    source('bundle', bundle),
    source('graph', graphOf(shape, rogue)),
    source('policy', policy),
  );
}

function bundleOf(shape, note, ms) {
  const timestamp = new Date(ms).toISOString();
  const belief = (belief_id, permission) => ({
    belief_id,
    belief_type: 'direction',
    value: { direction: 'up' },
    confidence: 0.7,
    timestamp,
    source_layer: 'L9',
    source_id: 'chaos',
    required_permissions: [permission],
    source_signal_ids: ['SG-1'],
  });
  const regime = {
    id: 'RS-1',
    timestamp: shape === 'old-state' ? new Date(ms - 30 * HOUR_MS).toISOString() : timestamp,
    behavior: shape === 'regime-closed' ? 'EVENT_LOCK' : 'TRENDING_NORMAL_VOL',
    bias: 'BULLISH',
    confidence: shape === 'low-confidence' ? 0.2 : 0.82,
    is_stable: true,
    // Passes through and is part of the hash: no two cycles of a run are the same.
    note,
  };
  return {
    timestamp,
    regime_state: shape === 'missing-state' ? null : regime,
    factor_permission: {
      timestamp,
      regime_context: regime.behavior,
      momentum_permitted: true,
      value_permitted: false,
    },
    signals: [],
    active_beliefs:
      shape === 'no-beliefs' ? [] : [belief('B-1', 'momentum'), belief('B-2', 'value')],
    macro_state: null,
    flow_state: null,
  };
}

function graphOf(shape, rogue = ROGUE) {
  const tasks = V1_GRAPH.tasks.map((task) => ({ ...task, timeout_ms: PATIENCE_MS }));
  const graph = { ...V1_GRAPH, graph_id: shape, tasks };
  switch (shape) {
    case 'skill':
      return { ...graph, tasks: [...tasks, note(1, 300), note(2, 300, ['note-1'])] };
    case 'parallel':
      return {
        ...graph,
        parallel: true,
        tasks: [...tasks, note(1, 400), note(2, 400), note(3, 400)],
      };
    case 'gated': {
      const gate = { name: 'bears', condition: "regime.bias == 'BEARISH'", if_true: 'note-1' };
      return { ...graph, tasks: [...tasks, note(1, 0)], gates: [{ ...gate, if_false: 'SKIP' }] };
    }
    case 'held':
      return { ...graph, tasks: [...tasks, note(1, 1_500)] };
    case 'brief':
      return { ...graph, tasks: [...tasks, note(1, 600)] };
    case 'rogue':
      return {
        ...graph,
        tasks: [...tasks, { ...note(3, 100), name: 'rogue', skill_ref: rogue }],
      };
    default:
      return graph;
  }
}

/** A task that takes its time and then writes one line. */
function note(k, nap, depends_on = ['T3']) {
  return {
    name: `note-${k}`,
    task_type: 'note',
    skill_ref: `chaos.note-${k}`,
    required_state: [],
    required_permissions: [],
    depends_on,
    inputs: { k, nap },
    timeout_ms: PATIENCE_MS,
    output_schema: 'Note',
    side_effects: [`notes_${k}`, 'audit_log'],
    critical: false,
  };
}

/** Three that note, and those that reach for what they did not declare. */
export async function registerSkills(harness, { cycles }) {
  const skills = [1, 2, 3].map((k) => ({ id: `chaos.note-${k}`, effect: `notes_${k}`, deed: '' }));
  const deed = 'if (nap > 0) try { await ctx.effects.elsewhere({}); } catch {}';
  const own = cycles.flatMap(({ rogue }) => rogue ?? []);
  for (const id of [ROGUE, ...own]) skills.push({ id, effect: 'notes_3', deed });
  for (const skill of skills) {
    await register(harness, skill);
    await changeRegistry(harness, {
      ...change(`activate-${skill.id}`, 'activate'),
      skill: skill.id,
    });
  }
}

/** A further version of a skill that no cycle uses. */
export async function registerSpare(harness, n) {
  await register(harness, { id: 'chaos.spare', effect: 'notes_3', deed: '', version: `1.0.${n}` });
}

const change = (change_id, operation) => ({
  ledger: 'D001',
  by: 'chaos',
  operation,
  change_id,
  registration: null,
});

async function register(harness, { id, effect, deed, version = '1.0.0' }) {
  const manifest = {
    skill_id: id,
    skill_version: version,
    layer: 'L9',
    task_types: ['note'],
    required_inputs: [],
    requires_permissions: [],
    layer_dependencies: [],
    side_effects: [effect, 'audit_log'],
    output_schema: 'Note',
    author: 'chaos',
    decision_ledger_ref: 'D001',
  };
  const output = { type: 'object' };
  const code = `module.exports = { default: { ...${JSON.stringify({ ...manifest, output })},
  async run(ctx, { nap = 0 }) {
    if (nap > 0) await new Promise((done) => setTimeout(done, nap));
    ${deed}
    await ctx.effects.${effect}({ nap });
    return {};
  } } };`;
  const registration = await storeSkill(harness, code, { manifest, output });
  const skill = `${id}@${version}`;
  await changeRegistry(harness, {
    ...change(`register-${skill}`, 'register'),
    skill,
    registration,
  });
}
