import type { JsonObject } from '../../src/core/json';
import { type Ran, Sandbox } from '../support/sandbox';
import { chameleon, ledger } from '../support/skills';
import { objects } from './documents';

/** What the registry does not take: one sentence, exit 1, and nothing is registered. */
let box: Sandbox;
const EFFECTS = { notes: { type: 'jsonl', path: 'out/notes.jsonl', in_shadow: 'perform' } };
beforeAll(async () => {
  box = await Sandbox.open();
  box.file('ledger.md', ledger());
  box.file('harness.config.json', { ledger: 'ledger.md', effects: EFFECTS });
});
afterAll(() => box.close());

/** A body in place of the good one's. */
const doing = (body: string, changes: JsonObject = {}): string =>
  chameleon('acme.bad', changes).replace(/async run[\s\S]*\n {2}},/, `async run(ctx) { ${body} },`);
const GOOD = chameleon('acme.good');

function sentence({ status, stdout, stderr }: Ran): string {
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  return stderr;
}

const registered = async (): Promise<string[]> => {
  const { value } = await box.json(['skills', 'list']);
  return objects(value as never).map(({ skill_ref, state }) => `${skill_ref} ${state}`);
};

/** Two at a time: each is a process that bundles and another that runs what it bundled. */
async function inPairs<T>(rows: readonly T[], each: (row: T) => Promise<void>): Promise<void> {
  const rest = [...rows];
  const work = async (): Promise<void> => {
    for (let row = rest.shift(); row !== undefined; row = rest.shift()) await each(row);
  };
  await Promise.all([work(), work()]);
}

it('a file that is no skill is refused before any server is asked', async () => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['syntax.ts', 'export default {', /syntax\.ts:1:\d+/],
    ['nothing.mjs', 'export const skill = 1;', /no default export/],
    ['wrong.mjs', chameleon('acme.bad', { task_types: 'act' }), /task_types/],
    ['extra.mjs', chameleon('acme.bad', { trusted: true }), /trusted/],
    ['ours.mjs', chameleon('harness.emit-actions'), /skill_id/],
    ['states.mjs', chameleon('acme.bad', { output_schema: 'RegimeState' }), /output_schema/],
    ['files.mjs', `import fs from 'node:fs';\n${doing('return fs.readdirSync("/")')}`, /fs/],
    ['text.mjs', doing('return eval("1")'), /eval/],
    ['throws.mjs', 'throw new Error("no");', /throws\.mjs/],
  ];
  await inPairs(rows, async ([name, source, words]) => {
    const path = box.file(name, source);
    expect(sentence(await box.run(['skills', 'register', path]))).toMatch(words);
  });
  const missing = await box.run(['skills', 'register', 'nowhere.ts']);
  expect(sentence(missing)).toMatch(/nowhere\.ts/);
  const good = box.file('good.mjs', GOOD);
  const other = await box.run(['skills', 'register', good, '--ledger', 'D011', '--json']);
  expect(JSON.parse(other.stderr)).toMatchObject({
    error: { code: 'USAGE', message: expect.stringMatching(/D010.*D011/), path: '--ledger' },
  });
  expect(await registered()).toHaveLength(4);
});

it('with no server, and with no worker, nothing is registered, and it is said what to start', async () => {
  const good = box.file('good.mjs', GOOD);
  const args = ['skills', 'register', good, '--json'];
  const [deaf, idle] = await Promise.all([
    box.run([...args, '--address', '127.0.0.1:1']),
    box.run(args),
  ]);
  expect(deaf.status).toBe(1);
  expect(JSON.parse(deaf.stderr)).toMatchObject({ error: { code: 'NO_SERVER' } });
  expect(idle.status).toBe(1);
  expect(JSON.parse(idle.stderr)).toMatchObject({
    error: { code: 'NO_SERVER', message: expect.stringMatching(/no worker.*harness worker/) },
  });
  expect(await registered()).toHaveLength(4);
});

describe('with a worker', () => {
  beforeAll(async () => {
    await box.worker();
    const good = box.file('good.mjs', GOOD);
    // What was asked while no worker was there is not done behind the asker's back.
    expect(await box.json(['skills', 'register', good])).toMatchObject({
      status: 0,
      value: { changed: true, registry: { version: 1 } },
    });
  });

  const refuse = async (name: string, source: string, words: RegExp): Promise<void> => {
    const path = box.file(name, source);
    expect(sentence(await box.run(['skills', 'register', path]))).toMatch(words);
  };

  it('C7.R, C7.SK5, C7.V3 the gates of the registry', async () => {
    const as = (changes: JsonObject) => chameleon('acme.bad', changes);
    const rows: readonly (readonly [string, string, RegExp])[] = [
      ['unknown-entry.mjs', as({ decision_ledger_ref: 'D099' }), /no entry "D099"/],
      ['superseded.mjs', as({ decision_ledger_ref: 'D050' }), /D050.*D051/],
      ['upward.mjs', as({ layer_dependencies: ['L12'] }), /L12.*data flows down/],
      ['early.mjs', as({ layer_dependencies: ['L5'] }), /L5 without L6/],
      ['undeclared-layer.mjs', as({ required_inputs: ['regime_state'] }), /L6.*not declared/],
      ['unconfigured.mjs', as({ side_effects: ['desk'] }), /desk.*configuration/],
      ['other.mjs', GOOD.replace('nobody saw', 'somebody saw'), /other content.*new version/],
    ];
    await inPairs(rows, ([name, source, words]) => refuse(name, source, words));
    expect((await registered()).slice(4)).toEqual(['acme.good@1.0.0 REGISTERED']);
  });

  it('C7.SK1–SK4 the conformance kit, which is run by the registry itself', async () => {
    const said = 'return { said: ';
    const rows: readonly (readonly [string, string, RegExp])[] = [
      ['chance.mjs', doing(`${said} [Math.random()] }`), /deterministic/],
      [
        'network.mjs',
        doing(`try { await fetch('http://127.0.0.1:9/') } catch {} ${said} [] }`),
        /fetch/,
      ],
      ['state.mjs', doing(`${said} [ctx.state('regime_state').id] }`), /regime_state/],
      ['effect.mjs', doing(`await ctx.effects.desk({}); ${said} [] }`), /desk/],
      ['schema.mjs', doing("return 'a text'"), /schema/],
      ['error.mjs', doing("throw new Error('no feed')"), /no feed/],
    ];
    await inPairs(rows, ([name, source, words]) => refuse(name, source, words));
    const checked = await box.run(['skills', 'check', box.file('chance.mjs', rows[0]?.[1])]);
    expect(checked).toMatchObject({ status: 1, stdout: expect.stringMatching(/FAILED/) });
    expect((await registered()).slice(4)).toEqual(['acme.good@1.0.0 REGISTERED']);
  });

  it('C7.L what is no step of the lifecycle, and what is not registered', async () => {
    const move = (...args: string[]) => box.run(['skills', ...args]);
    const rows: readonly (readonly [readonly string[], RegExp])[] = [
      [['deprecate', 'acme.good@1.0.0', '--ledger', 'D011'], /REGISTERED.*only what is ACTIVE/],
      [['release', 'acme.good', '--ledger', 'D011'], /not quarantined/],
      [['activate', 'acme.nobody', '--ledger', 'D011'], /no skill is registered as acme\.nobody/],
      [['activate', 'acme.good@9.0.0', '--ledger', 'D011'], /9\.0\.0 is not registered/],
      [['activate', 'acme.good', '--ledger', 'D050'], /D050.*D051/],
      [['activate', 'acme.good', '--ledger', 'EV-001'], /EV-001/],
      [['show', 'acme.nobody'], /acme\.nobody/],
    ];
    await inPairs(rows, async ([args, words]) => {
      expect(sentence(await move(...args))).toMatch(words);
    });
    box.file('harness.config.json', { effects: EFFECTS });
    const without = ['activate', 'acme.good', '--ledger', 'D011'];
    expect(sentence(await move(...without))).toMatch(/no Decision Ledger is configured/);
    expect((await registered()).slice(4)).toEqual(['acme.good@1.0.0 REGISTERED']);
  });
});
