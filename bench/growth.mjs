// How latency, processor time, memory, history and record grow, beside the bare workflow in the same run.
//   npm run growth                    the tables, as Markdown
//   npm run growth -- --write FILE    puts them between the marks of FILE (docs/performance.md)
//   npm run growth -- --quick         a hundredth of it, to see that it works
//   npm run growth -- --only Tasks    the tables whose heading begins with one of these words, apart by commas
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { V1_GRAPH } from '../dist/core/graph.js';
import { measureRecord } from './growth-record.mjs';
import { measureHalted, measureSoak } from './growth-time.mjs';
import { childrenCpuSeconds, cpuSeconds, inFlight, percentile, round, rssMb } from './measure.mjs';
import { measureProcesses } from './processes.mjs';
import { bare, governed, inputOf } from './sides.mjs';
import { setUp } from './setup.mjs';
import { noopGraph, registerNoop } from './skills.mjs';

const MARKS = ['<!-- growth -->', '<!-- /growth -->'];
const args = process.argv.slice(2);
const quick = args.includes('--quick');
const target = args.includes('--write') ? args[args.indexOf('--write') + 1] : null;
const only = args.includes('--only') ? args[args.indexOf('--only') + 1].split(',') : [''];
const say = (line) => process.stderr.write(`${line}\n`);
const share = quick ? 100 : 1;

const bench = await setUp(say);
try {
  const text = await measure(bench);
  if (target === null) process.stdout.write(`${text}\n`);
  else writeBetweenMarks(target, text);
} finally {
  await bench.close();
}

async function measure(world) {
  const { harness } = world;
  await registerNoop(harness);
  const input = await inputOf(harness, await governed(harness));
  for (let i = 0; i < 10; i += 1) {
    await governed(harness);
    await bare(harness, input);
  }
  const sections = {
    'Cycles in flight': () => measureWidths(world, input),
    'Beliefs in a bundle': () => measureBeliefs(world, input),
    'Tasks in a graph': () => measureTasks(world, input),
    'Processes of skills': () => measureProcesses(quick ? 2 : 50, say),
    'Halted cycles that wait': () => measureHalted(world, 1_000 / share, say),
    'A soak': () => measureSoak(world, input, 10_000 / share, say),
    'Proving the record of that soak': () => measureRecord(world, say),
  };
  const parts = [heading()];
  for (const [title, rows] of Object.entries(sections))
    if (only.some((word) => title.startsWith(word))) parts.push(section(title, await rows()));
  return parts.join('\n\n');
}

function heading() {
  const [cpu] = cpus();
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const when = new Date().toISOString().slice(0, 10);
  return `Measured ${when} at commit ${commit}: ${cpus().length} × ${cpu?.model ?? 'unknown'}, Node ${process.versions.node}.`;
}

function section(title, rows) {
  const head = Object.keys(rows[0]);
  const cells = rows.map((row) => head.map((key) => String(row[key] ?? 'n/a')));
  const line = (values) => `| ${values.join(' | ')} |`;
  return [`### ${title}`, '', line(head), line(head.map(() => '---')), ...cells.map(line)].join(
    '\n',
  );
}

/** Both sides in turns, so that what else the machine does hits both. */
async function measureWidths({ harness, server, workers }, input) {
  const rows = [];
  for (const width of [1, 10, 100]) {
    say(`${width} in flight`);
    const row = { 'in flight': width };
    for (const [side, run] of [
      ['bare', () => bare(harness, input)],
      ['harness', () => governed(harness)],
    ]) {
      const used = () => cpuSeconds(server.pid) + cpuSeconds(workers[side].pid);
      const count = Math.max(Math.min(40 + 2 * width, 240) / (quick ? 10 : 1), 4);
      const ms = [];
      const cpu = used();
      const from = performance.now();
      await inFlight(count, width, async () => ms.push(await timed(run)));
      const seconds = (performance.now() - from) / 1_000;
      row[`${side} p50 ms`] = round(percentile(ms, 0.5), 0);
      row[`${side} p95 ms`] = round(percentile(ms, 0.95), 0);
      row[`${side} cycles/s`] = round(ms.length / seconds, 1);
      row[`${side} CPU ms a cycle`] = round(((used() - cpu) / ms.length) * 1_000, 0);
      row[`${side} worker MB`] = rssMb(workers[side].pid);
    }
    rows.push(row);
  }
  return rows;
}

async function measureBeliefs({ harness, workers }, input) {
  const rows = [];
  for (const beliefs of [10, 100, 1_000, 10_000]) {
    say(`${beliefs} beliefs`);
    const row = await pair(harness, quick ? 2 : 9, {
      bare: () => bare(harness, input),
      harness: () => governed(harness, { beliefs }),
    });
    rows.push({ beliefs, ...row, 'worker MB': rssMb(workers.harness.pid) });
  }
  return rows;
}

/** Beside T1 … T4 skills that do nothing; the bare workflow runs as many activities. Processor time: server, worker, its processes. */
async function measureTasks({ harness, server, workers }, input) {
  const rows = [];
  for (const tasks of quick ? [4, 20] : [4, 20, 100, 500]) {
    say(`${tasks} tasks`);
    const extra = tasks - V1_GRAPH.tasks.length;
    const graph = extra === 0 ? null : noopGraph(extra, true, 0);
    const cpu = { bare: [], harness: [] };
    const counted = (side, run) => async () => {
      const { pid } = workers[side];
      const used = () => cpuSeconds(server.pid) + cpuSeconds(pid) + childrenCpuSeconds(pid);
      const before = used();
      const done = await run();
      cpu[side].push(((used() - before) / tasks) * 1_000);
      return done;
    };
    const row = await pair(harness, quick || tasks === 500 ? 2 : 5, {
      bare: counted('bare', () => bare(harness, input, tasks)),
      harness: counted('harness', () => governed(harness, { graph })),
    });
    for (const side of ['bare', 'harness'])
      row[`${side} CPU ms a task`] = round(percentile(cpu[side], 0.5), 0);
    rows.push({ tasks, ...row, 'worker MB': rssMb(workers.harness.pid) });
  }
  return rows;
}

async function pair(harness, samples, sides) {
  const ms = { bare: [], harness: [] };
  const last = {};
  for (let i = -1; i < samples; i += 1) {
    for (const [side, run] of Object.entries(sides)) {
      const took = await timed(async () => (last[side] = await run()));
      if (i >= 0) ms[side].push(took);
    }
  }
  const row = {};
  for (const side of Object.keys(sides)) {
    row[`${side} p50 ms`] = round(percentile(ms[side], 0.5), 0);
    const { historySize, historyLength } = await harness.client.workflow
      .getHandle(last[side])
      .describe();
    row[`${side} history kB`] = round(historySize / 1_000, 1);
    row[`${side} events`] = historyLength;
  }
  const record = await harness.store.cycles.find(last.harness);
  const entries = (await harness.store.audit.read(record.cycle_id)) ?? [];
  row['audit kB'] = round(
    entries.reduce((sum, each) => sum + JSON.stringify(each).length, 0) / 1_000,
    1,
  );
  return row;
}

async function timed(run) {
  const from = performance.now();
  await run();
  return performance.now() - from;
}

function writeBetweenMarks(file, text) {
  const before = readFileSync(file, 'utf8');
  const [from, to] = MARKS.map((mark) => before.indexOf(mark));
  if (from === -1 || to < from) throw new Error(`${file} has no ${MARKS.join(' … ')}`);
  const after = `${before.slice(0, from)}${MARKS[0]}\n\n${text}\n\n${before.slice(to)}`;
  writeFileSync(file, after);
}
