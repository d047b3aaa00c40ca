// The side-by-side benchmark: a governed v1 cycle against four bare activities, interleaved, on one server.
//   npm run bench            a table
//   npm run bench -- --json  one object
import { table } from '../dist/cli/render.js';
import { V1_GRAPH } from '../dist/core/graph.js';
import { cpuSeconds, inFlight, percentile, round, rssMb } from './measure.mjs';
import { setUp } from './setup.mjs';
import { measureSkills } from './skills.mjs';
import { bare, governed, graphOf, inputOf } from './sides.mjs';

const WARM_UPS = 10;
const SAMPLES = Number(process.env.BENCH_SAMPLES ?? 60);
const BATCHES = Number(process.env.BENCH_BATCHES ?? 4);
const BATCH = 40;
const IN_FLIGHT = 20;
const GROWTH_SAMPLES = 7;
const GROWTH = [
  { beliefs: 10, tasks: 4 },
  { beliefs: 1_000, tasks: 4 },
  { beliefs: 10_000, tasks: 4 },
  { beliefs: 12, tasks: 100 },
  { beliefs: 12, tasks: 500 },
];
const say = (line) => process.stderr.write(`${line}\n`);

const bench = await setUp(say);
try {
  const report = await measure(bench);
  const json = process.argv.includes('--json');
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${shown(report)}\n`);
} finally {
  await bench.close();
}

async function measure({ harness, server, workers }) {
  const input = await inputOf(harness, await governed(harness));
  const sides = [
    { name: 'bare', run: () => bare(harness, input), ms: [], seconds: 0, cpu: 0 },
    { name: 'harness', run: () => governed(harness), ms: [], seconds: 0, cpu: 0 },
  ];
  say(`warming up: ${WARM_UPS} of each`);
  for (let i = 0; i < WARM_UPS; i += 1) for (const side of sides) side.last = await side.run();
  say(`one after another: ${SAMPLES} of each, in turns`);
  for (let i = 0; i < SAMPLES; i += 1) {
    for (const side of i % 2 === 0 ? sides : sides.toReversed())
      side.ms.push(await timed(side.run));
  }
  say(`${IN_FLIGHT} in flight: ${BATCHES} batches of ${BATCH} of each, in turns`);
  for (let i = 0; i < BATCHES; i += 1) {
    for (const side of i % 2 === 0 ? sides : sides.toReversed()) {
      await batch(side, [server.pid, workers[side.name].pid]);
    }
  }
  const rows = {};
  for (const side of sides) rows[side.name] = await sideReport(harness, side);
  const over = (key) =>
    rows.bare[key] === null ? null : round(rows.harness[key] / rows.bare[key], 2);
  const ratio = {
    latency_p50: over('latency_ms_p50'),
    throughput: over('cycles_per_s'),
    cpu: over('cpu_s_per_cycle'),
  };
  const growth = [];
  for (const size of GROWTH) growth.push(await grown(harness, workers.harness.pid, size));
  const skills = await measureSkills(harness, workers.harness.pid, input, say);
  return { ...rows, ratio, growth, skills };
}

async function timed(run) {
  const from = performance.now();
  await run();
  return performance.now() - from;
}

/** Processor time of the server and of the side's own worker: nothing of the other side runs meanwhile. */
async function batch(side, pids) {
  const used = () =>
    pids.map(cpuSeconds).reduce((sum, s) => (sum === null || s === null ? null : sum + s), 0);
  const before = used();
  side.seconds += (await timed(() => inFlight(BATCH, IN_FLIGHT, side.run))) / 1_000;
  const after = used();
  side.cpu =
    before === null || after === null || side.cpu === null ? null : side.cpu + after - before;
}

async function sideReport(harness, { ms, seconds, cpu, last }) {
  const cycles = BATCHES * BATCH;
  const { historyLength, historySize } = await harness.client.workflow.getHandle(last).describe();
  return {
    latency_ms_p50: round(percentile(ms, 0.5), 1),
    latency_ms_p95: round(percentile(ms, 0.95), 1),
    cycles_per_s: round(cycles / seconds, 2),
    cpu_s_per_cycle: cpu === null ? null : round(cpu / cycles, 4),
    history_events: historyLength,
    history_bytes: historySize,
  };
}

async function grown(harness, pid, { beliefs, tasks }) {
  say(`growth: ${beliefs} beliefs, ${tasks} tasks`);
  const graph = graphOf(V1_GRAPH, tasks);
  const ms = [];
  let last = await governed(harness, { beliefs, graph });
  for (let i = 0; i < GROWTH_SAMPLES; i += 1) {
    ms.push(await timed(async () => (last = await governed(harness, { beliefs, graph }))));
  }
  const { historySize } = await harness.client.workflow.getHandle(last).describe();
  const latency_ms_p50 = round(percentile(ms, 0.5), 1);
  return { beliefs, tasks, latency_ms_p50, history_bytes: historySize, rss_mb: rssMb(pid) };
}

function shown({ growth, ratio, skills, ...sides }) {
  const text = (value) => (value === null || value === undefined ? 'n/a' : String(value));
  const ratios = {
    latency_ms_p50: 'latency_p50',
    cycles_per_s: 'throughput',
    cpu_s_per_cycle: 'cpu',
  };
  const lines = Object.keys(sides.bare).map((key) => [
    key,
    text(sides.bare[key]),
    text(sides.harness[key]),
    key in ratios ? text(ratio[ratios[key]]) : '',
  ]);
  const { many, processes, ...one } = skills;
  const skillRows = Object.entries(one).map(([key, value]) => [key, text(value)]);
  const rowsOf = (found) => {
    const keys = Object.keys(found[0]);
    return [keys, found.map((row) => keys.map((key) => text(row[key])))];
  };
  return [
    table(['', 'bare', 'harness', 'ratio'], lines),
    table(...rowsOf(growth)),
    table(['a skill that does nothing', ''], skillRows),
    table(...rowsOf(many)),
    table(...rowsOf(processes)),
  ].join('\n\n');
}
