import { parseDuration } from '../../src/core/nominal';
import { V1_GRAPH } from '../../src/core/graph';
import { parseCondition } from '../../src/core/conditions';
import type { Json } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { isTickInput, nominalText, problemOfTick, tickWorkflowId } from '../../src/core/tick';
import { problemOfInput } from '../../src/core/start';
import { parseInstant } from '../../src/core/time';
import { readBundle } from '../../src/documents/bundle';
import { readConfig } from '../../src/documents/config';
import { readDecision, readHaltRequest } from '../../src/documents/decision';
import { readGraph } from '../../src/documents/graph';
import { readDocument } from '../../src/documents/json';
import { readLedger } from '../../src/documents/ledger';
import { readOperators } from '../../src/documents/operators';
import { readOutputSchema } from '../../src/documents/output-schema';
import { readPolicy } from '../../src/documents/policy';
import { readManifest } from '../../src/documents/skill';
import { checkChain, readEntry } from '../../src/audit/chain';
import { messageOf } from '../../src/sandbox/message';
import { nameSource } from '../../src/sources/source';
import { chained, trailOf } from '../audit/trails';
import { canonicalText } from '../../src/core/identity';
import { fullBundle } from '../documents/samples';
import { gate, task } from '../core/samples';

/** One way into the harness from outside. */
export interface Reader {
  readonly name: string;
  /** Something that it takes. */
  readonly valid: unknown;
  /** In one run of so many only: it takes its time. */
  readonly oneIn?: number;
  /** @returns its problems, in the words that a person reads; empty for what it takes */
  read(value: unknown): readonly string[];
}

const decision = {
  halt_id: 'h1',
  choice: 'RESUME',
  reason: 'seen',
  root_cause: 'known',
  why_safe: 'mended',
  by: 'ada',
  decision_id: 'D-1',
};
const graph = {
  ...V1_GRAPH,
  tasks: [...V1_GRAPH.tasks, task('A')],
  gates: [gate('regime.is_stable', 'A')],
};
const KEY = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
const json = (value: unknown): Json => value as Json;
const object = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const refused = (read: { ok: boolean; problem?: string }): readonly string[] =>
  read.ok ? [] : [read.problem ?? ''];

const TRAIL = trailOf();
const LINES = chained(TRAIL.cycleId, TRAIL.drafts).map((entry) =>
  canonicalText({ ...entry } as Json),
);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** As an entry is written; what has no canonical form is written as it can be. */
function canonicalOr(value: unknown): string {
  try {
    return canonicalText(value as Json);
  } catch {
    return JSON.stringify(value) ?? '';
  }
}

/** Of parsed JSON. */
export const READERS: readonly Reader[] = [
  {
    name: 'bundle',
    valid: fullBundle(),
    read: (value) =>
      object(value) ? readBundle(value).findings.map(({ detail }) => detail) : ['no object'],
  },
  { name: 'policy', valid: DEFAULT_POLICY, read: (value) => refused(readPolicy(json(value))) },
  { name: 'graph', valid: graph, read: (value) => readGraph(json(value)).problems },
  {
    name: 'configuration',
    valid: {
      policy: 'policy.json',
      effects: { log: { type: 'jsonl', path: 'out.jsonl', in_shadow: 'perform' } },
      audit: { type: 'files' },
      notices: [{ type: 'http', url: 'http://127.0.0.1:9000/halts' }],
    },
    read: (value) => refused(readConfig(json(value), '/tmp')),
  },
  {
    name: 'operators',
    valid: { operators: [{ name: 'ada', public_key: KEY }] },
    read: (value) => refused(readOperators(json(value))),
  },
  {
    name: 'manifest',
    valid: {
      skill_id: 'acme.rank',
      skill_version: '1.0.0',
      layer: 'L9',
      task_types: ['rank'],
      required_inputs: ['regime_state'],
      requires_permissions: [],
      layer_dependencies: ['L6'],
      side_effects: ['audit_log'],
      output_schema: 'Ranking',
      author: 'research',
      decision_ledger_ref: 'D001',
    },
    read: (value) => {
      const read = readManifest(json(value));
      return 'problems' in read ? (read.problems as readonly string[]) : refused(read as never);
    },
  },
  {
    name: 'output schema',
    oneIn: 25,
    valid: {
      type: 'object',
      required: ['ranked'],
      properties: { ranked: { type: 'array', items: { type: 'string', pattern: '^a+$' } } },
    },
    read: (value) => {
      if (!object(value)) return ['no object'];
      const read = readOutputSchema(value);
      return read.ok ? (read.check({ ranked: ['aaa', 1] }), []) : [read.problem];
    },
  },
  { name: 'decision', valid: decision, read: (value) => refused(readDecision(value)) },
  {
    name: 'halt request',
    valid: { reason: 'look', by: 'ada' },
    read: (value) => refused(readHaltRequest(value)),
  },
  {
    name: 'start of a workflow',
    valid: {
      cycle_id: '6c06ed74-9452-5598-800d-4c6daf8fc40b',
      mode: 'shadow',
      input_hash: `sha256:${'0'.repeat(64)}`,
      graph_hash: `sha256:${'0'.repeat(64)}`,
      policy_hash: `sha256:${'0'.repeat(64)}`,
      policy: DEFAULT_POLICY,
      first_task: { name: 'T1', task_id: 'a', task_type: 'b', skill_ref: 'c', timeout_ms: 1 },
    },
    read: (value) => [problemOfInput(value) ?? []].flat(),
  },
  {
    name: 'start of a scheduled workflow',
    valid: {
      schedule: 'every',
      source: 'file:/a.json',
      set_by: 'ada',
      mode: 'shadow',
      graph_hash: `sha256:${'0'.repeat(64)}`,
      policy_hash: `sha256:${'0'.repeat(64)}`,
      policy: DEFAULT_POLICY,
    },
    read: (value) =>
      isTickInput(value)
        ? [problemOfTick(value, 0, tickWorkflowId('every', nominalText(0))) ?? []].flat()
        : ['none'],
  },
  {
    name: 'audit entry',
    valid: JSON.parse(LINES[0] ?? ''),
    read: (value) => [readEntry(TRAIL.cycleId, canonicalOr(value)).problem ?? []].flat(),
  },
  {
    name: 'message of a skill',
    valid: { kind: 'effect', call: 1, name: 'note', payload: { a: [1] } },
    read: (value) => (messageOf(JSON.stringify(value) ?? '') === undefined ? ['none'] : []),
  },
];

export interface ByteReader {
  readonly name: string;
  readonly valid: Uint8Array;
  read(bytes: Uint8Array): readonly string[];
}

/** Of bytes and texts. */
export const BYTE_READERS: readonly ByteReader[] = [
  {
    name: 'document',
    valid: Buffer.from(JSON.stringify(fullBundle())),
    read: (bytes) => refused(readDocument(bytes)),
  },
  {
    name: 'Decision Ledger',
    valid: Buffer.from('### [2026-01-24] D010: Title\n\n**Decision**: x\n\n**Rationale**: y\n'),
    read: (bytes) => (readLedger(text(bytes)), []),
  },
  {
    name: 'condition',
    valid: Buffer.from("not (regime.behavior in ['EVENT_LOCK'] or factor.size_multiplier < 0.5)"),
    read: (bytes) => {
      const parsed = parseCondition(text(bytes));
      return parsed.ok ? [] : [parsed.error.message];
    },
  },
  {
    name: 'chain',
    valid: Buffer.from(LINES.join('\n')),
    read: (bytes) =>
      [checkChain(TRAIL.cycleId, text(bytes).split('\n')).problem?.problem ?? []].flat(),
  },
  {
    name: 'message of a skill, as bytes',
    valid: Buffer.from('{"kind":"threw","detail":"no"}'),
    read: (bytes) => (messageOf(text(bytes)) === undefined ? ['none'] : []),
  },
  {
    name: 'source of a schedule',
    valid: Buffer.from('https://desk.example:8443/bundle.json'),
    read: (bytes) => {
      const named = nameSource(text(bytes), '/tmp') as { ok?: boolean; problem?: string };
      return named.problem === undefined ? [] : [named.problem];
    },
  },
  {
    name: 'instant',
    valid: Buffer.from('2026-11-22T14:25:29.123Z'),
    read: (bytes) => (parseInstant(text(bytes)) === null ? ['none'] : []),
  },
  {
    name: 'duration',
    valid: Buffer.from('90s'),
    read: (bytes) => (parseDuration(text(bytes)) === null ? ['none'] : []),
  },
];
