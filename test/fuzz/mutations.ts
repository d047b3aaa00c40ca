import { Chance } from '../simulation/scheduler';

/** Values that readers stumble over: wrong kinds, edges of numbers, names of prototypes, characters that are none. */
const STRANGE: readonly [unknown, ...unknown[]] = [
  null,
  true,
  0,
  -0,
  -1,
  1e308,
  2 ** 53 + 2,
  0.1 + 0.2,
  '',
  ' ',
  '\0',
  '\u202e\u0007\u001b[31m',
  '\ud800',
  'e\u0301'.repeat(200),
  '__proto__',
  'constructor',
  'x'.repeat(20_000),
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  [],
  {},
  [[[[[[[[[[]]]]]]]]]],
  { __proto__: null, toString: 1, hasOwnProperty: 2, length: -1 },
];
const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', '', '\0', 'then', '0', 'size'];

/** A valid document with some of its places changed. */
export function mutated(value: unknown, chance: Chance): unknown {
  let made: unknown = structuredClone(value);
  const times = 1 + chance.below(3);
  for (let i = 0; i < times; i += 1) made = once(made, chance);
  return made;
}

function once(value: unknown, chance: Chance): unknown {
  if (typeof value === 'string' && chance.is(0.4))
    return Buffer.from(mangled(Buffer.from(value), chance)).toString();
  if (typeof value !== 'object' || value === null || chance.is(0.15)) return chance.of(STRANGE);
  const keys = Object.keys(value);
  const key = keys[chance.below(Math.max(keys.length, 1))];
  const strange = chance.is(0.15) || key === undefined;
  // A list of JSON has no names.
  const named = Array.isArray(value) ? `${keys.length}` : (KEYS[chance.below(KEYS.length)] ?? '');
  const at = strange ? named : key;
  const copy: object = Array.isArray(value) ? [...value] : { ...value };
  if (!strange && chance.is(0.2)) {
    if (Array.isArray(copy)) copy.splice(Number(at), 1);
    else Reflect.deleteProperty(copy, at);
    return copy;
  }
  const before: unknown = Reflect.get(value, at);
  const after = chance.is(0.5) ? chance.of(STRANGE) : once(before, chance);
  Object.defineProperty(copy, at, {
    value: after,
    enumerable: true,
    writable: true,
    configurable: true,
  });
  return copy;
}

/** Bytes with some flipped, cut out, doubled or put in. */
export function mangled(bytes: Uint8Array, chance: Chance): Uint8Array {
  let made = Buffer.from(bytes);
  const times = 1 + chance.below(4);
  for (let i = 0; i < times; i += 1) {
    const at = chance.below(made.length + 1);
    const to = Math.min(made.length, at + chance.below(40));
    const [head, middle, tail] = [made.subarray(0, at), made.subarray(at, to), made.subarray(to)];
    const random = Buffer.from(Array.from({ length: chance.below(6) }, () => chance.below(256)));
    switch (chance.below(6)) {
      case 0:
        made = Buffer.concat([head, tail]);
        break;
      case 1:
        made = Buffer.concat([head, middle, middle, tail]);
        break;
      case 2:
        made = Buffer.concat([head, random, tail]);
        break;
      case 3:
        made = Buffer.concat([Buffer.from('\ufeff'), made]);
        break;
      case 4:
        made = Buffer.concat([head, Buffer.from(chance.of(BITS)), tail]);
        break;
      default:
        made = Buffer.from(made);
        if (at < made.length) made[at] = (made[at] ?? 0) ^ (1 << chance.below(8));
    }
  }
  return made;
}

const BITS: readonly [string, ...string[]] = [
  '{"a":1,"a":2}',
  '"__proto__":{"polluted":true},',
  '[['.repeat(200),
  '{"a":'.repeat(80),
  '1e999',
  'NaN',
  '\\ud800',
  '\r\n',
  '// no',
  ',,',
];
