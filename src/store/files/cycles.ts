import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalText } from '../../core/identity';
import type { JsonObject } from '../../core/json';
import { byCreation, recordIn, resultIn } from '../rules/cycle-record';
import { isUuid } from '../rules/ids';
import type { CycleRecord, CycleStore } from '../store';
import { asStoreError, goneAsNull } from './errors';
import { readWhole } from './disk';
import { textOf } from './lines';
import { idPath, type Home } from './home';
import { publish } from './publish';

const ENDING = '.json';

/** `cycles/<cycle_id>.json` and `results/<cycle_id>.json`, each replaced as a whole. */
export function fileCycles(home: Home): CycleStore {
  const read = (id: string) => readRecord(idPath(home, 'cycles', id, ENDING));
  const readAll = async (ids: readonly string[]) => {
    const records: CycleRecord[] = [];
    for (const id of ids) {
      const record = await read(id);
      if (record !== null) records.push(record);
    }
    return records;
  };
  return {
    async put(record) {
      await write(home, idPath(home, 'cycles', record.cycle_id, ENDING), { ...record });
    },

    async find(id) {
      if (isUuid(id)) return read(id);
      const ids = await idsIn(home, 'cycles');
      // A workflow id ends with the cycle id's beginning, unless a schedule put a time after it.
      const start = /-([0-9a-f]{8})$/.exec(id)?.[1];
      const likely = start === undefined ? [] : ids.filter((known) => known.startsWith(start));
      const hasId = (record: CycleRecord) => record.workflow_id === id;
      return (await readAll(likely)).find(hasId) ?? (await readAll(ids)).find(hasId) ?? null;
    },

    async list() {
      return byCreation(await readAll(await idsIn(home, 'cycles')));
    },

    async putResult(cycleId, result) {
      await write(home, idPath(home, 'results', cycleId, ENDING), result);
    },

    result(cycleId) {
      return readResult(idPath(home, 'results', cycleId, ENDING));
    },

    async dropResult(cycleId) {
      const path = idPath(home, 'results', cycleId, ENDING);
      await asStoreError('STORE_UNAVAILABLE', `the file ${path}`, () => rm(path, { force: true }));
    },

    async unfinished() {
      const ended = new Set(await idsIn(home, 'results'));
      return readAll((await idsIn(home, 'cycles')).filter((id) => !ended.has(id)));
    },
  };
}

/** Ids that have a file in the folder, sorted; none when there is no such folder. */
export function idsIn(home: Home, folder: 'cycles' | 'results'): Promise<readonly string[]> {
  const path = join(home.root, folder);
  return asStoreError('STORE_UNAVAILABLE', `the folder ${path}`, async () => {
    const names = (await readdir(path).catch(goneAsNull)) ?? [];
    return names
      .filter((name) => name.endsWith(ENDING))
      .map((name) => name.slice(0, -ENDING.length))
      .filter(isUuid)
      .sort();
  });
}

function write(home: Home, path: string, value: JsonObject): Promise<void> {
  return asStoreError('STORE_UNAVAILABLE', `the file ${path}`, () =>
    publish(home, path, Buffer.from(`${canonicalText(value)}\n`)),
  );
}

async function readResult(path: string): Promise<JsonObject | null> {
  const text = await readText(path);
  return text === null ? null : resultIn(text, `the file ${path}`);
}

async function readRecord(path: string): Promise<CycleRecord | null> {
  const text = await readText(path);
  return text === null ? null : recordIn(text, `the file ${path}`);
}

function readText(path: string): Promise<string | null> {
  return asStoreError('STORE_UNAVAILABLE', `the file ${path}`, async () => {
    const bytes = readWhole(path);
    return bytes === null ? null : textOf(bytes).replace(/\n$/, '');
  });
}
