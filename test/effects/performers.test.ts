import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { EffectConfig } from '../../src/documents/config';
import { openEffects, type Prepared } from '../../src/effects/performers';
import { callOf } from './calls';

const SHADOW = { mode: 'shadow', layer: 'L9' } as const;

/** A target of each type behind one door that counts who knocks. */
function configsAt(port: number, folder: string, in_shadow: EffectConfig['in_shadow']) {
  return new Map<string, EffectConfig>([
    ['ranking_log', { type: 'jsonl', path: join(folder, 'ranking.jsonl'), in_shadow }],
    ['desk', { type: 'http', url: `http://127.0.0.1:${port}/notify`, in_shadow }],
    ['signal_db', { type: 'postgres', url_env: 'SIGNAL_DB_URL', table: 'signals', in_shadow }],
  ]);
}

function actOf(prepared: Prepared): Exclude<Prepared, { readonly problem: string }> {
  if ('problem' in prepared) throw new Error(prepared.problem);
  return prepared;
}

describe('the effects of a worker', () => {
  let folder: string;
  let door: Server;
  let port: number;
  let knocks = 0;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'harness-effects-'));
    knocks = 0;
    door = createServer((socket) => {
      knocks += 1;
      socket.on('error', () => undefined).destroy();
    }).listen(0, '127.0.0.1');
    await once(door, 'listening');
    const address = door.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    port = address.port;
  });
  afterEach(async () => {
    door.close();
    await rm(folder, { recursive: true });
  });

  const opened = (in_shadow: EffectConfig['in_shadow']) =>
    openEffects({
      configs: configsAt(port, folder, in_shadow),
      env: { SIGNAL_DB_URL: `postgres://u:p@127.0.0.1:${port}/signals` },
    });
  const names = ['ranking_log', 'desk', 'signal_db'];

  test('C6.T4: in shadow what is marked record reaches no file, no port and no database', async () => {
    const effects = opened('record');
    for (const name of [...names, 'audit_log']) {
      const act = actOf(effects.act(name, SHADOW, callOf()));
      expect(act).toMatchObject({ target: 'record', repeatable: true });
      expect(await act.perform(false)).toEqual({ status: 'RECORDED', detail: null });
    }
    await effects.close();
    expect(knocks).toBe(0);
    expect(existsSync(join(folder, 'ranking.jsonl'))).toBe(false);
  });

  test('C6.T4: what an L12 skill asks for is recorded, also where it may be performed', async () => {
    const effects = opened('perform');
    for (const name of [...names, 'audit_log']) {
      const act = actOf(effects.act(name, { mode: 'shadow', layer: 'L12' }, callOf()));
      expect(await act.perform(false)).toEqual({ status: 'RECORDED', detail: null });
    }
    await effects.close();
    expect(knocks).toBe(0);
    expect(existsSync(join(folder, 'ranking.jsonl'))).toBe(false);
  });

  test('in shadow what the operator marks perform is performed', async () => {
    const effects = opened('perform');
    const log = actOf(effects.act('ranking_log', SHADOW, callOf()));
    expect(await log.perform(false)).toEqual({ status: 'PERFORMED', detail: null });
    expect(readFileSync(log.target, 'utf8')).toContain(callOf().key);
    const desk = actOf(effects.act('desk', SHADOW, callOf()));
    expect(desk).toMatchObject({ target: `http://127.0.0.1:${port}/notify`, repeatable: false });
    expect((await desk.perform(false)).status).toBe('UNKNOWN');
    const table = actOf(effects.act('signal_db', SHADOW, callOf()));
    expect(table).toMatchObject({ target: 'signals', repeatable: true });
    expect((await table.perform(false)).status).toBe('FAILED');
    expect(knocks).toBe(2);
    // Nothing to record is looked for among them.
    expect(await actOf(effects.act('audit_log', SHADOW, callOf())).perform(false)).toEqual({
      status: 'RECORDED',
      detail: null,
    });
    await effects.close();
  });

  test('an effect that is not configured is told in one sentence', () => {
    for (const name of ['elsewhere', '__proto__', 'constructor']) {
      expect(opened('perform').act(name, SHADOW, callOf())).toEqual({
        problem: `the effect ${name} is not configured: add it to effects in harness.config.json`,
      });
    }
  });

  test('C6.T4: from the module that records no import leads to an adapter, nor out of the process', () => {
    const reached = reachedFrom('src/effects/recorder.ts');
    expect(reached).toEqual(['src/effects/recorder.ts']);
    // The walk does see adapters where they are imported.
    const all = reachedFrom('src/effects/performers.ts');
    for (const name of ['http', 'jsonl', 'postgres'])
      expect(all).toContain(`src/effects/${name}.ts`);
  });
});

/** Every file and package that the module's imports lead to, itself included; types are not there at run time. */
function reachedFrom(path: string, seen = new Set<string>()): string[] {
  if (seen.has(path)) return [...seen];
  seen.add(path);
  if (!path.startsWith('src/')) return [...seen];
  const root = join(__dirname, '..', '..');
  const text = readFileSync(join(root, path), 'utf8');
  const imports = text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from '([^']+)'/gm);
  const dynamic = text.matchAll(/\b(?:import|require)\('([^']+)'\)/g);
  for (const [, target = ''] of [...imports, ...dynamic]) {
    const relative = join(dirname(path), target);
    reachedFrom(target.startsWith('.') ? `${relative}.ts` : target, seen);
  }
  return [...seen];
}
