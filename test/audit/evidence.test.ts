import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyTrail } from '../../src/audit/verify';
import type { Draft } from '../../src/core/entry';
import { hashOf } from '../../src/core/identity';
import type { Json, JsonObject, Sha256 } from '../../src/core/json';
import { V1_GRAPH } from '../../src/core/graph';
import { openFileStore } from '../../src/store/files/index';
import type { Store } from '../../src/store/store';
import { bundleWith } from '../core/samples';
import { keepDocuments, trailOf } from './trails';

describe('what a trail stands on', () => {
  let home: string;
  let store: Store;
  const trail = trailOf();

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'harness-evidence-'));
    store = await openFileStore(home);
  });
  afterEach(() => rm(home, { recursive: true }));

  const documentFile = (ref: Sha256) => join(home, 'documents', ref.slice(7, 9), ref.slice(7));
  const withPlan = (changes: (plan: JsonObject) => JsonObject): Draft[] =>
    trail.drafts.map((draft) =>
      draft.type === 'GRAPH_BUILT' ? { ...draft, data: changes(draft.data) } : draft,
    );

  test('a whole cycle with its documents is intact', async () => {
    await keepDocuments(store);
    await store.audit.append(trail.cycleId, trail.drafts);
    expect(await verifyTrail(home)).toMatchObject({ exit: 0, cycles: [{ status: 'INTACT' }] });
  });

  test.each([
    ['bundle', bundleWith()],
    ['graph', V1_GRAPH],
  ])('a missing %s makes the trail incomplete, a damaged one breaks it', async (what, document) => {
    await keepDocuments(store);
    await store.audit.append(trail.cycleId, trail.drafts);
    const ref = hashOf(document as unknown as Json);
    await writeFile(documentFile(ref), '{}');
    expect(await verifyTrail(home)).toMatchObject({
      exit: 1,
      cycles: [{ problem: { line: 1, problem: `the ${what} ${ref} does not hash to its name` } }],
    });
    await rm(documentFile(ref));
    expect(await verifyTrail(home)).toMatchObject({
      exit: 2,
      cycles: [{ problem: { line: 1, problem: `the ${what} ${ref} is not in the store` } }],
    });
  });

  test('C4.I1: a plan hash that bundle, graph and policy do not give is told', async () => {
    await keepDocuments(store);
    const plan_hash = `sha256:${'0'.repeat(64)}`;
    await store.audit.append(
      trail.cycleId,
      withPlan((plan) => ({ ...plan, plan_hash })),
    );
    expect(await verifyTrail(home)).toMatchObject({
      exit: 1,
      cycles: [
        { problem: { problem: 'the plan hash is not that of bundle, graph and policy (C4.I1)' } },
      ],
    });
  });

  test('C4.I1: a plan that drops a dependency of its graph is told', async () => {
    await keepDocuments(store);
    await store.audit.append(
      trail.cycleId,
      withPlan((plan) => ({
        ...plan,
        tasks: (plan['tasks'] as readonly JsonObject[]).map((task) =>
          task['name'] === 'T4' ? { ...task, after: '' } : task,
        ),
      })),
    );
    expect(await verifyTrail(home)).toMatchObject({
      exit: 1,
      cycles: [{ problem: { problem: expect.stringContaining('the plan is not the one') } }],
    });
  });

  test('C6.T4: an action of no surviving belief is told, where the list stands in the store', async () => {
    await keepDocuments(store);
    const ref = await store.documents.put(Buffer.from('["B-9"]'));
    const forged = trail.drafts.map((draft) =>
      draft.type === 'TASK_ENDED' && draft.task === 'T3'
        ? { ...draft, data: { ...draft.data, lists: { survivors: { ref, count: 1 } } } }
        : draft,
    );
    await store.audit.append(trail.cycleId, forged);
    expect(await verifyTrail(home)).toMatchObject({
      exit: 1,
      cycles: [{ problem: { problem: expect.stringContaining('no belief that survived T3') } }],
    });
  });
});
