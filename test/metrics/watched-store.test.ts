import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Draft } from '../../src/core/entry';
import { openMeters } from '../../src/metrics/meters';
import { watchedStore } from '../../src/metrics/watched-store';
import { openFileStore } from '../../src/store/files';
import { CYCLE, draft } from '../store/drafts';
import { HOLDER, intentOf } from '../store/effect-intents';
import { CountingMeter } from './counting-meter';

let home: string;
let meter: CountingMeter;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'harness-metrics-'));
  meter = new CountingMeter();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function open() {
  return watchedStore(await openFileStore(home), openMeters(meter));
}

const violation = (seq: number): Draft =>
  draft('r1', seq, {
    type: 'VIOLATION',
    data: { kind: 'SKILL_VIOLATION', code: 'TIMEOUT' },
  });
const counted = () => meter.of('harness_violations', { kind: 'SKILL_VIOLATION', code: 'TIMEOUT' });

test('C4.I2: an attempt that is done twice, by this worker or by another, counts once', async () => {
  const [one, other] = [await open(), await open()];
  await one.audit.append(CYCLE, [draft('r1', 1), violation(2)]);
  await one.audit.append(CYCLE, [draft('r1', 1), violation(2)]);
  await other.audit.append(CYCLE, [violation(2), violation(3)]);
  expect(counted()).toBe(2);
  expect(meter.of('harness_audit_entries')).toBe(3);
});

test('what could not be written counts as a failure, and as nothing else', async () => {
  const store = await open();
  await store.audit.append(CYCLE, [draft('r1', 1), violation(2)]);
  const forked = store.audit.append(CYCLE, [{ ...violation(2), actor: 'somebody else' }]);
  await expect(forked).rejects.toMatchObject({ code: 'AUDIT_FORK' });
  expect(counted()).toBe(1);
  expect(meter.of('harness_audit_append_failures', { code: 'AUDIT_FORK' })).toBe(1);
});

test('an effect counts once by its receipt, however often it is asked for', async () => {
  const perform = async () => ({ status: 'PERFORMED' as const, detail: null });
  const { effects } = await open();
  await effects.open(HOLDER);
  await effects.perform(HOLDER, intentOf(), { repeatable: true, perform });
  await effects.perform(HOLDER, intentOf(), { repeatable: true, perform });
  const labels = { effect: 'ranking_log', status: 'PERFORMED' };
  expect(meter.of('harness_effect_receipts', labels)).toBe(1);
});
