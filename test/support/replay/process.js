'use strict';
/*
 * Replays the histories on standard input (`{name: history}`) on the workflow bundle that its argument names, and prints
 * `{name: what is against it, or null}`. With `--inputs` in place of a bundle also what the workflow sends is held against what
 * stands in history: an activity's input, a timer's length, a child's input. A process of its own: the replayer's
 * native part would keep the tests from ending.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { temporal } = require('@temporalio/proto');
const {
  decodeArrayFromPayloads,
  loadDataConverter,
} = require('@temporalio/common/lib/internal-non-workflow');
const { bundleWorkflowCode, DefaultLogger, Worker } = require('@temporalio/worker');
const { createLogger, installRuntime } = require('../../../dist/logger');
const { dataConverterFor } = require('../../../dist/payloads/converter');

const { History } = temporal.api.history.v1;
const SHOWN_MAX = 400;
const workflows = join(__dirname, '..', '..', '..', 'dist', 'workflows');

/** As its worker knew it: ids of children and of halts are made of the workflow's and the run's own. */
function identified(history) {
  const [{ workflowExecutionStartedEventAttributes: started }] = history.events;
  // A run that was reset has the first event of the run before it, and is named in the event of the reset.
  for (const { workflowTaskFailedEventAttributes: failed } of history.events)
    if (failed?.newRunId) started.originalExecutionRunId = failed.newRunId;
  return { workflowId: started.workflowId, runId: started.originalExecutionRunId };
}

/** What the workflow has sent, as its history has it: `[what, its input]`, in order. */
async function sentBy({ events }, dataConverter) {
  const inputOf = async (input) =>
    JSON.stringify(await decodeArrayFromPayloads(dataConverter, input?.payloads));
  const sent = [];
  for (const {
    activityTaskScheduledEventAttributes: activity,
    timerStartedEventAttributes: timer,
    startChildWorkflowExecutionInitiatedEventAttributes: child,
  } of events) {
    if (activity) {
      const { activityId, activityType, input } = activity;
      sent.push([`activity ${activityId} ${activityType.name}`, await inputOf(input)]);
    }
    if (timer) {
      const { seconds, nanos } = timer.startToFireTimeout;
      sent.push([`timer ${timer.timerId}`, String(Number(seconds) * 1_000 + nanos / 1e6)]);
    }
    if (child) sent.push([`child ${child.workflowId}`, await inputOf(child.input)]);
  }
  return sent;
}

/**
 * The first thing in history that the replay has not sent so; null when there is none. What is given up in the workflow task that
 * asked for it never reaches the server: so the replay may have sent more.
 */
function differenceOf(history, replayed) {
  const left = new Map();
  for (const [what, input] of replayed) left.set(what, [...(left.get(what) ?? []), input]);
  for (const [what, input] of history) {
    const inputs = left.get(what) ?? [];
    const at = inputs.indexOf(input);
    if (at === -1) {
      const [instead = 'nothing'] = inputs;
      return `${what}: ${aroundFirst(input, instead)}`;
    }
    left.set(what, inputs.slice(at + 1));
  }
  return null;
}

/** Both texts from a little before where they differ. */
function aroundFirst(one, other) {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const shown = (text) => text.slice(Math.max(at - 100, 0), at + SHOWN_MAX);
  return `history has …${shown(one)}, the replay …${shown(other)}`;
}

async function main() {
  installRuntime(createLogger('silent'));
  const converter = dataConverterFor(process.env.HARNESS_PAYLOAD_KEYS);
  const bySent = process.argv[2] === '--inputs';
  const loaded = loadDataConverter(converter);
  const sent = new Map();
  const replayed = new Map();
  const named = Object.entries(JSON.parse(readFileSync(0, 'utf8'))).map(([name, plain]) => {
    const { workflowId, runId } = identified(plain);
    const history = History.fromObject(plain);
    replayed.set(runId, [...(replayed.get(runId) ?? []), { name, history }]); // one run may show two shapes
    sent.set(runId, []);
    return { workflowId, history };
  });
  const tell = {
    callDuringReplay: true,
    fn: ({ runId }, what, input) => void sent.get(runId).push([what, input]),
  };
  const options = {
    workflowBundle: bySent ? await bundleThatTells() : { codePath: process.argv[2] },
    dataConverter: converter,
    ...(bySent ? { sinks: { sent: { tell } } } : {}),
  };
  const said = {};
  for await (const { runId, error } of Worker.runReplayHistories(options, named)) {
    const { name, history } = replayed.get(runId).shift();
    const told = bySent ? await sentBy(history, loaded) : [];
    said[name] = error?.name ?? differenceOf(told, sent.get(runId).splice(0));
  }
  process.stdout.write(JSON.stringify(said), () => process.exit(0));
}

function bundleThatTells() {
  return bundleWorkflowCode({
    workflowsPath: join(workflows, 'index.js'),
    workflowInterceptorModules: [join(workflows, 'interceptors.js'), join(__dirname, 'inputs.js')],
    logger: new DefaultLogger('ERROR'),
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
