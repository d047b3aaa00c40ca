import fc from 'fast-check';
import { AT_MS } from '../core/samples';
import { coreOn } from './engine';
import { readingOf } from './reading';
import { worlds } from './worlds';

/** The seed is fixed, so that a red test is red again; more worlds from another one: `HARNESS_WORLDS=100000 HARNESS_SEED=7`. */
const numRuns = Number(process.env['HARNESS_WORLDS'] ?? 1_500);
const seed = Number(process.env['HARNESS_SEED'] ?? 1);

test('C2.U1–U5, C3.D1–D3, C3.F1–F3, C3.P1–P5, C4.G, C4.O, C4.S, C6.T1–T4, C7.V1–V5, R25: of any world the core and the table tell the same', () => {
  const picks = fc.nat(5).map((n) => (running: number) => n % running);
  const agree = fc.property(worlds, picks, (world, pick) => {
    expect(coreOn(world, pick)).toEqual(readingOf(world, AT_MS, () => undefined));
  });
  fc.assert(agree, { numRuns, seed });
});
