// Replays everything that has run, on today's workflows: each must go the same way again, and send the same to the last input. What
// goes on record behind a workflow's time is only then the same on the worker that takes a cycle over.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import proto from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
const PROCESS = fileURLToPath(new URL('../test/support/replay/process.js', import.meta.url));
/** What one process is given: its input is one text, and each bundles the workflows anew. */
const BATCH = 500;
const OUTPUT_MAX = 2 ** 26;
const run = promisify(execFile);

/** `{replayed, problems: [{workflow_id, problem}]}`, of every run of every workflow that the server knows. */
export async function replayAll({ client }) {
  const runs = [];
  for await (const { workflowId, runId } of client.workflow.list())
    runs.push({ workflowId, runId });
  const problems = [];
  for (let from = 0; from < runs.length; from += BATCH) {
    const histories = {};
    for (const { workflowId, runId } of runs.slice(from, from + BATCH))
      histories[`${workflowId} ${runId}`] = await historyOf(client, workflowId, runId);
    for (const [name, problem] of Object.entries(await replay(histories)))
      if (problem !== null) problems.push({ workflow_id: name.split(' ')[0], problem });
  }
  return { replayed: runs.length, problems };
}

async function historyOf(client, workflowId, runId) {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return History.toObject(History.create(history), { longs: String, enums: String, bytes: String });
}

async function replay(histories) {
  const running = run('node', [PROCESS, '--inputs'], { maxBuffer: OUTPUT_MAX });
  running.child.stdin.end(JSON.stringify(histories));
  const { stdout } = await running;
  return JSON.parse(stdout);
}
