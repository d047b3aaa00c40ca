/*
 * Histories of every shape that a workflow can take, captured once a release, must replay on today's workflow bundle: what
 * runs while the harness is upgraded goes on. To capture those that a version lacks:
 *   HARNESS_CAPTURE=test/histories/<version> npx jest --selectProjects server --testPathPatterns faults/replay
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json';
import { HARNESS_VERSION } from '../../src/core/start';
import * as workflows from '../../src/workflows';
import { impatientBinary, startOwnServer } from '../support/own-server';
import { BUNDLE, INPUTS, objections, replacedOnce } from '../support/replay/objections';
import { ROOT } from '../support/sandbox';
import { corpusOf, type Histories, keep, textOf, VERSIONS, workflowTypeOf } from './corpus';
import { captureAll, SHAPES } from './shapes';

/** Workers are lost one after the other, and a halt is looked at again, in their own time. */
const CAPTURE_MS = 240_000;
const NEWEST = VERSIONS.at(-1) ?? '';
const home = mkdtempSync(join(tmpdir(), 'harness-replay-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Today's bundle with some of its text replaced. */
function changedBundle(change: (code: string) => string): string {
  const path = join(home, 'changed.js');
  writeFileSync(path, change(readFileSync(BUNDLE, 'utf8')));
  return path;
}

/** Both ways at once. */
function swap(text: string, one: string, other: string): string {
  expect(text).toContain(one);
  expect(text).toContain(other);
  const swapped = text.replaceAll(one, '\0').replaceAll(other, one);
  return swapped.replaceAll('\0', other);
}

/** The shapes whose history does not tell what it is there for. */
function untold(histories: Histories): string[] {
  return Object.entries(SHAPES).flatMap(([shape, tells]) => {
    const history = histories.get(shape);
    const text = history === undefined ? '' : textOf(history);
    return tells.filter((each) => !text.includes(each)).map((each) => `${shape}: ${each}`);
  });
}

it(
  'INV-10 what runs today replays on the bundle of today',
  async () => {
    const server = await startOwnServer(home, 0, impatientBinary(home));
    process.env['HARNESS_TEST_ADDRESS'] = server.address;
    try {
      const histories = await captureAll();
      expect(untold(histories)).toEqual([]);
      expect(objections(histories)).toEqual({});
      expect(objections(histories, INPUTS)).toEqual({});
      const folder = process.env['HARNESS_CAPTURE'];
      if (folder !== undefined) keep(folder, histories);
    } finally {
      await server.stop();
    }
  },
  CAPTURE_MS,
);

describe('INV-10 the corpus', () => {
  it('has a history of each shape, which tells what it is there for, of the version of today', () => {
    expect(NEWEST).toBe(HARNESS_VERSION);
    const corpus = corpusOf(NEWEST);
    expect([...corpus.keys()].sort()).toEqual(Object.keys(SHAPES).sort());
    expect(untold(corpus)).toEqual([]);
  });

  it('has histories of each workflow type', () => {
    const types = new Set([...corpusOf(NEWEST).values()].map(workflowTypeOf));
    expect([...types].sort()).toEqual(Object.keys(workflows).sort());
  });

  it('is what the replay sends again, to the last input', () => {
    expect(objections(corpusOf(NEWEST), INPUTS)).toEqual({});
  });
});

describe.each(VERSIONS)('INV-10 the histories of version %s', (version) => {
  it('replay on the bundle of today', () => {
    expect(objections(corpusOf(version))).toEqual({});
  });

  it('say nothing of the machine that they were captured on', () => {
    // A path that begins with the folder; the store has one of that name inside it.
    const scratch = new RegExp(`(?<!\\w)${tmpdir()}`);
    const traces = [`@${hostname()}`, ROOT, scratch, 'node_modules', 'at async'];
    const found = [...corpusOf(version)].flatMap(([shape, history]) =>
      traces
        .filter((trace) => textOf(history).search(trace) !== -1)
        .map((trace) => [shape, String(trace)]),
    );
    expect(found).toEqual([]);
  });
});

describe('the replay would tell', () => {
  const corpus = corpusOf(NEWEST);
  const completed = (): JsonObject => {
    const history = corpus.get('completed');
    if (history === undefined) throw new Error('no history to edit');
    return history;
  };

  it('of every single history, that its workflow does something else first', () => {
    const first = "temporal.upsertMemo({ code: 'changed' });\n";
    const bodies = [
      'async function executionCycle(input) {\n',
      'async function haltNotice({ sinks, notice }) {\n',
      'async function skillRegistry(carried) {\n',
    ];
    const changed = changedBundle((code) =>
      bodies.reduce((text, body) => replacedOnce(text, body, body + first), code),
    );
    expect(Object.keys(objections(corpus, changed)).sort()).toEqual([...corpus.keys()].sort());
  });

  it('tasks that are swapped in the workflow', () => {
    const swapped = changedBundle((code) =>
      swap(code, 'activities.check_regime(call)', 'activities.filter_beliefs(call)'),
    );
    const errors = objections(new Map([['completed', completed()]]), swapped);
    expect(errors).toEqual({ completed: 'DeterminismViolationError' });
  });

  it('an entry that would be written with another time, and a wait that would take longer', () => {
    const reworded = (shape: string, from: RegExp, to: string): JsonObject => {
      const history = JSON.stringify(corpus.get(shape) ?? {});
      const edited = history.replaceAll(/"data":"([^"]*)"/g, (all, data: string) => {
        const text = Buffer.from(data, 'base64').toString();
        const changed = text.startsWith('{"cycle_id"') ? text.replace(from, to) : text;
        return changed === text ? all : `"data":"${Buffer.from(changed).toString('base64')}"`;
      });
      expect(edited).not.toBe(history);
      return JSON.parse(edited) as JsonObject;
    };
    const late = reworded('completed', /("at":"[^"]*)\d{3}Z/, '$1999Z');
    const longer = JSON.parse(
      JSON.stringify(corpus.get('halt-resume') ?? {}).replaceAll(
        /"startToFireTimeout":\{"seconds":"(\d+)"/g,
        '"startToFireTimeout":{"seconds":"1$1"',
      ),
    ) as JsonObject;
    const errors = objections(new Map(Object.entries({ late, longer })), INPUTS);
    expect(errors['late']).toMatch(/^activity .*: history has .*999Z.*, the replay /);
    expect(errors['longer']).toMatch(/^timer \d+: history has …1\d+, the replay …\d+/);
  });

  it('a history whose tasks ran under other ids', () => {
    const text = JSON.stringify(completed());
    const ids = [...text.matchAll(/"activityId":"([0-9a-f]{8}-[0-9a-f-]{27})"/g)].map(
      ([, id]) => id ?? '',
    );
    expect(ids).toHaveLength(4);
    const [, t2 = '', t3 = ''] = ids;
    const edited = swap(text, `"activityId":"${t2}"`, `"activityId":"${t3}"`);
    const history = JSON.parse(edited) as JsonObject;
    const errors = objections(new Map([['completed', history]]));
    expect(errors).toEqual({ completed: 'DeterminismViolationError' });
  });
});
