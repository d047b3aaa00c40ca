import { prepare, startCycle } from '../dist/client.js';

let count = 0;

/** A fresh bundle that no cycle has had before, with `beliefs` beliefs, a third of them not permitted. */
export function bundleOf(beliefs) {
  const timestamp = new Date().toISOString();
  count += 1;
  const permissions = ['momentum', 'quality', 'value'];
  const belief = (_, i) => ({
    belief_id: `B-${i}`,
    belief_type: 'direction',
    value: { direction: 'up', horizon_days: 10 },
    confidence: 0.7,
    timestamp,
    source_layer: 'L9',
    source_id: 'belief-synthesis',
    required_permissions: [permissions[i % 3]],
    source_signal_ids: [`SG-${i}`],
  });
  return {
    timestamp,
    regime_state: {
      id: `RS-${count}`,
      timestamp,
      behavior: 'TRENDING_NORMAL_VOL',
      bias: 'BULLISH',
      confidence: 0.82,
      is_stable: true,
    },
    factor_permission: {
      timestamp,
      regime_context: 'TRENDING_NORMAL_VOL',
      momentum_permitted: true,
      quality_permitted: true,
      value_permitted: false,
    },
    signals: [],
    active_beliefs: Array.from({ length: beliefs }, belief),
    macro_state: null,
    flow_state: null,
  };
}

/** The v1 graph with `extra` tasks beside T3, whose skill nobody has registered. */
export function graphOf(v1, tasks) {
  const extra = Array.from({ length: tasks - v1.tasks.length }, (_, i) => ({
    name: `scan-${i}`,
    task_type: 'scan',
    skill_ref: 'bench.scan',
    required_state: ['regime_state'],
    required_permissions: [],
    depends_on: ['T2'],
    inputs: { part: i },
    timeout_ms: 1_000,
    output_schema: 'Scan',
    side_effects: ['audit_log'],
  }));
  return extra.length === 0
    ? null
    : { ...v1, graph_id: `wide-${tasks}`, tasks: [...v1.tasks, ...extra] };
}

/** A document as a file would bring it. */
export const sourceOf = (name, value) => ({ name, bytes: Buffer.from(JSON.stringify(value)) });

/** A governed cycle as the command line starts it: prepared, stored, run, and its result awaited. Gives the workflow id. */
export async function governed(harness, { beliefs = 12, graph = null } = {}) {
  const document = graph === null ? null : sourceOf('graph', graph);
  const prepared = prepare(sourceOf('bundle', bundleOf(beliefs)), document, null);
  const { workflow_id } = await startCycle(harness, prepared);
  const result = await harness.client.workflow.getHandle(workflow_id).result();
  if (result.outcome !== 'COMPLETED')
    throw new Error(`a cycle ended ${result.outcome}: ${result.summary}`);
  return workflow_id;
}

/** The bare workflow of so many steps, on an input as large as a governed cycle's; every step is given it and returns it. */
export async function bare(harness, input, steps = 4) {
  count += 1;
  const workflowId = `bare-${count}`;
  await harness.client.workflow.execute('bareWorkflow', {
    workflowId,
    taskQueue: 'bare',
    args: [input, steps],
  });
  return workflowId;
}

/** The input that the governed cycle's workflow was given: the bare one gets the same bytes. */
export async function inputOf(harness, workflowId) {
  const { events } = await harness.client.workflow.getHandle(workflowId).fetchHistory();
  const [payload] = events[0].workflowExecutionStartedEventAttributes.input.payloads;
  return JSON.parse(Buffer.from(payload.data).toString('utf8'));
}
