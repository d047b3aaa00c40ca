import { AsyncLocalStorage } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setImmediate as turn } from 'node:timers/promises';
import { States } from '../src/activities/states';
import { canonicalText } from '../src/core/identity';
import type { Json } from '../src/core/json';
import { DEFAULT_POLICY } from '../src/core/policy';
import { Memory, memoryStore } from './simulation/memory-store';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

describe('the documents that a worker keeps', () => {
  test('R18: do not keep the activity that read them', async () => {
    const { documents } = memoryStore(new Memory());
    const states = new States(documents);
    const text = canonicalText(DEFAULT_POLICY as unknown as Json);
    const hash = await documents.put(Buffer.from(text));
    const activities = new AsyncLocalStorage<object>();
    const read = async (): Promise<WeakRef<object>> => {
      const activity = { given: 'much' };
      await activities.run(activity, () => states.policy(hash));
      return new WeakRef(activity);
    };
    const activity = await read();
    await turn();
    collect();
    expect(activity.deref()).toBeUndefined();
    expect(await states.policy(hash)).toBe(await states.policy(hash));
  });
});
