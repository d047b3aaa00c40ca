import { EMPTY_REGISTRY, type RegistrySnapshot, type ViolationNote } from '../../src/core/registry';
import type { Opened } from './contract';
import { CYCLE } from './drafts';

const AT = '2026-11-22T14:25:29.000Z';
const snapshot = (version: number): RegistrySnapshot => ({
  previous: null,
  at: AT,
  change: null,
  message: 'a test',
  registry: { ...EMPTY_REGISTRY, version },
});
const made = (task: string) => (): Omit<ViolationNote, 'n' | 'id'> => ({
  skill_id: 'acme.rank',
  skill_ref: 'acme.rank@1.0.0',
  code: 'OUTPUT_SCHEMA',
  detail: 'a test',
  cycle_id: CYCLE,
  task,
  at: AT,
  tenure: 1,
  count: 1,
  response: [],
});

/** C7.V1: the registry's newest snapshot, and the violations noted since. */
export function registryContract(opened: Opened): void {
  test('C7.V1: what is published is in force for every process at its next look', async () => {
    const { store, open } = opened();
    const other = (await open()).registry;
    expect(await other.now()).toMatchObject({ pointer: null, snapshot: null });
    const first = await store.registry.publish(null, snapshot(1));
    expect(first).toMatchObject({ version: 1 });
    expect((await other.now()).pointer).toEqual(first);
    const second = await other.publish(first, snapshot(2));
    expect((await store.registry.now()).snapshot?.registry.version).toBe(2);
    expect((await store.registry.now()).pointer).toEqual(second);
  });

  test('C7.V1: who publishes from where the registry stands no more changes nothing', async () => {
    const { store, open } = opened();
    const first = await store.registry.publish(null, snapshot(1));
    expect(await store.registry.publish(null, snapshot(9))).toBeNull();
    const stores = await Promise.all(Array.from({ length: 5 }, open));
    const pointers = await Promise.all(
      stores.map(({ registry }, index) => registry.publish(first, snapshot(index + 2))),
    );
    const won = pointers.filter((pointer) => pointer !== null);
    expect(won).toHaveLength(1);
    expect((await store.registry.now()).pointer).toEqual(won[0]);
  });

  test('C7.V1: a violation is noted once for its id, and all that come at once are counted', async () => {
    const { store, open } = opened();
    const stores = [store, ...(await Promise.all(Array.from({ length: 5 }, open)))];
    const seen: number[] = [];
    const notes = await Promise.all(
      stores.flatMap(({ registry }, index) => [
        registry.note('same', made('same')),
        registry.note(`own ${index}`, (earlier) => {
          seen.push(earlier.length);
          return made(`own ${index}`)();
        }),
      ]),
    );
    const numbers = new Map(notes.map((note) => [note.id, note.n]));
    expect([...numbers.values()].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(notes.filter(({ id }) => id === 'same').map(({ n }) => n)).size).toBe(1);
    expect(seen.length).toBeGreaterThanOrEqual(6);
  });
}
