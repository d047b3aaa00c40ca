// The places of a worker's way that lie in its store, and in its writing to the disk: where a trap is, the worker dies.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';

const fs = createRequire(import.meta.url)('node:fs');

/** What a batch of entries is written for, the first that it holds. */
const TELLING = ['CYCLE_OPENED', 'CYCLE_ENDED', 'ACTION_EMITTED', 'HALT_RAISED', 'TASK_STARTED'];

/** What is being written just now: `nameOf(text)`, nothing where that has no place of its own; `by` of which cycle, where only that tells. */
const writing = new AsyncLocalStorage();

const isLine = (what) => (text) => (text.startsWith('{') ? what : undefined);
const typeOf = (text) => /"type":"(\w+)"/.exec(text)?.[1];

/** The same store, whose calls come past places: `pass(at, by)` is awaited at each. */
export function trappedStore(store, pass) {
  const { audit, actions, effects, cycles, registry } = store;
  const written = async (what, act) => {
    const done = await writing.run({ nameOf: isLine(what) }, act);
    await pass(`behind ${what}`);
    return done;
  };
  return {
    ...store,
    audit: {
      ...audit,
      append: (chain, drafts, ...more) =>
        written(batchOf(drafts), () => audit.append(chain, drafts, ...more)),
    },
    actions: {
      claim(task, claimant, ids, commit) {
        const claimed = async (elsewhere) => {
          await pass('claimed');
          return commit(elsewhere);
        };
        return writing.run({ nameOf: isLine('claim') }, () =>
          actions.claim(task, claimant, ids, claimed),
        );
      },
    },
    effects: {
      ...effects,
      async perform(holder, intent, act) {
        const by = holder.cycle_id;
        const perform = async (again) => {
          await pass('begin effect', by);
          const done = await writing.run({ nameOf: isLine('effect'), by }, () =>
            act.perform(again),
          );
          await pass('end effect', by);
          return done;
        };
        const done = await writing.run({ nameOf: typeOf, by }, () =>
          effects.perform(holder, intent, { ...act, perform }),
        );
        await pass('behind RECEIPT', by);
        return done;
      },
    },
    cycles: {
      ...cycles,
      putResult: (...args) => written('result', () => cycles.putResult(...args)),
    },
    registry: {
      ...registry,
      async now() {
        await pass('registry');
        return registry.now();
      },
      note: (...args) => written('violation', () => registry.note(...args)),
      async publish(...args) {
        await pass('begin publish');
        const pointer = await registry.publish(...args);
        await pass('end publish');
        return pointer;
      },
    },
  };
}

function batchOf(drafts) {
  const types = drafts.map(({ type }) => type);
  return TELLING.find((type) => types.includes(type)) ?? types.at(-1);
}

/**
 * Every writing of this process: `isTrap(at, by)` says whether it dies when half of the bytes are written; `tell` hears of each that a full
 * disk has cut short or refused.
 */
export function trapWrites(isTrap, tell) {
  const { writeSync } = fs;
  fs.writeSync = (fd, bytes, from = 0, length = bytes.length - from) => {
    const { nameOf, by } = writing.getStore() ?? {};
    const what = nameOf?.(bytes.toString());
    if (what !== undefined && isTrap(`amid ${what}`, by)) {
      writeSync(fd, bytes, from, length >> 1);
      die();
    }
    try {
      const count = writeSync(fd, bytes, from, length);
      if (count < length) tell('cut short');
      return count;
    } catch (error) {
      if (error.code === 'ENOSPC') tell('refused');
      throw error;
    }
  };
}

/** SIGKILL, from within: nothing more is done, not even the next line. */
export function die() {
  process.kill(process.pid, 'SIGKILL');
}
