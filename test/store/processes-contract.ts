import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkChain } from '../../src/audit/chain';
import { LEDGER_CHAIN } from '../../src/core/identity';
import type { Store } from '../../src/store/store';
import { runChild, type Child } from './child';
import { CYCLE, draft, drafts, TASK } from './drafts';
import { HOLDER, intentOf } from './effect-intents';

/** Where processes share a store. */
export interface Ground {
  /** JavaScript that gives the store; `require` starts at the repository's root. */
  readonly script: string;
  /** A folder for what the tests themselves write. */
  readonly folder: string;
  open(lockWaitMs?: number): Promise<Store>;
  /** The lines of a chain as they lie there. */
  lines(chainId: string): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** What any adapter of `Store` promises to processes that die, freeze or come at the same time. */
export function processesContract(name: string, makeGround: () => Promise<Ground>): void {
  describe(`${name} among processes`, () => {
    let ground: Ground;
    beforeEach(async () => {
      ground = await makeGround();
    });
    afterEach(() => ground.remove());
    const chainHere = async (chainId = CYCLE) => checkChain(chainId, await ground.lines(chainId));

    /** A process with the store open; `body` may use `store` and the builders of drafts. */
    const withStore = (body: string): Child =>
      runChild(
        `const { CYCLE, TASK, draft, drafts } = require('./test/store/drafts.ts');
       const store = await ${ground.script};
       ${body}
       await store.close();`,
      );

    test('two processes that append the same entries one by one leave each there once', async () => {
      const body = `
      for (let seq = 1; seq <= 100; seq += 1) {
        await store.audit.append(CYCLE, [draft('r1', seq)]);
      }`;
      const children = [withStore(body), withStore(body)];
      expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0]);
      expect(await chainHere()).toMatchObject({ problem: null, entries: 100 });
    });

    test('of two processes with different entries one is refused and the chain stays whole', async () => {
      const body = (name: string) => `
      for (let seq = 2; seq <= 50; seq += 1) {
        await store.audit.append(CYCLE, [draft('r1', seq, { actor: '${name}' })]);
      }`;
      const store = await ground.open();
      await store.audit.append(CYCLE, drafts('r1', 1, 1));
      const children = [withStore(body('ada')), withStore(body('bob'))];
      const ends = await Promise.allSettled(children.map((child) => child.ended));
      expect(ends.map((end) => end.status).sort()).toEqual(['fulfilled', 'rejected']);
      const loser = ends.find((end) => end.status === 'rejected');
      expect(String(loser?.reason)).toContain('AUDIT_FORK');
      const actors = (await store.audit.read(CYCLE))?.slice(1).map((entry) => entry.actor) ?? [];
      expect(new Set(actors).size).toBe(1);
      expect(actors).toHaveLength(49);
      expect((await chainHere()).problem).toBeNull();
    });

    test('C1.1: of many processes that note runs at once no note is lost, and the ledger is one chain', async () => {
      const body = `
      const notes = Array.from({ length: 50 }, (_, i) => ({
        kind: 'RUN_OPENED', cycle_id: CYCLE, run_id: process.pid + '-' + i, entries: 1, head: 'sha256:' + '0'.repeat(64),
      }));
      await Promise.all(notes.map((note) => store.ledger.note(note)));`;
      const children = [withStore(body), withStore(body), withStore(body)];
      expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0]);
      expect(await chainHere(LEDGER_CHAIN)).toMatchObject({ problem: null, entries: 151 });
      const entries = (await (await ground.open()).audit.read(LEDGER_CHAIN)) ?? [];
      expect(new Set(entries.map(({ data }) => data['run_id'])).size).toBe(151);
    });

    test('no acknowledged entry is lost when the writer is killed, ten times over', async () => {
      let acknowledged = 0;
      for (let round = 0; round < 10; round += 1) {
        const child = withStore(`
        for (let seq = ${acknowledged + 1}; ; seq += 3) {
          await store.audit.append(CYCLE, drafts('r1', seq, seq + 2));
          console.log(seq + 2);
        }`);
        const wanted = acknowledged + 3 * (1 + (round % 4));
        while (acknowledged < wanted) {
          const line = await child.line();
          if (line === null) throw new Error(`the writer ended by itself: ${await child.ended}`);
          acknowledged = Number(line);
        }
        child.kill('SIGKILL');
        // Read to its end first: with lines left in its pipe a process is never told to have ended.
        for (let line = await child.line(); line !== null; line = await child.line()) {
          acknowledged = Number(line);
        }
        expect(await child.ended).toBeNull();
        const entries = (await (await ground.open()).audit.read(CYCLE)) ?? [];
        expect(entries.length).toBeGreaterThanOrEqual(acknowledged);
      }
      const store = await ground.open();
      const last = (await store.audit.read(CYCLE))?.length ?? 0;
      await store.audit.append(CYCLE, [draft('r1', last + 1)]);
      expect(await chainHere()).toMatchObject({ problem: null, entries: last + 1 });
    });

    test('C4.I2: the claim of a process killed inside it is not locked, and is taken over', async () => {
      const store = await ground.open();
      await store.audit.append(CYCLE, drafts('r1', 1, 4));
      const child = withStore(`
      await store.actions.claim(TASK, { cycle_id: CYCLE, run_id: 'r1' }, ['a1'], () => {
        console.log('claimed');
        return new Promise(() => setInterval(() => {}, 1000));
      });`);
      expect(await child.line()).toBe('claimed');
      let entered = false;
      const next = store.actions.claim(
        TASK,
        { cycle_id: CYCLE, run_id: 'r2' },
        ['a1'],
        async (ids) => {
          entered = true;
          return [...ids];
        },
      );
      // The claim is not entered while its holder lives: a read that takes its turn on the disk is
      // done first.
      await store.audit.read(CYCLE);
      expect(entered).toBe(false);
      child.kill('SIGKILL');
      expect(await next).toEqual([]);
      await child.ended;
    });

    test('a file that another process holds is waited for, and then given up on', async () => {
      const child = withStore(`
      await store.actions.claim(TASK, { cycle_id: CYCLE, run_id: 'r1' }, ['a1'], () => {
        console.log('claimed');
        return new Promise(() => setInterval(() => {}, 1000));
      });`);
      expect(await child.line()).toBe('claimed');
      const store = await ground.open(20);
      const claim = store.actions.claim(TASK, { cycle_id: CYCLE, run_id: 'r2' }, [], async () => 0);
      await expect(claim).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('another process holds it'),
      });
      child.kill('SIGKILL');
      await child.ended;
    });

    /** A process that begins an effect and says so before and after its act, which writes to `marks`. */
    const performing = (attempt: number, repeatable: boolean, stopAt: 'before' | 'after'): Child =>
      withStore(`
      const { appendFileSync } = require('node:fs');
      const { HOLDER, intentOf } = require('./test/store/effect-intents.ts');
      const holder = { ...HOLDER, attempt: ${attempt} };
      const stay = () => new Promise(() => setInterval(() => {}, 1000));
      await store.effects.open(holder);
      const receipt = await store.effects.perform(holder, intentOf(), {
        repeatable: ${repeatable},
        perform: async () => {
          if ('${stopAt}' === 'before') { console.log('before'); await stay(); }
          appendFileSync(${JSON.stringify(join(ground.folder, 'marks'))}, 'x');
          console.log('after');
          await stay();
        },
      });`);
    const marks = () => readFile(join(ground.folder, 'marks'), 'utf8').catch(() => '');
    const next = { ...HOLDER, attempt: 2 };
    const mark = async (again: boolean) => {
      // As a target does that knows the key.
      if (!again || (await marks()) === '') await appendFile(join(ground.folder, 'marks'), 'x');
      return { status: 'PERFORMED' as const, detail: null };
    };

    test.each(['before', 'after'] as const)(
      'C4.I2: killed %s the act, a holder leaves UNKNOWN what cannot be repeated',
      async (point) => {
        const child = performing(1, false, point);
        expect(await child.line()).toBe(point);
        const standing = await marks();
        child.kill('SIGKILL');
        await child.ended;
        const { effects } = await ground.open();
        await effects.open(next);
        const act = { repeatable: false, perform: mark };
        const receipt = await effects.perform(next, intentOf(), act);
        expect(receipt.status).toBe('UNKNOWN');
        expect(await marks()).toBe(standing);
      },
    );

    test.each(['before', 'after'] as const)(
      'C4.I2: killed %s the act, a holder is followed by one that repeats it without doubling',
      async (point) => {
        const child = performing(1, true, point);
        expect(await child.line()).toBe(point);
        child.kill('SIGKILL');
        await child.ended;
        const { effects } = await ground.open();
        await effects.open(next);
        const act = { repeatable: true, perform: mark };
        const receipt = await effects.perform(next, intentOf(), act);
        expect(receipt.status).toBe('PERFORMED');
        expect(await marks()).toBe('x');
      },
    );

    test('R24: who opens while an effect is performed waits for its end, then gets its receipt', async () => {
      const child = performing(1, true, 'before');
      expect(await child.line()).toBe('before');
      const { effects, audit } = await ground.open();
      let opened = false;
      const opening = (async () => {
        await effects.open(next);
        opened = true;
      })();
      // A read that takes its turn on the disk is done first.
      await audit.read(CYCLE);
      expect(opened).toBe(false);
      child.kill('SIGKILL');
      await opening;
      await child.ended;
      expect(await effects.read(CYCLE, TASK)).toMatchObject([{ status: 'UNKNOWN' }]);
    });

    test('R24: a holder that was frozen and comes back performs nothing', async () => {
      const child = withStore(`
      const { HOLDER, intentOf } = require('./test/store/effect-intents.ts');
      await store.effects.open(HOLDER);
      console.log('opened');
      process.kill(process.pid, 'SIGSTOP');
      await store.effects
        .perform(HOLDER, intentOf(), { repeatable: true, perform: () => console.log('performed') })
        .catch((error) => console.log(error.code));`);
      expect(await child.line()).toBe('opened');
      const { effects } = await ground.open();
      await effects.open(next);
      await effects.perform(next, intentOf(), { repeatable: true, perform: mark });
      await stopped(child.pid);
      child.kill('SIGCONT');
      expect(await child.line()).toBe('EFFECTS_FENCED');
      await child.ended;
      expect(await marks()).toBe('x');
    });

    test('C4.I2: of two processes that open and perform at once exactly one performs each key', async () => {
      const body = (attempt: number) => `
      const { appendFileSync } = require('node:fs');
      const { HOLDER, intentOf } = require('./test/store/effect-intents.ts');
      const holder = { ...HOLDER, attempt: ${attempt} };
      await store.effects.open(holder);
      for (let ordinal = 1; ordinal <= 40; ordinal += 1) {
        await store.effects.perform(holder, intentOf(ordinal), {
          repeatable: false,
          perform: async () => {
            appendFileSync(${JSON.stringify(join(ground.folder, 'marks'))}, ordinal + '\\n');
            return { status: 'PERFORMED', detail: null };
          },
        });
      }`;
      const children = [withStore(body(1)), withStore(body(2))];
      const ends = await Promise.allSettled(children.map((child) => child.ended));
      expect(ends[1]?.status).toBe('fulfilled');
      if (ends[0]?.status === 'rejected')
        expect(String(ends[0].reason)).toContain('EFFECTS_FENCED');
      const lines = (await marks()).trim().split('\n').map(Number);
      expect(lines).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    });
  });
}

/** Until the process is stopped: state T in its line of /proc. */
async function stopped(pid: number): Promise<void> {
  for (;;) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    if (/\) T /.test(stat)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
