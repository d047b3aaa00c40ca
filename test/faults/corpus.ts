import { mkdirSync, readdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { temporal } from '@temporalio/proto';
import type { JsonObject } from '../../src/core/json';
import { ROOT } from '../support/sandbox';
import type { World } from './world';

/* test/histories/<version>/<shape>.json.gz: what Temporal's server had of one workflow. */

const { History } = temporal.api.history.v1;
const CORPUS = join(ROOT, 'test', 'histories');
const ENDING = '.json.gz';

/** By the name of its shape. */
export type Histories = ReadonlyMap<string, JsonObject>;

/** Oldest first. */
export const VERSIONS = readdirSync(CORPUS)
  .filter((name) => /^\d/.test(name))
  .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));

export function corpusOf(version: string): Histories {
  const names = readdirSync(join(CORPUS, version)).filter((name) => name.endsWith(ENDING));
  const read = (name: string): JsonObject =>
    JSON.parse(gunzipSync(readFileSync(join(CORPUS, version, name))).toString()) as JsonObject;
  return new Map(names.sort().map((name) => [name.slice(0, -ENDING.length), read(name)]));
}

/** What is there stays as it was captured. */
export function keep(folder: string, histories: Histories): void {
  mkdirSync(folder, { recursive: true });
  for (const [shape, history] of histories) {
    const path = join(folder, `${shape}${ENDING}`);
    if (!existsSync(path)) writeFileSync(path, gzipSync(JSON.stringify(history), { level: 9 }));
  }
}

/** As the server has it, but for who ran where. Without `runId`: the last run. */
export async function historyOf(
  world: World,
  workflowId: string,
  runId?: string,
): Promise<JsonObject> {
  const handle = world.harness.client.workflow.getHandle(workflowId, runId);
  const plain = History.toObject(History.create(await handle.fetchHistory()), {
    longs: String,
    enums: String,
    bytes: String,
  });
  const nowhere = (text: string): string =>
    text.replaceAll(world.box.home, '/world').replaceAll(`@${hostname()}`, '@host');
  const text = JSON.stringify(plain, (key, value: unknown) => {
    if (key === 'identity') return 'someone';
    if (key === 'stackTrace') return '';
    if (typeof value !== 'string') return value;
    if (key !== 'data') return nowhere(value);
    return Buffer.from(nowhere(Buffer.from(value, 'base64').toString())).toString('base64');
  });
  return JSON.parse(text) as JsonObject;
}

/** With every payload as it reads. */
export function textOf(history: JsonObject): string {
  return JSON.stringify(history, (key, value: unknown) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
  ).replaceAll('\\"', '"');
}

/** The name of the workflow that it is of. */
export function workflowTypeOf(history: JsonObject): string {
  return /"workflowType":\{"name":"(\w+)"/.exec(JSON.stringify(history))?.[1] ?? '';
}
