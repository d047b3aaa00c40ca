// What people do to one cycle: messages in time, early, late, too often and malformed, and what the Web UI offers.
import { randomUUID } from 'node:crypto';
import { cancelCycle, decide, haltAll, haltCycle, resumeAll, startCycle } from '../dist/client.js';
import { sleep } from './world.mjs';

const MALFORMED = [undefined, null, 'text', 1, [], {}, { reason: 1, by: {} }, { halt_id: {} }];
const STORM = 150;
const DUPLICATES = 8;
const LATE_MS = 10_000;
const TRIES = 10;
const ALL_HALTED_MS = 2_500;
const BY = 'chaos';

export function decision(haltId, choice, changes = {}) {
  return {
    halt_id: haltId,
    choice,
    reason: 'the chaos run goes on',
    root_cause: 'the chaos run',
    why_safe: 'the model allows it',
    by: BY,
    decision_id: randomUUID(),
    ...changes,
  };
}

/** Sent to a cycle that may be gone, halted or busy: to be refused is a right answer, and so is none in time. */
const quietly = (act) =>
  Promise.resolve(act).then(
    () => true,
    () => false,
  );

/** By kind: `(world, cycle, fault)`, when the cycle has been started. */
export const PEOPLE = {
  async halt({ harness }, cycle) {
    await haltCycle(harness, cycle, 'a look at the feed', BY);
  },

  async cancel({ harness }, cycle) {
    cycle.deeds.push('CANCEL');
    await cancelCycle(harness, cycle);
  },

  async 'cancel-and-run-again'(world, cycle) {
    cycle.deeds.push('CANCEL');
    await cancelCycle(world.harness, cycle);
    await closed(world, cycle);
    await startCycle(world.harness, cycle.prepared);
  },

  async terminate({ harness }, cycle) {
    cycle.deeds.push('TERMINATE');
    await harness.client.workflow.getHandle(cycle.workflow_id).terminate('chaos');
    await startCycle(harness, cycle.prepared);
  },

  /** To its first workflow task, as the Web UI offers it; a closed cycle too. */
  async reset({ harness }, cycle) {
    const handle = harness.client.workflow.getHandle(cycle.workflow_id);
    const { events } = await handle.fetchHistory();
    const first = events.find((event) => event.workflowTaskCompletedEventAttributes);
    if (!first) throw new Error('no workflow task of it is done yet');
    cycle.deeds.push('RESET');
    const { runId } = await handle.describe();
    await harness.client.workflowService.resetWorkflowExecution({
      namespace: harness.namespace,
      workflowExecution: { workflowId: cycle.workflow_id, runId },
      reason: 'chaos',
      workflowTaskFinishEventId: first.eventId,
      requestId: randomUUID(),
    });
  },

  async 'duplicate-start'(world, cycle) {
    const starts = Array.from({ length: DUPLICATES }, () =>
      startCycle(world.harness, cycle.prepared).catch(() => null),
    );
    const answers = (await Promise.all(starts)).filter((answer) => answer !== null);
    const ran = answers.filter(({ deduplicated }) => !deduplicated).length;
    if (ran > 1)
      world.accidents.push(
        `cycle ${cycle.cycle_id}: ${ran} of ${DUPLICATES} starts at once ran it`,
      );
  },

  async 'early-messages'({ harness }, cycle) {
    const handle = harness.client.workflow.getHandle(cycle.workflow_id);
    const early = decision(`${cycle.cycle_id}-0000-h1`, 'RESUME');
    await Promise.all([
      quietly(handle.signal('resume', early)),
      quietly(handle.signal('latch')),
      quietly(decide(harness, cycle, early)),
      quietly(decide(harness, cycle, early)),
    ]);
  },

  async 'late-messages'(world, cycle) {
    await closed(world, cycle);
    const { harness } = world;
    const handle = harness.client.workflow.getHandle(cycle.workflow_id);
    const late = decision(`${cycle.cycle_id}-0000-h1`, 'RESUME');
    await Promise.all([
      quietly(handle.signal('halt', { reason: 'too late', by: BY })),
      quietly(handle.signal('resume', late)),
      quietly(decide(harness, cycle, late)),
    ]);
    if (await quietly(cancelCycle(harness, cycle))) cycle.deeds.push('CANCEL');
  },

  async 'signal-storm'({ harness }, cycle) {
    const handle = harness.client.workflow.getHandle(cycle.workflow_id);
    const burst = Array.from({ length: STORM }, (_, i) => [
      quietly(handle.signal('halt', { reason: `storm ${i}`, by: BY })),
      quietly(handle.signal('resume', decision('none', 'RESUME'))),
    ]);
    await Promise.all(burst.flat());
  },

  async malformed({ harness }, cycle) {
    const handle = harness.client.workflow.getHandle(cycle.workflow_id);
    const send = (payload) => [
      quietly(handle.signal('halt', payload)),
      quietly(handle.signal('resume', payload)),
      quietly(handle.executeUpdate('decide', { args: [payload] })),
    ];
    await Promise.all(MALFORMED.flatMap(send));
  },

  async override({ harness }, cycle) {
    const asked = decision('none', 'RESUME', { min_regime_confidence: 0, permit: ['value'] });
    await quietly(decide(harness, cycle, asked));
  },

  async 'halt-all'(world, _cycle, { for_ms }) {
    world.holding = true;
    try {
      const { in_flight } = await insisting(() =>
        haltAll(world.reach, { reason: 'chaos', by: BY }),
      );
      const latch = { from: Date.now(), to: 0, in_flight };
      await sleep(Math.min(for_ms, ALL_HALTED_MS));
      latch.to = Date.now();
      world.latches.push(latch);
      await insisting(() => resumeAll(world.reach, decision(undefined, 'RESUME')));
    } finally {
      world.holding = false;
    }
  },

  /** The plan has given the next cycles their timestamps from it. */
  async 'clock-jump'() {},
};

/** The server may be away just now, or the record blocked. */
export async function insisting(act) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (tries === TRIES) throw error;
      await sleep(500);
    }
  }
}

/** Until Temporal has the cycle as over; given up after some time, for it may wait for a human. */
async function closed({ harness }, { workflow_id }) {
  const result = quietly(harness.client.workflow.getHandle(workflow_id).result());
  await Promise.race([result, sleep(LATE_MS)]);
}
