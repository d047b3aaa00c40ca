import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalText } from '../../core/identity';
import { isObject, type Json, type JsonObject, type Sha256, valueOf } from '../../core/json';
import type { Tick } from '../../core/tick';
import { StoreError, type CycleRecord, type CycleStore } from '../store';
import { asStoreError, goneAsNull } from './errors';
import { idPath, isUuid, type Home } from './home';
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
      const records = await readAll(await idsIn(home, 'cycles'));
      return records.sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
    },

    async putResult(cycleId, result) {
      await write(home, idPath(home, 'results', cycleId, ENDING), result);
    },

    result(cycleId) {
      return readObject(idPath(home, 'results', cycleId, ENDING));
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

function readObject(path: string): Promise<JsonObject | null> {
  return asStoreError('STORE_UNAVAILABLE', `the file ${path}`, async () => {
    const text = await readFile(path, 'utf8').catch(goneAsNull);
    if (text === null) return null;
    const value = valueOf(text);
    if (!isObject(value)) throw damaged(path);
    return value;
  });
}

async function readRecord(path: string): Promise<CycleRecord | null> {
  const value = await readObject(path);
  if (value === null) return null;
  const { cycle_id, workflow_id, mode, created_at } = value;
  const { input_hash = null, graph_hash, policy_hash } = value;
  if (!isText(cycle_id) || !isText(workflow_id) || !isText(mode) || !isText(created_at)) {
    throw damaged(path);
  }
  if ((input_hash !== null && !isHash(input_hash)) || !isHash(graph_hash) || !isHash(policy_hash)) {
    throw damaged(path);
  }
  const record = { cycle_id, workflow_id, mode, input_hash, graph_hash, policy_hash, created_at };
  const tick = tickIn(value['tick']);
  return tick === null ? record : { ...record, tick };
}

/** Where a scheduled cycle comes from; null in other cycles' records. */
function tickIn(value: Json | undefined): Tick | null {
  if (!isObject(value)) return null;
  const { schedule, nominal_time, source } = value;
  if (!isText(schedule) || !isText(nominal_time) || !isText(source)) return null;
  return { schedule, nominal_time, source };
}

function damaged(path: string): StoreError {
  return new StoreError(
    'STORE_UNAVAILABLE',
    `the file ${path} is damaged: restore it from a copy, or move it away`,
  );
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string';
}

function isHash(value: Json | undefined): value is Sha256 {
  return typeof value === 'string' && value.startsWith('sha256:');
}
