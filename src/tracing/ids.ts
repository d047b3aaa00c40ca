import { createHash } from 'node:crypto';

/**
 * A cycle's spans find each other by what everybody knows of it: the trace id is the cycle id, and the ids of its start and of
 * its runs are made of theirs. So no header has to travel through the workflow, and its code is the same with tracing and without.
 */
export function traceIdOf(cycleId: string): string {
  return cycleId.replaceAll('-', '');
}

export function startSpanId(cycleId: string): string {
  return spanIdOf(`start ${cycleId}`);
}

export function runSpanId(runId: string): string {
  return spanIdOf(`run ${runId}`);
}

function spanIdOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
