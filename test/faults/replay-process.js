'use strict';
/*
 * Replays the histories on standard input (`{name: history}`) on the workflow bundle that its argument names, and prints
 * `{name: the error's name, or null}`. A process of its own: the replayer's
 * native part would keep the tests from ending.
 */
const { readFileSync } = require('node:fs');
const { temporal } = require('@temporalio/proto');
const { Worker } = require('@temporalio/worker');
const { createLogger, installRuntime } = require('../../dist/logger');
const { dataConverterFor } = require('../../dist/payloads/converter');

const { History } = temporal.api.history.v1;

/** As its worker knew it: ids of children and of halts are made of the workflow's and the run's own. */
function identified(history) {
  const [{ workflowExecutionStartedEventAttributes: started }] = history.events;
  // A run that was reset has the first event of the run before it, and is named in the event of the reset.
  for (const { workflowTaskFailedEventAttributes: failed } of history.events)
    if (failed?.newRunId) started.originalExecutionRunId = failed.newRunId;
  return { workflowId: started.workflowId, runId: started.originalExecutionRunId };
}

async function main() {
  installRuntime(createLogger('silent'));
  const names = new Map();
  const named = Object.entries(JSON.parse(readFileSync(0, 'utf8'))).map(([name, plain]) => {
    const { workflowId, runId } = identified(plain);
    names.set(runId, [...(names.get(runId) ?? []), name]); // one run may show two shapes
    return { workflowId, history: History.fromObject(plain) };
  });
  const options = {
    workflowBundle: { codePath: process.argv[2] },
    dataConverter: dataConverterFor(process.env.HARNESS_PAYLOAD_KEYS),
  };
  const said = {};
  for await (const { runId, error } of Worker.runReplayHistories(options, named)) {
    for (const name of names.get(runId)) said[name] = error?.name ?? null;
  }
  process.stdout.write(JSON.stringify(said), () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
