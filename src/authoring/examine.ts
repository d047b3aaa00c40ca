import { setTimeout as pause } from 'node:timers/promises';
import { canonicalText } from '../core/identity';
import type { Clause } from '../core/clauses';
import type { Json, JsonObject } from '../core/json';
import { DEFAULT_POLICY } from '../core/policy';
import type { SkillManifest } from '../core/skills';
import { readOutputSchema } from '../documents/output-schema';
import type { Attempt, Ending, Sandbox } from '../sandbox/types';
import { permissionRow } from './permission-row';
import { type Sample, samplesFor } from './sample-states';
import { asItIs, onCopies, withoutEnd } from './staged-code';

/** One promise of the contract, and whether the skill keeps it. */
export interface ExaminationRow {
  readonly name: string;
  readonly clause: Clause;
  readonly ok: boolean;
  /** One plain sentence: what was found; empty where there is nothing to say. */
  readonly detail: string;
}

export interface Examination {
  readonly ok: boolean;
  readonly rows: readonly ExaminationRow[];
}

/** What is examined: a bundled skill, and what it says of itself. */
export interface Examinee {
  readonly code: string;
  readonly manifest: SkillManifest;
  /** JSON Schema of its output. */
  readonly output: JsonObject;
}

export interface ExamineOptions {
  /** Examined on this bundle too. */
  readonly bundle?: JsonObject;
  /** The task's `inputs`; default none. */
  readonly inputs?: JsonObject;
  /** Of each run, in milliseconds; default 5 000. */
  readonly timeout_ms?: number;
}

/** Three processes of their own for each sample: chance and the clock have three occasions to differ. */
const RUNS = 3;
const BETWEEN_RUNS_MS = 7;
const LOOP_MS = 250;
const IDS = {
  task_id: '3f1a6c1e-6f0a-5f43-9f0b-0c8d5c1f7a10',
  idempotency_key: '9b2d5a44-1c1e-5d0e-8f57-6d1b8e0a2c33',
  mode: 'shadow',
} as const;

/** One run, and the effects that it called for. None is performed: it is only written down. */
interface Observed {
  readonly sample: string;
  readonly ending: Ending;
  readonly calls: readonly { readonly effect: string; readonly payload: Json }[];
}

/**
 * C7.SK1–SK4: runs a skill in the sandbox on sample states, several times, and says which of its promises it keeps. No effect is
 * performed. A skill that fails is not registered.
 */
export async function examine(
  examinee: Examinee,
  sandbox: Sandbox,
  options: ExamineOptions = {},
): Promise<Examination> {
  const { code, manifest } = examinee;
  const described = await describedRow(examinee, sandbox);
  if (!described.ok) return { ok: false, rows: [described] };

  const run = runner(manifest, sandbox, options);
  const samples = samplesFor(manifest, options.bundle);
  const runs: Observed[][] = [];
  for (const sample of samples) {
    const same: Observed[] = [];
    for (let nth = 0; nth < RUNS; nth += 1) {
      const observed = await run(asItIs(code), sample);
      same.push(observed);
      if (observed.ending.kind === 'TIMED_OUT') break;
      await pause(BETWEEN_RUNS_MS);
    }
    runs.push(same);
  }
  const copies: Observed[] = [];
  const inTime = samples.filter((_, nth) => runs[nth]?.length === RUNS);
  for (const sample of inTime) copies.push(await run(onCopies(code), sample));
  const [first] = samples;
  const looped = first && (await run(withoutEnd(code), first, LOOP_MS));

  const all = runs.flat();
  const rows = [
    described,
    errorsRow(all),
    idempotentRow(runs),
    deterministicRow(runs),
    unchangedRow(copies),
    effectsRow(manifest, all),
    statesRow(all),
    schemaRow(examinee, all),
    permissionRow(manifest, DEFAULT_POLICY),
    timeoutRow(looped),
  ];
  return { ok: rows.every(({ ok }) => ok), rows };
}

/** The rows as a person reads them, one a line. */
export function examinationTable({ rows }: Examination): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows
    .map(({ name, clause, ok, detail }) =>
      `${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(width)}  ${clause.padEnd(6)}  ${detail}`.trimEnd(),
    )
    .join('\n');
}

function runner(manifest: SkillManifest, sandbox: Sandbox, options: ExamineOptions) {
  const { inputs = {}, timeout_ms = 5_000 } = options;
  return async (code: string, sample: Sample, limit = timeout_ms): Promise<Observed> => {
    const calls: { effect: string; payload: Json }[] = [];
    const ending = await sandbox.run(
      {
        ...IDS,
        skill_ref: `${manifest.skill_id}@${manifest.skill_version}`,
        code,
        input: inputs,
        states: sample.states,
        outputs: {},
        effects: manifest.side_effects,
        timeout_ms: limit,
      },
      {
        effect: async (effect, ordinal, payload) => {
          calls.push({ effect, payload });
          return { key: `${effect}-${ordinal}` };
        },
        log: () => undefined,
      },
    );
    return { sample: sample.name, ending, calls };
  };
}

async function describedRow(examinee: Examinee, sandbox: Sandbox): Promise<ExaminationRow> {
  const { code, manifest, output } = examinee;
  const said = await sandbox.describe(code);
  const same =
    said.ok &&
    canonicalText(said.manifest) === canonicalText({ ...manifest }) &&
    canonicalText(said.output) === canonicalText(output);
  return row('describes itself, and its module reaches for nothing', 'C7.R', [
    ...(said.ok ? [] : [said.problem]),
    ...(said.ok && !same ? ['it says something else of itself each time it is asked'] : []),
  ]);
}

function errorsRow(runs: readonly Observed[]): ExaminationRow {
  const problems = runs.flatMap(({ sample, ending }) => {
    switch (ending.kind) {
      case 'THREW':
      case 'TIMED_OUT':
      case 'OVERSIZED':
        return [`on ${sample}: ${ending.detail}`];
      case 'STOPPED':
        return [`on ${sample}: it was stopped`];
      default:
        return [];
    }
  });
  return row('ends without an error', 'C3.F1', problems);
}

/** The same key twice: the same output, the same effects in the same order. */
function idempotentRow(runs: readonly (readonly Observed[])[]): ExaminationRow {
  const problems = runs.flatMap(([first, second]) =>
    first && second && saidOf(first) !== saidOf(second)
      ? [`on ${first.sample}: run again with the same key, ${difference(first, second)}`]
      : [],
  );
  return row('is idempotent: the same key, the same output and effects', 'C7.SK4', problems);
}

function deterministicRow(runs: readonly (readonly Observed[])[]): ExaminationRow {
  const problems = runs.flatMap((same) => {
    const outputs = new Set(same.map(outputOf));
    const [first] = same;
    return first && outputs.size > 1
      ? [`on ${first.sample}: ${same.length} runs gave ${outputs.size} outputs`]
      : [];
  });
  return row('is deterministic: the same states, the same output', 'C7.SK4', problems);
}

function unchangedRow(copies: readonly Observed[]): ExaminationRow {
  const problems = copies.flatMap(({ sample, ending }) => {
    if (ending.kind !== 'RETURNED' || !Array.isArray(ending.output)) return [];
    return ending.output.length > 0 ? [`on ${sample}: it changes ${ending.output.join(', ')}`] : [];
  });
  return row('leaves what it is given unchanged', 'C2.1', problems);
}

function effectsRow(manifest: SkillManifest, runs: readonly Observed[]): ExaminationRow {
  const called = new Set(runs.flatMap(({ calls }) => calls.map(({ effect }) => effect)));
  const unused = manifest.side_effects.filter((effect) => !called.has(effect));
  const note = unused.length > 0 ? `never called here: ${unused.join(', ')}` : '';
  return row(
    'has the declared effects and no other',
    'C7.SK3',
    attemptsOf(runs, 'UNDECLARED_SIDE_EFFECT'),
    note,
  );
}

function statesRow(runs: readonly Observed[]): ExaminationRow {
  return row('reads the declared states and no other', 'C7.V3', attemptsOf(runs, 'LAYER_BYPASS'));
}

function schemaRow({ output }: Examinee, runs: readonly Observed[]): ExaminationRow {
  const name = 'returns what its schema says';
  const schema = readOutputSchema(output);
  if (!schema.ok) return row(name, 'C7.D', [schema.problem]);
  const returned = runs.flatMap(({ sample, ending }) =>
    ending.kind === 'RETURNED' ? [{ sample, output: ending.output }] : [],
  );
  const problems = returned.flatMap(({ sample, output }) =>
    schema.check(output).map((problem) => `on ${sample}: ${problem}`),
  );
  const none = returned.length === 0 ? ['it returned nothing that could be checked'] : [];
  return row(name, 'C7.D', [...problems, ...none]);
}

/** C7.V4: this skill itself, begun and then looping for ever, is killed. */
function timeoutRow(looped: Observed | undefined): ExaminationRow {
  const kind = looped?.ending.kind;
  const killed = kind === 'TIMED_OUT' || kind === 'OFF_LIMITS';
  const note =
    kind === 'TIMED_OUT'
      ? `made to loop for ever, it was killed after ${LOOP_MS} ms`
      : 'it was killed before, at its first attempt';
  const problems = killed ? [] : [`made to loop for ever, it ended ${kind}`];
  return row('can be killed when its time is over', 'C7.V4', problems, note);
}

function attemptsOf(runs: readonly Observed[], code: Attempt['code']): string[] {
  return runs.flatMap(({ sample, ending }) => {
    if (ending.kind !== 'OFF_LIMITS') return [];
    return ending.attempts
      .filter((attempt) => attempt.code === code)
      .map(({ api, resource }) => `on ${sample}: ${api}${resource === null ? '' : ` ${resource}`}`);
  });
}

function outputOf({ ending }: Observed): string {
  return ending.kind === 'RETURNED' ? canonicalText(ending.output) : ending.kind;
}

function saidOf(run: Observed): string {
  return canonicalText([outputOf(run), run.calls.map(({ effect, payload }) => [effect, payload])]);
}

function difference(first: Observed, second: Observed): string {
  if (outputOf(first) !== outputOf(second)) return 'its output differs';
  return first.calls.length === second.calls.length
    ? 'what it writes differs'
    : `it calls ${second.calls.length} effects instead of ${first.calls.length}`;
}

/** Runs of one sample mostly end the same way: a finding is told once. */
function row(name: string, clause: Clause, problems: readonly string[], note = ''): ExaminationRow {
  const ok = problems.length === 0;
  return { name, clause, ok, detail: ok ? note : [...new Set(problems)].join('; ') };
}
