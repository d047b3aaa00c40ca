// What a skill's task costs: a skill that does nothing, against a bare activity, from the histories of the same run; and many
// skill tasks in one cycle, one after the other and in parallel.
import { V1_GRAPH } from '../dist/core/graph.js';
import { changeRegistry, storeSkill } from '../dist/client/skills.js';
import { percentile, round, rssMb } from './measure.mjs';
import { measureProcesses } from './processes.mjs';
import { bare, governed } from './sides.mjs';

export const LEDGER = '### [2026-01-24] D001: Benchmark\n**Decision**: It may run.\n';
const REF = 'bench.noop';
const SAMPLES = 40;
const STARTS = 40;
const MANY = 200;
/** Milliseconds of computing in each of the many. */
const WORK_MS = 20;

const manifest = {
  skill_id: REF,
  skill_version: '1.0.0',
  layer: 'L9',
  task_types: ['noop'],
  required_inputs: [],
  requires_permissions: [],
  layer_dependencies: [],
  side_effects: [],
  output_schema: 'Nothing',
  author: 'bench',
  decision_ledger_ref: 'D001',
};
const output = { type: 'object' };
const code = `module.exports = { default: { ...${JSON.stringify({ ...manifest, output })},
  run(ctx, { work = 0 }) {
    const until = performance.now() + work;
    while (performance.now() < until);
    return {};
  } } };`;

export async function measureSkills(harness, pid, input, say) {
  await registerNoop(harness);
  say(`a skill that does nothing: ${SAMPLES} of it and of a bare activity, in turns`);
  const one = noopGraph(1, false, 0);
  const ms = { bare: [], skill: [] };
  for (let i = 0; i < SAMPLES; i += 1) {
    ms.skill.push(
      ...(await activityMs(harness, await governed(harness, { graph: one }), /^bench/)),
    );
    ms.bare.push(...(await activityMs(harness, await bare(harness, input), /^step4$/)));
  }
  const many = [];
  for (const parallel of [false, true]) {
    for (const work of [0, WORK_MS]) {
      say(`${MANY} skill tasks in one cycle, ${parallel ? 'in parallel' : 'one after the other'}`);
      const before = rssMb(pid);
      const from = performance.now();
      await governed(harness, { graph: noopGraph(MANY, parallel, work) });
      const seconds = round((performance.now() - from) / 1_000, 2);
      many.push({
        parallel,
        work_ms: work,
        seconds,
        rss_mb_before: before,
        rss_mb_after: rssMb(pid),
      });
    }
  }
  const p50 = (samples) => round(percentile(samples, 0.5), 1);
  return {
    bare_activity_ms_p50: p50(ms.bare),
    skill_task_ms_p50: p50(ms.skill),
    overhead_ms: round(p50(ms.skill) - p50(ms.bare), 1),
    many,
    processes: await measureProcesses(STARTS, say),
  };
}

export async function registerNoop(harness) {
  const registration = await storeSkill(harness, code, { manifest, output });
  const change = { ledger: 'D001', by: 'bench' };
  await changeRegistry(harness, {
    ...change,
    operation: 'register',
    skill: `${REF}@1.0.0`,
    change_id: 'bench-1',
    registration,
  });
  await changeRegistry(harness, {
    ...change,
    operation: 'activate',
    skill: REF,
    change_id: 'bench-2',
    registration: null,
  });
}

/** The v1 graph with so many tasks behind T3 that do nothing but compute for `work` ms. */
export function noopGraph(count, parallel, work) {
  const extra = Array.from({ length: count }, (_, i) => ({
    name: `noop-${i}`,
    task_type: 'noop',
    skill_ref: REF,
    required_state: [],
    required_permissions: [],
    depends_on: ['T3'],
    inputs: { part: i, work },
    timeout_ms: 30_000,
    output_schema: 'Nothing',
    side_effects: ['audit_log'],
  }));
  const graph_id = `skills-${count}-${parallel}-${work}`;
  return { ...V1_GRAPH, graph_id, parallel, tasks: [...V1_GRAPH.tasks, ...extra] };
}

/** From scheduled to completed, by the server's clock, of the activities whose type matches. */
async function activityMs(harness, workflowId, type) {
  const { events } = await harness.client.workflow.getHandle(workflowId).fetchHistory();
  const at = ({ eventTime }) => Number(eventTime.seconds) * 1_000 + eventTime.nanos / 1e6;
  const scheduled = new Map();
  const found = [];
  for (const event of events) {
    const { activityTaskScheduledEventAttributes: start } = event;
    const { activityTaskCompletedEventAttributes: end } = event;
    if (start && type.test(start.activityType.name))
      scheduled.set(Number(event.eventId), at(event));
    const from = end ? scheduled.get(Number(end.scheduledEventId)) : undefined;
    if (from !== undefined) found.push(at(event) - from);
  }
  return found;
}
