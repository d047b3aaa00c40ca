import { resolve } from 'node:path';
import { checkChain, readEntry } from '../../src/audit/chain';
import { V1_GRAPH } from '../../src/core/graph';
import { DECISION_TEXTS } from '../../src/core/events';
import { canonicalText } from '../../src/core/identity';
import type { Json, JsonObject } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { problemOfChange } from '../../src/core/registry-change';
import { problemOfInput } from '../../src/core/start';
import { isTickInput, nominalText, problemOfTick, tickWorkflowId } from '../../src/core/tick';
import { readBundle } from '../../src/documents/bundle';
import { readConfig } from '../../src/documents/config';
import { readDecision, readHaltRequest } from '../../src/documents/decision';
import { readGraph } from '../../src/documents/graph';
import { readOperators } from '../../src/documents/operators';
import { readOutputSchema } from '../../src/documents/output-schema';
import { readPolicy } from '../../src/documents/policy';
import { readManifest } from '../../src/documents/skill';
import { messageOf } from '../../src/sandbox/message';
import { chained, trailOf } from '../audit/trails';
import { gate, task } from '../core/samples';
import { fullBundle } from '../documents/samples';
import { JUDGED, only, type Reader, type Reading, refused, taken } from './reading';

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
const object = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const TRAIL = trailOf();
export const LINES = chained(TRAIL.cycleId, TRAIL.drafts).map((entry) =>
  canonicalText({ ...entry } as Json),
);

/** As an entry is written; what has no canonical form is written as it can be. */
function canonicalOr(value: unknown): string {
  try {
    return canonicalText(value as Json);
  } catch {
    return JSON.stringify(value) ?? '';
  }
}

/** null is absent. */
function given(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== null));
}

/** What a file of configuration says, defaults included (interface, "Configuration"); paths are absolute. */
function meantBy({ effects, notices, audit, ...paths }: JsonObject, base: string): object {
  const at = (path: unknown): string => resolve(base, String(path));
  const absolute = Object.entries(paths).map(([key, path]) => [key, at(path)]);
  const entries = Object.entries(object(effects) ? effects : {}) as [string, JsonObject][];
  return {
    ...Object.fromEntries(absolute),
    effects: entries.map(([name, effect]) => {
      const where = effect['type'] === 'jsonl' ? { path: at(effect['path']) } : {};
      return [name, { in_shadow: 'record', ...effect, ...where }];
    }),
    notices: notices ?? [],
    audit: meantByAudit(audit),
  };
}

function meantByAudit(audit: Json | undefined): object {
  if (!object(audit)) return { type: 'files' };
  return audit['type'] === 'postgres' ? { url_env: 'HARNESS_DATABASE_URL', ...audit } : audit;
}

/** Each text of a message may be cut, and is then a part of what was said. */
function saidIn(message: object, value: object): object {
  const said = Object.entries(message).map(([key, heard]) => {
    const whole: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
    const isCut = typeof whole === 'string' && typeof heard === 'string' && whole.startsWith(heard);
    return [key, isCut ? heard : whole];
  });
  return Object.fromEntries(said);
}

export function readMessage(text: string): Reading {
  const message = messageOf(text);
  if (message === undefined) return refused('it is no message');
  const value = JSON.parse(text) as JsonObject;
  if (message.kind !== 'attempt') return taken(saidIn(message, value), message);
  return taken(saidIn(message.attempt, value), message.attempt);
}

/** Of parsed JSON. */
export const READERS: readonly Reader[] = [
  {
    name: 'bundle',
    valid: fullBundle(),
    read(value) {
      if (!object(value)) return refused('no object');
      const { bundle, findings } = readBundle(value);
      return bundle === null
        ? refused(...findings.map(({ detail }) => detail))
        : taken(given(value), given(bundle));
    },
  },
  {
    name: 'policy',
    valid: DEFAULT_POLICY,
    read(value) {
      const read = readPolicy(json(value));
      return read.ok ? taken(value, read.policy) : refused(read.problem);
    },
  },
  {
    name: 'graph',
    valid: graph,
    read(value) {
      const read = readGraph(json(value));
      return read.graph === null ? refused(...read.problems) : taken(value, read.graph);
    },
  },
  {
    name: 'configuration',
    valid: {
      policy: 'policy.json',
      effects: { log: { type: 'jsonl', path: 'out.jsonl', in_shadow: 'perform' } },
      audit: { type: 'files' },
      notices: [{ type: 'http', url: 'http://127.0.0.1:9000/halts' }],
    },
    read(value) {
      const read = readConfig(json(value), '/tmp');
      if (!read.ok) return refused(read.problem);
      const config = { ...read.config, effects: [...read.config.effects] };
      return taken(meantBy(value as JsonObject, '/tmp'), config);
    },
  },
  {
    name: 'operators',
    valid: { operators: [{ name: 'ada', public_key: KEY }] },
    read(value) {
      const read = readOperators(json(value));
      if (!read.ok) return refused(read.problem);
      const people = read.operators.operators.map(({ name, key }) => {
        const der = key.export({ format: 'der', type: 'spki' }).toString('base64');
        return { name, public_key: der };
      });
      const { operators } = value as { operators: readonly { name: string; public_key: string }[] };
      const named = operators.map(({ name, public_key }) => ({
        name,
        public_key: public_key.trim(),
      }));
      return taken(named, people);
    },
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
    read(value) {
      const read = readManifest(json(value));
      return read.ok ? taken(value, read.manifest) : refused(read.problem);
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
    read(value) {
      if (!object(value)) return refused('no object');
      const read = readOutputSchema(value);
      if (!read.ok) return refused(read.problem);
      read.check({ ranked: ['aaa', 1] });
      return JUDGED;
    },
  },
  {
    name: 'decision',
    valid: decision,
    read(value) {
      const read = readDecision(value);
      const texts = [...DECISION_TEXTS, 'signature'];
      return read.ok ? taken(only(value as object, texts), read.decision) : refused(read.problem);
    },
  },
  {
    name: 'halt request',
    valid: { reason: 'look', by: 'ada' },
    read(value) {
      const read = readHaltRequest(value);
      return read.ok
        ? taken(only(value as object, ['reason', 'by']), read.request)
        : refused(read.problem);
    },
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
    read(value) {
      const problem = problemOfInput(value);
      return problem === null ? JUDGED : refused(problem);
    },
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
    read(value) {
      if (!isTickInput(value)) return refused('it is no scheduled start');
      const problem = problemOfTick(value, 0, tickWorkflowId('every', nominalText(0)));
      return problem === null ? JUDGED : refused(problem);
    },
  },
  {
    name: 'change of the registry',
    valid: {
      operation: 'register',
      skill: 'acme.rank@1.0.0',
      ledger: 'D010',
      by: 'ada',
      change_id: 'c1',
      registration: `sha256:${'0'.repeat(64)}`,
    },
    read(value) {
      const problem = problemOfChange(value);
      return problem === null ? JUDGED : refused(problem);
    },
  },
  {
    name: 'audit entry',
    valid: JSON.parse(LINES[0] ?? ''),
    read(value) {
      const { entry, problem } = readEntry(TRAIL.cycleId, canonicalOr(value));
      return problem === null ? taken(value, entry) : refused(problem);
    },
  },
  {
    name: 'audit chain',
    valid: LINES.map((line): unknown => JSON.parse(line)),
    oneIn: 4,
    read(value) {
      const lines = (Array.isArray(value) ? value : [value]).map(canonicalOr);
      const read: unknown[] = [];
      const { problem } = checkChain(TRAIL.cycleId, lines, (entry) => read.push(entry));
      return problem === null ? taken(value, read) : refused(problem.problem);
    },
  },
  {
    name: 'message of a skill',
    valid: { kind: 'effect', call: 1, name: 'note', payload: { a: [1] } },
    read: (value) => readMessage(JSON.stringify(value) ?? ''),
  },
  {
    name: 'report of an attempt',
    valid: { kind: 'attempt', code: 'LAYER_BYPASS', api: 'ctx.state', resource: 'macro_state' },
    read: (value) => readMessage(JSON.stringify(value) ?? ''),
  },
];
