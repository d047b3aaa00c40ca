import { V1_GRAPH, type Graph, type Task } from '../../src/core/graph';
import { canonicalText, cycleId, hashBytes, taskId, tickId } from '../../src/core/identity';
import type { Json, JsonObject, Sha256 } from '../../src/core/json';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy';
import type { Registry } from '../../src/core/registry';
import type { SkillFacts, SkillManifest, SkillRegistration } from '../../src/core/skills';
import type { CycleInput } from '../../src/core/start';
import { nominalText, type TickInput, tickWorkflowId } from '../../src/core/tick';
import type { RegistryPointer } from '../../src/store/store';
import { AT, AT_MS, belief, gate, permission, task } from '../core/samples';
import type { Chance } from './scheduler';

/** A cycle to be started, with the documents that its start, or the setting up of its schedule, has stored. */
export interface Drawn {
  readonly cycle_id: string;
  readonly workflow_id: string;
  readonly argument: CycleInput | TickInput;
  /** What its schedule starts it for; null: anybody starts it. */
  readonly nominalMs: number | null;
  /** Its bundle, or of a scheduled cycle what its source gives: without a date, its states came one by one. */
  readonly bundle: { readonly text: string; readonly hash: Sha256; readonly dated: boolean };
  readonly policy: Policy;
  readonly graph: Graph;
  readonly documents: ReadonlyMap<Sha256, Uint8Array>;
}

const DOES = ['note', 'note', 'note', 'return', 'throw', 'late', 'stray', 'bypass', 'nonsense'];

/** One to three cycles; two of them may share a bundle under different policies, and so emit the same actions. */
export function drawCycles(chance: Chance): readonly Drawn[] {
  const bundle = drawBundle(chance);
  const graph = drawGraph(chance);
  const policy = drawPolicy(chance, '1.0.0');
  const cycles = [drawn(bundle, graph, policy)];
  if (chance.is(0.3)) cycles.push(drawn(bundle, graph, drawPolicy(chance, '2.0.0')));
  if (chance.is(0.2)) cycles.push(drawn(drawBundle(chance, 'RS-2'), drawGraph(chance), policy));
  return cycles;
}

function drawBundle(chance: Chance, id = 'RS-1'): JsonObject {
  const beliefs = chance.of([2, 2, 2, 1, 0, 40]);
  return {
    regime_state: {
      id,
      timestamp: AT,
      bias: 'NEUTRAL',
      is_stable: true,
      behavior: chance.of([
        'TRENDING_NORMAL_VOL',
        'TRENDING_NORMAL_VOL',
        'TRENDING_NORMAL_VOL',
        'UNDEFINED',
        'EVENT_LOCK',
        'BULLISH',
      ]),
      confidence: chance.of([0.8, 0.8, 0.8, 0.5, 0.3]),
    },
    active_beliefs: Array.from({ length: beliefs }, (_, i) =>
      belief(`B-${i}`, { required_permissions: chance.is(0.3) ? ['momentum'] : [] }),
    ),
    factor_permission: chance.of([
      null,
      null,
      permission({ momentum_permitted: true }),
      permission({ momentum_permitted: false }),
      permission({ size_multiplier: 0 }),
    ]),
    timestamp: chance.is(0.05) ? '2026-11-22T13:00:00.000Z' : AT,
  };
}

function drawPolicy(chance: Chance, version: string): Policy {
  const halt_expiry_ms = chance.of([3_600_000, 60_000, 2_000, null]);
  const factor_layer = chance.of(['LATENT', 'LATENT', 'ACTIVE'] as const);
  const key = `${version} ${halt_expiry_ms} ${factor_layer}`;
  const policy = POLICIES.get(key) ?? { ...DEFAULT_POLICY, version, halt_expiry_ms, factor_layer };
  POLICIES.set(key, policy);
  return policy;
}

/** A handful, which all worlds share. */
const POLICIES = new Map<string, Policy>();

function drawGraph(chance: Chance): Graph {
  const further: Task[] = Array.from({ length: chance.of([0, 0, 1, 2, 4]) }, (_, i) => {
    const does = chance.of(['note', ...DOES]);
    const behind = i > 0 && chance.is(0.5) ? `X${i - 1}` : chance.of(['T3', 'T3', 'T4']);
    return task(`X${i}`, {
      task_type: 'rank',
      skill_ref: chance.of(['acme.rank', 'acme.rank', 'acme.rank', 'acme.rank@1.0.0', 'acme.none']),
      depends_on: [behind],
      inputs: { does, n: i },
      critical: chance.is(0.3),
      side_effects: ['audit_log', 'note'],
      timeout_ms: 60_000,
    });
  });
  return {
    ...V1_GRAPH,
    graph_id: 'simulated',
    parallel: chance.is(0.3),
    tasks: [...SLOW, ...further],
    gates:
      further.length > 0 && chance.is(0.3)
        ? [gate(chance.is(0.5) ? 'regime.is_stable' : 'not regime.is_stable', 'X0')]
        : [],
  };
}

/** A loaded machine must not time a task out: that is a fault that the simulation makes itself. */
const SLOW = V1_GRAPH.tasks.map((each) => ({ ...each, timeout_ms: 600_000 }));

interface Stored {
  readonly hash: Sha256;
  readonly bytes: Uint8Array;
}

/** What several cycles share is written and hashed once. */
const STORED = new WeakMap<object, Stored>();

function stored(document: object): Stored {
  const known = STORED.get(document);
  if (known !== undefined) return known;
  const bytes = Buffer.from(canonicalText(document as Json));
  const made = { hash: hashBytes(bytes), bytes };
  STORED.set(document, made);
  return made;
}

function drawn(bundle: JsonObject, graph: Graph, policy: Policy): Drawn {
  const [input, plan, limits] = [stored(bundle), stored(graph), stored(policy)];
  const hashes = { input_hash: input.hash, graph_hash: plan.hash, policy_hash: limits.hash };
  const [t1] = SLOW;
  if (t1 === undefined) throw new Error('a graph has a first task');
  const { name, task_type, skill_ref, timeout_ms } = t1;
  const task_id = taskId(task_type, input.hash, t1.inputs);
  const cycle_id = cycleId('shadow', input.hash, plan.hash, limits.hash);
  return {
    cycle_id,
    workflow_id: `shadow-${cycle_id.slice(0, 8)}`,
    argument: {
      cycle_id,
      mode: 'shadow',
      ...hashes,
      policy,
      first_task: { name, task_id, task_type, skill_ref, timeout_ms },
    },
    nominalMs: null,
    bundle: { text: Buffer.from(input.bytes).toString(), hash: input.hash, dated: true },
    policy,
    graph,
    documents: new Map([input, plan, limits].map(({ hash, bytes }) => [hash, bytes])),
  };
}

const SCHEDULE = 'kept';

/** The same cycle as a schedule starts it: its bundle is read from a source. */
export function scheduled(chance: Chance, drawn: Drawn): Drawn {
  const { argument, policy, bundle, documents } = drawn;
  const nominalMs = Math.floor(AT_MS / 60_000) * 60_000;
  const nominal = nominalText(nominalMs);
  const { timestamp: _, ...states } = JSON.parse(bundle.text) as JsonObject;
  const { graph_hash, policy_hash } = argument;
  return {
    ...drawn,
    cycle_id: tickId(SCHEDULE, nominal),
    workflow_id: tickWorkflowId(SCHEDULE, nominal),
    argument: {
      schedule: SCHEDULE,
      source: 'file:/bundle.json',
      mode: 'shadow',
      graph_hash,
      policy_hash,
      policy,
      set_by: 'ada',
    },
    nominalMs,
    bundle: chance.is(0.7) ? bundle : { ...bundle, text: canonicalText(states), dated: false },
    documents: new Map([...documents].filter(([hash]) => hash !== bundle.hash)),
  };
}

const MANIFEST: SkillManifest = {
  skill_id: 'acme.rank',
  skill_version: '1.0.0',
  layer: 'L9',
  task_types: ['rank'],
  required_inputs: ['regime_state'],
  requires_permissions: [],
  layer_dependencies: ['L6'],
  side_effects: ['note', 'audit_log'],
  output_schema: 'Ranking',
  author: 'research',
  decision_ledger_ref: 'D001',
};

/** What the registry says of it. */
export const FACTS: SkillFacts = {
  ...MANIFEST,
  state: 'ACTIVE',
  registration: `sha256:${'0'.repeat(64)}`,
};

/** One active skill, as a registry's snapshot, the same in all worlds. */
export const SKILLS = skillDocuments();

function skillDocuments() {
  const documents = new Map<Sha256, Uint8Array>();
  const keep = (bytes: Uint8Array): Sha256 => {
    const hash = hashBytes(bytes);
    documents.set(hash, bytes);
    return hash;
  };
  const registration: SkillRegistration = {
    manifest: MANIFEST,
    output: { type: 'object' },
    bundle: keep(Buffer.from('module.exports = {}')),
  };
  const step = { to: 'ACTIVE', ledger: 'D001', by: 'ada', at: AT } as const;
  const registry: Registry = {
    version: 1,
    notes: 0,
    skills: {
      'acme.rank': {
        standing: 'GOOD',
        tenure: 1,
        violations: 0,
        history: [],
        versions: {
          '1.0.0': {
            state: 'ACTIVE',
            manifest: MANIFEST,
            registration: keep(Buffer.from(canonicalText(registration as unknown as Json))),
            history: [step],
          },
        },
      },
    },
  };
  const snapshot = { previous: null, at: AT, change: null, message: 'one skill', registry };
  const hash = keep(Buffer.from(canonicalText(snapshot as unknown as Json)));
  const pointer: RegistryPointer = { version: 1, hash };
  return { documents, pointer };
}
