import { appendEntries } from '../../src/activities/opening';
import type { Draft } from '../../src/core/entry';
import { trailOf } from '../audit/trails';
import { Memory, memoryStore } from './memory-store';

jest.mock('@temporalio/activity', () => jest.requireActual('./temporal-activity'));

test('R36, C4.I2: a run that was cut off comes back too late to take the record of the next one over', async () => {
  const store = memoryStore(new Memory());
  const { cycleId } = trailOf();
  const opening = (run: string, at: string): Draft[] =>
    trailOf({}, run)
      .drafts.slice(0, 1)
      .map((draft) => ({ ...draft, at }));
  await appendEntries(store, cycleId, opening('run-2', '2026-11-22T15:00:00.000Z'));
  const late = appendEntries(store, cycleId, opening('run-1', '2026-11-22T14:00:00.000Z'));
  await expect(late).rejects.toMatchObject({
    type: 'USAGE',
    message: expect.stringContaining('has been started again since'),
  });
  expect(await store.audit.read(cycleId)).toHaveLength(1);
  await appendEntries(store, cycleId, opening('run-3', '2026-11-22T16:00:00.000Z'));
  expect(await store.audit.read(cycleId)).toHaveLength(2);
});
