/*
 * Histories of every shape that a cycle can take, captured once a release, must replay on today's workflow bundle: cycles
 * that run while the harness is upgraded go on. To capture anew, for a new version:
 *   HARNESS_CAPTURE=test/histories/<version> npx jest --selectProjects server --testPathPatterns faults/replay
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json';
import { captureAll, type Shape, SHAPES } from './shapes';
import { ROOT } from '../support/sandbox';
import { World } from './world';

const BUNDLE = join(ROOT, 'dist', 'workflow-bundle.js');
const CORPUS = join(ROOT, 'test', 'histories');
const VERSIONS = readdirSync(CORPUS).filter((name) => /^\d/.test(name));

type Corpus = ReadonlyMap<Shape, JsonObject>;

function corpusOf(version: string): Corpus {
  const read = (shape: Shape) =>
    JSON.parse(readFileSync(join(CORPUS, version, `${shape}.json`), 'utf8')) as JsonObject;
  return new Map(SHAPES.map((shape) => [shape, read(shape)]));
}

/** What the replay says against each history; nothing, when it goes the same way again. */
function objections(histories: Corpus, bundle = BUNDLE): Record<string, string> {
  const said = execFileSync('node', [join(__dirname, 'replay-process.js'), bundle], {
    input: JSON.stringify(Object.fromEntries(histories)),
    encoding: 'utf8',
  });
  const errors = Object.entries(JSON.parse(said) as Record<string, string | null>);
  expect(errors.map(([shape]) => shape).sort()).toEqual([...histories.keys()].sort());
  return Object.fromEntries(errors.flatMap(([shape, error]) => (error ? [[shape, error]] : [])));
}

/** Both ways at once. */
function swap(text: string, one: string, other: string): string {
  expect(text).toContain(one);
  expect(text).toContain(other);
  const swapped = text.replaceAll(one, '\0').replaceAll(other, one);
  return swapped.replaceAll('\0', other);
}

it('INV-10 what runs today replays on the bundle of today', async () => {
  const world = await World.open();
  try {
    const histories = await captureAll(world);
    expect(objections(histories)).toEqual({});
    const folder = process.env['HARNESS_CAPTURE'];
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    for (const [shape, history] of histories)
      writeFileSync(join(folder, `${shape}.json`), `${JSON.stringify(history)}\n`);
  } finally {
    await world.close();
  }
});

describe.each(VERSIONS)('INV-10 the histories of version %s', (version) => {
  it('replay on the bundle of today', () => {
    expect(objections(corpusOf(version))).toEqual({});
  });

  it('say nothing of the machine that they were captured on', () => {
    for (const history of corpusOf(version).values()) {
      const text = JSON.stringify(history, (key, value: unknown) =>
        key === 'data' && typeof value === 'string'
          ? Buffer.from(value, 'base64').toString()
          : value,
      );
      for (const trace of [`@${hostname()}`, ROOT, tmpdir(), 'node_modules', 'at async'])
        expect(text).not.toContain(trace);
    }
  });
});

describe('the replay would tell', () => {
  const completed = (): JsonObject => {
    const history = corpusOf(VERSIONS.at(-1) ?? '').get('completed');
    if (history === undefined) throw new Error('no history to edit');
    return history;
  };

  it('tasks that are swapped in the workflow', () => {
    const swapped = join(tmpdir(), `swapped-${process.pid}.js`);
    const code = readFileSync(BUNDLE, 'utf8');
    writeFileSync(
      swapped,
      swap(code, 'activities.check_regime(call)', 'activities.filter_beliefs(call)'),
    );
    const errors = objections(new Map([['completed', completed()]]), swapped);
    rmSync(swapped);
    expect(errors).toEqual({ completed: 'DeterminismViolationError' });
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
