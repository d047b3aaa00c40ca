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

async function main() {
  installRuntime(createLogger('silent'));
  const histories = Object.entries(JSON.parse(readFileSync(0, 'utf8')));
  const named = histories.map(([workflowId, history]) => ({
    workflowId,
    history: History.fromObject(history),
  }));
  const options = {
    workflowBundle: { codePath: process.argv[2] },
    dataConverter: dataConverterFor(process.env.HARNESS_PAYLOAD_KEYS),
  };
  const said = {};
  for await (const { workflowId, error } of Worker.runReplayHistories(options, named)) {
    said[workflowId] = error?.name ?? null;
  }
  process.stdout.write(JSON.stringify(said), () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
