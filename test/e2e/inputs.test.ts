import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json';
import { type Ran, Sandbox } from '../support/sandbox';
import { graph, object, policy, task, uniqueBundle } from './documents';
import { identities } from './recipe';

/** Everything here happens in the client: no worker is up. */
let box: Sandbox;
let bundle: string;
beforeAll(async () => {
  box = await Sandbox.open();
  bundle = box.file('bundle.json', uniqueBundle());
});
afterAll(() => box.close());

interface Refusal {
  readonly message: string;
  readonly code: string;
  readonly path: string | null;
}

/** A refusal with `--json`: exit 1, nothing on standard output, the error document with one plain sentence in it. */
async function refused(args: readonly string[], input?: string): Promise<Refusal> {
  const { status, stdout, stderr } = await box.run([...args, '--json'], input);
  expect([status, stdout]).toEqual([1, '']);
  const document = JSON.parse(stderr) as JsonObject;
  expect(Object.keys(document)).toEqual(['error']);
  const { code, message, path } = object(document['error']);
  if (
    typeof code !== 'string' ||
    typeof message !== 'string' ||
    (typeof path !== 'string' && path !== null)
  )
    throw new Error(`not an error document: ${stderr}`);
  expect(message).not.toMatch(/\n|\bat .*(\.[jt]s:\d|node:)|\bError:|undefined|\[object/);
  return { message, code, path };
}

/** The same for a person: that sentence alone, on standard error. */
async function refusedPlainly(args: readonly string[], input?: string): Promise<Refusal> {
  const [refusal, ran] = await Promise.all([refused(args, input), box.run(args, input)]);
  expect(ran).toEqual({ status: 1, stdout: '', stderr: `harness: ${refusal.message}\n` });
  return refusal;
}

const startOn = (input: string): string[] => ['cycle', 'start', '--input', input];

describe('a bundle without a canonical form', () => {
  const list = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;

  it.each([
    ['NaN', '{"timestamp": NaN}', /NaN.*line 1, column 15/],
    ['a number beyond a double', '{"timestamp": 1e999}', /1e999.*beyond a double/],
    ['duplicate keys', '{"signals": [], "signals": []}', /"signals" stands twice/],
    ['65 levels', list(64), /deeper than 64 levels/],
    ['a lone surrogate', '{"timestamp": "\\ud800"}', /lone surrogate/],
    ['no JSON', 'timestamp: now', /not JSON/],
    ['nothing in it', '', /not JSON/],
    ['a list at its top', '[]', /one JSON object/],
  ])('is refused by the client: %s', async (_, content, why) => {
    const file = box.file('refused.json', content);
    const { message, code, path } = await refused(startOn(file));
    expect(message).toMatch(why);
    expect([code, path]).toEqual(['UNREADABLE', file]);
    expect(message).toContain(file);
  });

  it('is refused by the client: over 16 MiB', async () => {
    const file = box.file('large.json', `{"a":"${'x'.repeat(16.1 * 1024 * 1024)}"}`);
    const { message, code } = await refused(startOn(file));
    expect(message).toMatch(/16 MiB/);
    expect(code).toBe('UNREADABLE');
  });

  it('is refused by the client: a file that is not there, or a folder', async () => {
    const missing = await refusedPlainly(startOn('nowhere.json'));
    expect(missing).toMatchObject({ code: 'UNREADABLE', path: 'nowhere.json' });
    const folder = await refused(startOn(box.home));
    expect(folder).toMatchObject({ code: 'UNREADABLE', path: box.home });
  });

  it('is refused as `standard input` where it came from there', async () => {
    const { message, code } = await refusedPlainly(startOn('-'), '{"a": 1, "a": 2}');
    expect(message).toMatch(/standard input/);
    expect(code).toBe('UNREADABLE');
  });
});

describe('a policy', () => {
  const { halt_expiry_ms: _, ...incomplete } = policy();
  it.each([
    ['a key is missing', incomplete, 'halt_expiry_ms'],
    ['a key is unknown', policy({ min_confidence: 0.5 }), 'min_confidence'],
    ['a number is out of range', policy({ min_regime_confidence: 1.5 }), 'min_regime_confidence'],
    ['a limit is missing', policy({ max_staleness_ms: {} }), 'max_staleness_ms.default'],
    [
      'a limit is of no state',
      policy({ max_staleness_ms: { default: 1, prices: 1 } }),
      'max_staleness_ms.prices',
    ],
    ['a time is not whole', policy({ halt_expiry_ms: 0.5 }), 'halt_expiry_ms'],
    ['a layer is none', policy({ active_latent_layers: ['L6.5'] }), 'active_latent_layers[0]'],
  ])('R6 is refused, the path named, when %s', async (_what, document, path) => {
    const file = box.file('policy.json', document);
    const answer = await refused([...startOn(bundle), '--policy', file]);
    expect(answer).toMatchObject({ code: 'USAGE', path });
    expect(answer.message).toContain(path.split('.').at(-1));
  });
});

describe('a graph that cannot be built', () => {
  it.each([
    [
      'C3.D3 dependency cycles, each with its members',
      graph([
        task('a', ['b', 'T2']),
        task('b', ['a']),
        task('c', ['d', 'T2']),
        task('d', ['e']),
        task('e', ['c']),
      ]),
      [/"a", "b"/, /"c", "d", "e"/],
    ],
    [
      'C3.D3 itself, an unknown task, a name twice',
      graph([task('a', ['a', 'T2']), task('b', ['T2', 'ghost']), task('b', ['T2'])]),
      [/"a" depends on itself/, /"ghost"/, /"b" is declared more than once/],
    ],
    ['no tasks', graph([], { tasks: [] }), [/tasks/]],
    [
      'keys that are unknown or missing',
      graph([{ ...task('a', ['T2']), retries: 3 }, { name: 'b' }]),
      [/tasks\[4\].*retries/, /tasks\[5\].*task_type/],
    ],
    [
      'R26 a way round the gate, and a built-in that does not exist',
      graph([
        task('early', ['T1']),
        task('writer', ['T2'], { side_effects: ['signal_db'] }),
        task('odd', ['T2'], { skill_ref: 'harness.no-such' }),
      ]),
      [/"early"/, /"writer".*signal_db/, /"odd".*harness\.no-such/],
    ],
    [
      'R34 gates on T1–T3 and unknown tasks, one task twice, and bad conditions',
      graph([task('a', ['T2'])], {
        gates: [
          { name: 'g1', condition: 'regime.is_stable', if_true: 'T3', if_false: 'SKIP' },
          { name: 'g2', condition: 'regime.is_stable', if_true: 'ghost', if_false: 'SKIP' },
          { name: 'g3', condition: 'regime.is_stable', if_true: 'a', if_false: 'a' },
          { name: 'g4', condition: 'price > 3', if_true: 'a', if_false: 'SKIP' },
          { name: 'g5', condition: 'regime.constructor', if_true: 'a', if_false: 'SKIP' },
          { name: 'g6', condition: 'regime.bias == "UP"', if_true: 'a', if_false: 'SKIP' },
        ],
      }),
      [
        /"g1".*"T3"/,
        /"g2".*"ghost"/,
        /"g3".*"a"/,
        /"g4".*position \d+: "price/,
        /"g5".*position \d+: ".*constructor/,
        /"g6".*position \d+/,
      ],
    ],
  ])('is refused, every offender named: %s', async (_, document, offenders) => {
    const file = box.file('graph.json', document);
    const { message, code, path } = await refusedPlainly([...startOn(bundle), '--graph', file]);
    for (const offender of offenders) expect(message).toMatch(offender);
    expect([code, path]).toEqual(['GRAPH_INVALID', file]);
  });
});

describe('a command', () => {
  it('R22 that asks for mode live is refused with C6', async () => {
    const { message, code } = await refusedPlainly([...startOn(bundle), '--mode', 'live']);
    expect(message).toMatch(/C6/);
    expect(code).toBe('USAGE');
  });

  it.each([
    ['an unknown option', ['cycle', 'start', '--input', 'x', '--force'], /--force/],
    ['an unknown command', ['trade'], /trade/],
    ['an option that is missing', ['cycle', 'start'], /--input/],
    ['a timeout that is none', ['cycle', 'watch', 'x', '--timeout', 'soon'], /timeout/],
    ['a filter that is no word', ['cycle', 'list', '--outcome', 'FINE'], /COMPLETED/],
    ['an empty reason', ['halt', 'x', '--reason', ' '], /--reason/],
  ])('with %s is refused, and says how it is used', async (_, args, why) => {
    const { message, code } = await refused(args);
    expect(message).toMatch(why);
    expect(code).toBe('USAGE');
  });

  it.each([
    ['cycle show', ['cycle', 'show']],
    ['cycle watch', ['cycle', 'watch']],
    ['cycle cancel', ['cycle', 'cancel']],
    ['halt', ['halt', '--reason', 'a test']],
    ['audit show', ['audit', 'show']],
  ])('%s on an id that nobody knows is NOT_FOUND', async (_, args) => {
    const id = '00000000-0000-5000-8000-000000000000';
    const { message, code, path } = await refused([...args, id]);
    expect([code, path]).toEqual(['NOT_FOUND', id]);
    expect(message).toContain(id);
  });

  it('says which server it looked for when there is none', async () => {
    const { message, code } = await refusedPlainly([
      ...startOn(bundle),
      '--address',
      '127.0.0.1:1',
    ]);
    expect(code).toBe('NO_SERVER');
    expect(message).toMatch(/127\.0\.0\.1:1.*harness up/);
  });
});

describe('harness plan, with no server anywhere', () => {
  const offline = (args: readonly string[], input?: string): Promise<Ran> =>
    box.run(['plan', ...args, '--address', '127.0.0.1:1'], input);

  it('C4.I1 tells the ids and hashes of the cycle that is then started', async () => {
    const content = uniqueBundle();
    const input = box.file('planned.json', content);
    const own = policy({ policy_id: 'own' });
    const options = ['--input', input, '--policy', box.file('own.json', own)];
    const planned = JSON.parse((await offline([...options, '--json'])).stdout) as JsonObject;
    const { tasks, ...ids } = identities(content, graph(), own);
    expect(planned).toMatchObject({ graph: graph(), order: ['T1', 'T2', 'T3', 'T4'], ...ids });
    expect(planned['tasks']).toMatchObject(
      (tasks as [string, string][]).map(([name, task_id]) => ({ name, task_id })),
    );
    const { status, value } = await box.json(['cycle', 'start', ...options]);
    expect(status).toBe(0); // it needs the server, but no worker
    const { cycle_id, plan_hash } = ids;
    expect(value).toMatchObject({ cycle_id, plan_hash, deduplicated: false });
  });

  it('reads the bundle, or the graph, from standard input', async () => {
    const content = uniqueBundle();
    const own = graph([task('a', ['T2'])]);
    const input = box.file('piped.json', content);
    const [piped, pipedGraph] = await Promise.all([
      offline(['--input', '-', '--json'], JSON.stringify(content)),
      offline(['--input', input, '--graph', '-', '--json'], JSON.stringify(own)),
    ]);
    expect(JSON.parse(piped.stdout)).toMatchObject({
      plan_hash: identities(content, graph(), policy())['plan_hash'],
    });
    expect(JSON.parse(pipedGraph.stdout)).toMatchObject({
      order: ['T1', 'T2', 'T3', 'T4', 'a'],
      plan_hash: identities(content, own, policy())['plan_hash'],
    });
  });

  it('judges no state', async () => {
    const { status, stdout } = await offline(['--input', '-', '--json'], '{"timestamp": 7}');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ order: ['T1', 'T2', 'T3', 'T4'] });
  });

  it('draws the graph as Mermaid and as SVG', async () => {
    const file = join(box.home, 'graph.svg');
    const [mermaid, svg] = await Promise.all([
      offline(['--input', bundle, '--mermaid']),
      offline(['--input', bundle, '--svg', file]),
    ]);
    expect([mermaid.status, svg.status]).toEqual([0, 0]);
    expect(mermaid.stdout).toMatch(/^flowchart/m);
    expect(readFileSync(file, 'utf8')).toMatch(/^<svg[\s\S]*T4[\s\S]*<\/svg>\s*$/);
  });
});
