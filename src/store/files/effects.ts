import { dirname, relative } from 'node:path';
import { effectLine, type LedgerReading, readLedger } from '../rules/effect-lines';
import { effectStore, effectWaitMs, type Held, intact } from '../rules/effects';
import type { EffectStore } from '../store';
import { asStoreError, goneAsNull } from './errors';
import { appendDurably, readSettled, setTornTailAside, withLock } from './growing';
import { idPath, type Home } from './home';
import { wholeTexts } from './lines';
import { makeFolder, syncFolder } from './disk';

/** `effects/<cycle_id>/<task_id>.jsonl`, under a kernel lock. */
export function fileEffects(home: Home): EffectStore {
  const waitMs = effectWaitMs(home.lockWaitMs);
  return effectStore({
    held(cycleId, taskId, body) {
      const path = effectsPath(home, cycleId, taskId);
      return asStoreError('STORE_UNAVAILABLE', nameOf(path), async () => {
        await makeFolder(dirname(path));
        return withLock(path, waitMs, async (fd) => {
          const size = await setTornTailAside(home, fd, path, taskId);
          const ledger = intact(readLedger(wholeTexts(fd, size)), nameOf(path));
          return body({ ledger, append: appender(fd, path, size) });
        });
      });
    },

    look(cycleId, taskId) {
      const path = effectsPath(home, cycleId, taskId);
      return asStoreError('STORE_UNAVAILABLE', nameOf(path), async () => {
        const isGood = ({ torn, damaged }: Look) => !torn && !damaged;
        const found = await readSettled(path, waitMs, read, isGood).catch(goneAsNull);
        return intact(found ?? readLedger([]), nameOf(path));
      });
    },
  });
}

interface Look extends LedgerReading {
  /** Bytes stand after the last whole line. */
  readonly torn: boolean;
}

function read(fd: number, size: number): Look {
  let torn = false;
  const lines = wholeTexts(fd, size, () => {
    torn = true;
  });
  return { ...readLedger(lines), torn };
}

function appender(fd: number, path: string, size: number): Held['append'] {
  let end = size;
  return async (line) => {
    const bytes = Buffer.from(`${effectLine(line)}\n`);
    await appendDurably(fd, bytes, end);
    if (end === 0) await syncFolder(dirname(path));
    end += bytes.length;
  };
}

function effectsPath(home: Home, cycleId: string, taskId: string): string {
  const folder = idPath(home, 'effects', cycleId, '');
  return idPath(home, relative(home.root, folder), taskId, '.jsonl');
}

function nameOf(path: string): string {
  return `the record of effects ${path}`;
}
