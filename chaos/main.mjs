// A seeded run of faults against a real server and two workers, and the invariants after it.
//   npm run chaos                                   60 cycles, 20 faults
//   npm run chaos -- --cycles 1000 --faults 300 --seed 7 --json
// The seed gives the same cycles, the same plan of faults, and the places at which workers die; when the operating system runs which
// process it does not give.
import { parseArgs } from 'node:util';
import { startCycle } from '../dist/client.js';
import { workflowIdFor } from '../dist/core/start.js';
import { violationsOf } from './checks.mjs';
import { documentsOf, registerSkills } from './documents.mjs';
import { gather, skillProcesses } from './gather.mjs';
import { killAt, setTraps } from './kills.mjs';
import { settle, startOperator } from './operator.mjs';
import { PEOPLE } from './people.mjs';
import { PEOPLE_FAULTS, PLACE_FAULT, planOf } from './plan.mjs';
import { reportOf, shown } from './report.mjs';
import { startScheduled, wayOfSchedule } from './schedules.mjs';
import { sleep, World } from './world.mjs';

const START_MS = 300_000;
const FULL_MS = 1_500;
const say = (line) => process.stderr.write(`${line}\n`);

const options = optionsOf(process.argv.slice(2));
const plan = planOf(options);
const before = skillProcesses();
say(`chaos: seed ${options.seed}, ${options.cycles} cycles, ${options.faults} faults`);
const world = await World.open(say);
let violations = null;
try {
  await registerSkills(world.harness, plan);
  const { cycles, done } = await run(world, plan);
  const facts = await gather(world, cycles, before);
  violations = violationsOf(facts);
  const report = reportOf({ options, plan, done, facts, violations, disk: world.disk.how });
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${shown(report)}\n`);
} finally {
  const sound = violations?.length === 0;
  await world.close(!sound);
  if (!sound) say(`everything is left to look at in ${world.home}`);
}
process.exitCode = violations.length === 0 ? 0 : 1;

function optionsOf(args) {
  const { values } = parseArgs({
    args,
    options: {
      cycles: { type: 'string', default: '60' },
      faults: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      json: { type: 'boolean', default: false },
    },
  });
  const [cycles, faults, seed] = ['cycles', 'faults', 'seed'].map((name) => {
    if (/^\d{1,9}$/.test(values[name])) return Number(values[name]);
    throw new Error(`--${name} takes a whole number, not ${values[name]}`);
  });
  if (cycles === 0) throw new Error('--cycles takes at least 1');
  return { cycles, faults, seed, json: values.json };
}

/** Starts the cycles at a steady pace and does the faults beside; then sees everything to its end. */
async function run(world, { cycles: planned, faults }) {
  const cycles = new Map();
  const done = [];
  const from = performance.now();
  const until = (ms) => sleep(Math.max(from + ms - performance.now(), 0));
  const stopOperator = startOperator(world, cycles);
  const kills = faults.filter(({ kind }) => kind === PLACE_FAULT);
  const starts = planned.map(async (each) => {
    await until(each.at_ms);
    const traps = kills.filter(({ cycle }) => cycle === each.n);
    return start(world, each, cycles, traps);
  });
  const tell = async (fault, act) => {
    const at = ((performance.now() - from) / 1_000).toFixed(1);
    const error = await act().then(() => null, String);
    const what = fault.place === undefined ? fault.kind : `${fault.kind} ${fault.place}`;
    say(`${at} s  ${what}${error === null ? '' : `: ${error}`}`);
    done.push({ ...fault, refused: error });
  };
  const people = faults
    .filter(({ kind }) => PEOPLE_FAULTS.includes(kind))
    .map(async (fault) => {
      const cycle = await starts[fault.cycle];
      if (fault.kind !== 'early-messages') await sleep(fault.after_ms);
      await tell(fault, () => PEOPLE[fault.kind](world, cycle, fault));
    });
  const killed = kills.map(async (fault) => {
    const cycle = await starts[fault.cycle];
    await tell(fault, () => killAt(world, cycle, fault));
  });
  for (const fault of faults.filter(isOfMachine)) {
    await until(fault.at_ms);
    await tell(fault, () => breakMachine(world, fault));
  }
  await Promise.all([...starts, ...people, ...killed]);
  await stopOperator();
  say('faults are over: every cycle is seen to its end');
  await settle(world, cycles, say);
  return { cycles, done };
}

/** Sent again until it is taken: the server may be away, the record blocked, the harness halted. */
async function start(world, planned, cycles, traps) {
  const bundle_ms = Date.now();
  const prepared = documentsOf(planned, options.seed, bundle_ms);
  const cycle = { ...planned, ...waysOf(planned, prepared), prepared, bundle_ms, deeds: [] };
  for (const fault of traps) setTraps(world, cycle, fault);
  const deadline = performance.now() + START_MS;
  for (;;) {
    try {
      if (planned.shape === 'scheduled')
        Object.assign(cycle, await startScheduled(world, planned.n, prepared));
      else await startCycle(world.harness, prepared);
      cycles.set(cycle.cycle_id, cycle);
      if (planned.shape === 'held') await PEOPLE.halt(world, cycle).catch(() => undefined);
      return cycle;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(300);
    }
  }
}

/** What its places are known by, and its ids; those of a scheduled cycle are known once it is due. */
function waysOf({ n, shape }, { cycle_id, mode, bundle }) {
  if (shape === 'scheduled') return { way: wayOfSchedule(n) };
  const workflow_id = workflowIdFor(mode, bundle.value.timestamp, cycle_id);
  return { cycle_id, workflow_id, way: workflow_id };
}

function isOfMachine({ kind }) {
  return kind !== PLACE_FAULT && !PEOPLE_FAULTS.includes(kind);
}

function breakMachine(world, { kind, which, for_ms }) {
  switch (kind) {
    case 'kill-worker':
      return world.killWorker(which);
    case 'freeze-worker':
      return world.freezeWorker(which, for_ms);
    case 'kill-server':
      return world.killServer();
    case 'full-disk':
      return world.fillDisk(Math.min(for_ms, FULL_MS));
    default:
      return world.disturbNetwork(which, kind.replace('net-', ''), for_ms);
  }
}
