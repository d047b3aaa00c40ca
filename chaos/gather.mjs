// Collects what the checks need: the trail, the results, what Temporal has, the effects' files, the workers' notes, the processes.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyTrail } from '../dist/audit/verify.js';
import { limitOf } from './documents.mjs';
import { replayAll } from './replays.mjs';
import { sleep } from './world.mjs';

const HOST = join(fileURLToPath(new URL('..', import.meta.url)), 'dist', 'sandbox');
const GONE_MS = 5_000;

/** Stops the workers on its way: what is left then is left. */
export async function gather(world, cycles, processesBefore) {
  const known = [...cycles.values()];
  const temporal = await Promise.all(known.map((cycle) => serverSide(world, cycle)));
  const accidents = [...world.accidents];
  await world.stopWorkers();
  const leftovers = await leftBehind(processesBefore);
  const replays = await replayAll(world.harness);
  const facts = await Promise.all(known.map((cycle, i) => factsOf(world, cycle, temporal[i])));
  const owner = new Map();
  for (const { cycle_id, entries } of facts)
    for (const { data } of entries) if (data.task_id) owner.set(data.task_id, cycle_id);
  const out = join(world.home, 'out');
  const files = existsSync(out) ? readdirSync(out) : [];
  return {
    verify: await verifyTrail(world.home),
    cycles: facts,
    lines: files
      .flatMap((name) => linesOf(join(out, name)))
      .map(({ key, task_id }) => ({ key, task_id, cycle_id: owner.get(task_id) ?? null })),
    bodies: linesOf(world.bodies),
    notices: world.sink.taken,
    latches: world.latches,
    full: linesOf(world.full),
    leftovers,
    accidents,
    replays,
  };
}

async function factsOf({ harness, losses, fulls }, cycle, temporal) {
  const { n, shape, clock, cycle_id, workflow_id, bundle_ms, deeds, stuck = null } = cycle;
  const { audit, cycles } = harness.store;
  const entries = (await audit.read(cycle_id)) ?? [];
  const result = await cycles.result(cycle_id);
  const ended_ms = Date.parse(entries.at(-1)?.at ?? new Date().toISOString());
  return {
    n,
    shape,
    clock,
    cycle_id,
    workflow_id,
    bundle_ms,
    deeds,
    stuck,
    entries,
    result,
    temporal,
    limit_ms: limitOf(shape),
    lived_ms: ended_ms - bundle_ms,
    losses: losses.filter((at) => at >= bundle_ms - 10_000 && at <= ended_ms).length,
    full: fulls.some(({ from, to }) => to >= bundle_ms && from <= ended_ms),
  };
}

async function serverSide({ harness }, { workflow_id }) {
  const handle = harness.client.workflow.getHandle(workflow_id);
  try {
    const status = (await handle.describe()).status.name;
    if (status !== 'COMPLETED') {
      const failure = status === 'FAILED' ? await handle.result().catch(causeOf) : null;
      return { status, result: null, failure };
    }
    return { status, result: await handle.result(), failure: null };
  } catch (error) {
    return { status: 'UNKNOWN', result: null, failure: String(error) };
  }
}

const causeOf = (error) => String(error.cause ?? error);

function linesOf(path) {
  const texts = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return texts.map((text) => JSON.parse(text));
}

/** Processes of skills, by id; none where /proc is not. */
export function skillProcesses() {
  if (!existsSync('/proc/self/cmdline')) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => commandOf(pid).includes(HOST));
}

async function leftBehind(before) {
  const until = performance.now() + GONE_MS;
  for (;;) {
    // Somebody else's, beside this run, have a parent that lives.
    const left = skillProcesses().filter((pid) => !before.includes(pid) && isOrphan(pid));
    if (left.length === 0 || performance.now() > until)
      return left.map((pid) => `process ${pid} of a skill`);
    await sleep(100);
  }
}

function isOrphan(pid) {
  const parent = /^PPid:\s+(\d+)/m.exec(readOr(`/proc/${pid}/status`))?.[1];
  return parent !== undefined && !commandOf(parent).includes('node');
}

const commandOf = (pid) => readOr(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

function readOr(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
