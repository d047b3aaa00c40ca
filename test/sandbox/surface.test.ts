import { openSandbox } from '../../src/sandbox';
import { PURE_BUILTINS } from '../../src/sandbox/builtins';
import type { SandboxOptions } from '../../src/sandbox/types';
import { invocationOf, recorder } from './world';

/** Everything that is found from what a skill is given: each property's path and kind. Getters are not called. */
const WALK = `const seen = new Set(); const found = [];
  const walk = (object, path, depth) => {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null) return;
    if (seen.has(object) || depth === 0) return;
    seen.add(object);
    for (const key of Reflect.ownKeys(object)) {
      const { value, get, writable, configurable } = Reflect.getOwnPropertyDescriptor(object, key);
      const kind = get === undefined ? typeof value : 'a getter';
      const named = typeof (get ?? value) === 'function' ? (get ?? value).name : '';
      found.push([path + '.' + String(key), kind, named, writable, configurable].join(' '));
      walk(get ?? value, path + '.' + String(key), depth - 1);
    }
    walk(Reflect.getPrototypeOf(object), path + '.__proto__', depth - 1);
  };
  walk({ globalThis, ctx, modules: ${JSON.stringify([...PURE_BUILTINS, 'process'])}.map((name) => require(name)) }, '', 6);
  return found.sort();`;

async function surface(options: SandboxOptions): Promise<unknown> {
  const sandbox = await openSandbox({ isolation: 'process', spares: 0, ...options });
  const ending = await sandbox.run(invocationOf(WALK), recorder());
  await sandbox.close();
  return ending;
}

test('R15: out of the start-up snapshot nothing reaches a skill that did not out of the file', async () => {
  const loaded = await surface({ snapshot: false });
  expect(loaded).toMatchObject({ kind: 'RETURNED' });
  expect(JSON.stringify(loaded).length).toBeGreaterThan(100_000);
  expect(await surface({})).toEqual(loaded);
});
