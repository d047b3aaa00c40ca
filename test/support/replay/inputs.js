'use strict';
/*
 * Part of a workflow bundle that only tests make: tells what the workflow sends, in the order in which it sends it. Temporal's own
 * replay compares kinds, names and ids; what a worker that replays would write, and for how long it would wait, it does not.
 */
const { proxySinks } = require('@temporalio/workflow');

const { sent } = proxySinks();

exports.interceptors = () => ({
  inbound: [],
  outbound: [
    {
      scheduleActivity(input, next) {
        const { activityType, args, options, seq } = input;
        sent.tell(`activity ${options.activityId ?? seq} ${activityType}`, JSON.stringify(args));
        return next(input);
      },
      startTimer(input, next) {
        sent.tell(`timer ${input.seq}`, JSON.stringify(input.durationMs));
        return next(input);
      },
      startChildWorkflowExecution(input, next) {
        sent.tell(`child ${input.options.workflowId}`, JSON.stringify(input.options.args));
        return next(input);
      },
    },
  ],
});
