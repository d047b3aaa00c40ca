import { LATCH_CHAIN } from '../../src/core/identity';
import type { LatchCause } from '../../src/core/latch';
import type { DecisionRequest } from '../../src/core/halts';
import type { Opened } from './contract';

const AT = '2026-11-22T14:25:29.000Z';
const cause = (detail: string): LatchCause => ({ code: 'OPERATOR_HALT', detail, raised_by: 'ada' });
const resume = (halt_id: string, decision_id = 'd1'): DecisionRequest => ({
  halt_id,
  choice: 'RESUME',
  reason: 'looked at',
  root_cause: 'a test',
  why_safe: 'it is a test',
  by: 'bob',
  decision_id,
});

/** C3.F3: the harness-wide halt. */
export function latchContract(opened: Opened): void {
  test('C3.F3: the latch is in force for every process when it is set, until a human clears it', async () => {
    const { store, open } = opened();
    const other = (await open()).latch;
    expect((await other.now()).halt).toBeNull();
    const set = await store.latch.set(cause('stop'), AT);
    expect((await other.now()).halt).toEqual(set.halt);
    expect(set.halt).toMatchObject({ scope: 'harness', detail: 'stop', raised_by: 'ada' });
    const answer = await other.clear(resume(set.halt?.halt_id ?? ''), AT);
    expect(answer.accepted).toBe(true);
    expect((await store.latch.now()).halt).toBeNull();
    expect((await (await open()).latch.now()).cleared?.by).toBe('bob');
  });

  test('C3.F3: of many that set the latch at once one opens the halt, and no cause is lost', async () => {
    const { store, open } = opened();
    const stores = [store, ...(await Promise.all(Array.from({ length: 7 }, open)))];
    const latches = await Promise.all(
      stores.map(({ latch }, index) => latch.set(cause(`cause ${index}`), AT)),
    );
    expect(new Set(latches.map(({ halt }) => halt?.halt_id))).toEqual(new Set(['harness-h1']));
    const entries = (await store.audit.read(LATCH_CHAIN)) ?? [];
    const details = entries.map(({ data }) => String(data['detail'])).sort();
    expect(details).toEqual(stores.map((_, index) => `cause ${index}`));
    expect(entries.map(({ seq }) => seq)).toEqual(stores.map((_, index) => index + 1));
  });

  test('C3.F3: a cause that is told again, by an attempt that comes late, does not halt what a human has cleared', async () => {
    const { latch, audit } = opened().store;
    await latch.set(cause('stop'), AT);
    await latch.set(cause('and more'), AT);
    await latch.set(cause('stop'), AT);
    await latch.clear(resume('harness-h1'), AT);
    for (const told of ['stop', 'and more'])
      expect((await latch.set(cause(told), AT)).halt).toBeNull();
    const types = ((await audit.read(LATCH_CHAIN)) ?? []).map(({ type }) => type);
    expect(types).toEqual(['LATCH_SET', 'LATCH_REPEATED', 'LATCH_CLEARED']);
    const later = new Date(Date.parse(AT) + 1).toISOString();
    expect((await latch.set(cause('stop'), later)).halt?.halt_id).toBe('harness-h2');
  });

  test('R14: a refused clearing is on record, and the halt stays', async () => {
    const { latch, audit } = opened().store;
    await latch.set(cause('stop'), AT);
    const answer = await latch.clear({ ...resume('harness-h1'), choice: 'SKIP_TASK' }, AT);
    expect(answer.accepted).toBe(false);
    const entries = (await audit.read(LATCH_CHAIN)) ?? [];
    expect(entries.map(({ type }) => type)).toEqual(['LATCH_SET', 'LATCH_REFUSED']);
    expect((await latch.now()).halt).not.toBeNull();
  });
}
