// What waiting costs, and what long running costs.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, startCycle } from '../dist/client.js';
import { decide, haltCycle } from '../dist/client/act.js';
import { cpuSeconds, inFlight, percentile, round, rssMb } from './measure.mjs';
import { bare, bundleOf, governed, sourceOf } from './sides.mjs';

const AT_REST_MS = 20_000;
const WIDTH = 20;

/** So many cycles halted by an operator: what they cost at rest, and until the last of them has gone on and ended. */
export async function measureHalted({ harness, server, workers }, count, say) {
  say(`${count} halted cycles`);
  const pids = { server: server.pid, worker: workers.harness.pid };
  const memory = () => ({ server: rssMb(pids.server), worker: rssMb(pids.worker) });
  const before = memory();
  const records = [];
  const from = performance.now();
  await inFlight(count, WIDTH, async () => {
    const { cycle_id } = await startCycle(
      harness,
      prepare(sourceOf('bundle', bundleOf(12)), null, null),
    );
    const record = await harness.store.cycles.find(cycle_id);
    await haltCycle(harness, record, 'a measurement', 'bench').catch(() => undefined);
    records.push(record);
  });
  const waiting = [];
  for (const record of records) {
    const view = await harness.client.workflow.getHandle(record.workflow_id).query('cycle');
    if (view.phase === 'HALTED' && view.outcome === null) waiting.push({ record, halt: view.halt });
  }
  const halted = (performance.now() - from) / 1_000;
  const during = memory();
  const cpu = [cpuSeconds(pids.server), cpuSeconds(pids.worker)];
  await new Promise((resolve) => setTimeout(resolve, AT_REST_MS));
  const rest = [cpuSeconds(pids.server), cpuSeconds(pids.worker)].map((s, i) =>
    round(((s - cpu[i]) / (AT_REST_MS / 1_000)) * 100, 1),
  );
  const again = performance.now();
  const ms = [];
  let n = 0;
  await inFlight(waiting.length, WIDTH, async () => {
    const next = waiting[n++];
    const begun = performance.now();
    await decide(harness, next.record, {
      halt_id: next.halt.halt_id,
      choice: 'RESUME',
      reason: 'measured',
      root_cause: 'a measurement',
      why_safe: 'nothing was wrong',
      by: 'bench',
      decision_id: `bench-${next.record.cycle_id}`,
    });
    await harness.client.workflow.getHandle(next.record.workflow_id).result();
    ms.push(performance.now() - begun);
  });
  return [
    {
      'halted at once': waiting.length,
      'seconds to halt them': round(halted, 1),
      'server MB before → with them': `${before.server} → ${during.server}`,
      'worker MB before → with them': `${before.worker} → ${during.worker}`,
      'server CPU % at rest': rest[0],
      'worker CPU % at rest': rest[1],
      'decision to end p50 ms': round(percentile(ms, 0.5), 0),
      'seconds until all had ended': round((performance.now() - again) / 1_000, 1),
    },
  ];
}

/** Many cycles, 20 in flight, with a batch of bare workflows between the blocks. */
export async function measureSoak({ harness, server, workers, home }, input, count, say) {
  const rows = [];
  const blocks = 10;
  const size = Math.max(Math.round(count / blocks), 1);
  const bareSize = Math.max(Math.round(size / 5), 1);
  for (let block = 1; block <= blocks; block += 1) {
    const sides = {};
    for (const [side, many, run] of [
      ['bare', bareSize, () => bare(harness, input)],
      ['harness', size, () => governed(harness)],
    ]) {
      const used = () => cpuSeconds(server.pid) + cpuSeconds(workers[side].pid);
      const ms = [];
      const cpu = used();
      const from = performance.now();
      await inFlight(many, WIDTH, async () => {
        const begun = performance.now();
        await run();
        ms.push(performance.now() - begun);
      });
      const seconds = (performance.now() - from) / 1_000;
      sides[side] = {
        p50: round(percentile(ms, 0.5), 0),
        rate: round(many / seconds, 1),
        cpu: round(((used() - cpu) / many) * 1_000, 0),
      };
    }
    rows.push({
      'cycles so far': block * size,
      'bare p50 ms': sides.bare.p50,
      'harness p50 ms': sides.harness.p50,
      'bare cycles/s': sides.bare.rate,
      'harness cycles/s': sides.harness.rate,
      'bare CPU ms': sides.bare.cpu,
      'harness CPU ms': sides.harness.cpu,
      'worker MB': rssMb(workers.harness.pid),
      'bare worker MB': rssMb(workers.bare.pid),
      'server MB': rssMb(server.pid),
      'server database MB': round(statSync(join(home, 'temporal.db')).size / 1e6, 0),
    });
    say(JSON.stringify(rows.at(-1)));
  }
  return rows;
}
