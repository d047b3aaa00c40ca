import fc from 'fast-check';
import {
  actionId,
  canonicalText,
  cycleId,
  effectKey,
  hashBytes,
  hashOf,
  LATCH_CHAIN,
  LEDGER_CHAIN,
  planHash,
  taskId,
  tickId,
} from '../../src/core/identity';
import { isObject, type Json, type Sha256 } from '../../src/core/json';

const INPUT: Sha256 = `sha256:${'0'.repeat(64)}`;
const GRAPH: Sha256 = `sha256:${'1'.repeat(64)}`;
const POLICY: Sha256 = `sha256:${'2'.repeat(64)}`;

/** RFC 8785 once more, written another way: sort by UTF-16 unit, scalars as ECMAScript writes them. */
function expected(value: Json): string {
  if (Array.isArray(value)) return '[' + value.map(expected).join(',') + ']';
  if (!isObject(value)) return JSON.stringify(value);
  const byUnits = ([a]: [string, Json], [b]: [string, Json]): number => {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const difference = a.charCodeAt(i) - b.charCodeAt(i);
      if (difference !== 0) return difference;
    }
    return a.length - b.length;
  };
  const members = Object.entries(value).sort(byUnits);
  return '{' + members.map(([k, v]) => JSON.stringify(k) + ':' + expected(v)).join(',') + '}';
}

function doubleFrom(hex: string): number {
  return Buffer.from(hex, 'hex').readDoubleBE();
}

describe('canonicalText', () => {
  test('is the RFC 8785 form of any JSON', () => {
    const json = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }).map((v) => v as Json);
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalText(value)).toBe(expected(value));
        expect(JSON.parse(canonicalText(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  // RFC 8785, Appendix B
  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
  ])('the double %s is written %s', (hex, text) => {
    expect(canonicalText(doubleFrom(hex))).toBe(text);
  });

  test('keys are sorted by UTF-16 unit, not by code point', () => {
    // RFC 8785, 3.2.3
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
    const text = canonicalText(Object.fromEntries(keys.map((key) => [key, 0])));
    expect(Object.keys(JSON.parse(`[${text}]`)[0])).toHaveLength(keys.length);
    expect(text).toBe('{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\u{1f600}":0,"\ufb33":0}');
  });

  test.each([
    ['{"toJSON":1,"a":{"toJSON":"x"}}', '{"a":{"toJSON":"x"},"toJSON":1}'],
    ['{"__proto__":{"b":1,"a":2},"a":1}', '{"__proto__":{"a":2,"b":1},"a":1}'],
    [
      '{"constructor":1,"hasOwnProperty":2,"10":3,"9":4}',
      '{"10":3,"9":4,"constructor":1,"hasOwnProperty":2}',
    ],
    ['{"a":"\\u0041\\/\\u0007\\n\\u20ac\\u2028"}', '{"a":"A/\\u0007\\n\u20ac\u2028"}'],
    ['[]', '[]'],
    ['{"":{}}', '{"":{}}'],
  ])('%s keeps every key and value', (source, text) => {
    expect(canonicalText(JSON.parse(source))).toBe(text);
  });

  test('a value of 64 levels has one', () => {
    const text = '{"a":'.repeat(63) + '[]' + '}'.repeat(63);
    expect(canonicalText(JSON.parse(text))).toBe(text);
  });

  test.each([
    ['a lone high surrogate', 'x\ud800y'],
    ['a lone low surrogate', '\udfff'],
    ['a reversed pair', '\ude00\ud83d'],
    ['one in a key', { '\ud83d': 1 }],
    ['one behind backslashes', '\\\\\ud800'],
    ['NaN', NaN],
    ['Infinity', [Infinity]],
  ])('%s has none', (_what, value: Json) => {
    expect(() => canonicalText(value)).toThrow();
  });

  test.each(['\\ud800', '\\\\ud800', '\u{1f600}', '\\\u{1f600}'])(
    'the harmless text %p has one',
    (text) => expect(canonicalText(text)).toBe(JSON.stringify(text)),
  );
});

describe('hashes', () => {
  test('are SHA-256 of the canonical text', () => {
    expect(hashOf({})).toBe(
      'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    );
    expect(hashOf({ b: 1, a: 'é' })).toBe(hashBytes(Buffer.from('{"a":"é","b":1}', 'utf8')));
  });

  test('C4.I1: key order and spelling of the source do not count, every value does', () => {
    const hash = hashOf(JSON.parse('{"a": 1.0, "b": [true, null]}'));
    expect(hashOf(JSON.parse('{"b":[true,null],"\\u0061":1e0}'))).toBe(hash);
    expect(hashOf(JSON.parse('{"a":1,"b":[true,null],"c":null}'))).not.toBe(hash);
    expect(hashOf(JSON.parse('{"a":1,"b":[null,true]}'))).not.toBe(hash);
  });
});

/** Computed with another implementation (Python's uuid and hashlib) from the recipe of the interface. */
describe('ids', () => {
  const task = '26d30afb-6c99-5809-ae20-585d828389b1';

  test('C4.I3: a task id comes from the task type, the bundle and the inputs', () => {
    expect(taskId('validate_state', INPUT, {})).toBe(task);
    expect(taskId('rank', INPUT, { b: 'é', a: [1, 2] })).toBe(
      'fe9e357c-f99b-553e-92f4-8ebcbd670d63',
    );
  });

  test('C4.I3: another type, bundle or inputs is another task', () => {
    const ids = [
      taskId('rank', INPUT, {}),
      taskId('sort', INPUT, {}),
      taskId('rank', GRAPH, {}),
      taskId('rank', INPUT, { a: 1 }),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  test('C4.I2: an action id comes from the emitting task and the belief', () => {
    expect(actionId(task, 'B-é1')).toBe('4680e413-ab48-5bb8-b6f9-9ff76abcd2e4');
  });

  test('C4.I2: an effect has its key from cycle, task, name and ordinal', () => {
    const cycle = '0f3a1c52-6c1e-5d0b-8a77-3f2b9c4d5e6f';
    const effectTask = 'c6a0e1d2-3b4c-5d6e-8f70-112233445566';
    const key = 'c31ef812-26ef-5263-bfe1-6d431bb306c2';
    expect(effectKey(cycle, effectTask, 'ranking_log', 1)).toBe(key);
    expect(effectKey(cycle, effectTask, 'ranking_log', 2)).not.toBe(key);
  });

  test('R36: a cycle id comes from mode, bundle, graph and policy', () => {
    const id = 'f803c6a1-8f42-594b-b4f7-9bcfd863d2e6';
    expect(cycleId('shadow', INPUT, GRAPH, POLICY)).toBe(id);
    expect(cycleId('live', INPUT, GRAPH, POLICY)).not.toBe(id);
    expect(cycleId('shadow', GRAPH, INPUT, POLICY)).not.toBe(id);
  });

  test('R36: a scheduled cycle is known by its schedule and nominal time', () => {
    expect(tickId('five', '2026-11-22T14:25:00Z')).toBe('9ea48d58-9b5b-5976-9a73-1e7e30877ae1');
  });

  test('C4.I1: a plan hash covers the three documents and the tasks in order', () => {
    const plan = { input_hash: INPUT, graph_hash: GRAPH, policy_hash: POLICY };
    const one: [string, string] = ['T1', task];
    expect(planHash({ ...plan, tasks: [one] })).toBe(
      'sha256:bd4c7c546438312f6daf467b6dbec5d463a2c6000cfd7d3ac6b462d8bba84f78',
    );
    const two: [string, string] = ['T2', task];
    expect(planHash({ ...plan, tasks: [one, two] })).not.toBe(
      planHash({ ...plan, tasks: [two, one] }),
    );
  });
});

test('C1.1: the chains of the harness itself keep their names, so that what is on disk is found again', () => {
  expect(LATCH_CHAIN).toBe('a7a3ef2b-201f-588f-92a3-381b3e95b98d');
  expect(LEDGER_CHAIN).toBe('604a841d-8b7b-5643-8a34-80f44add7eb4');
});
