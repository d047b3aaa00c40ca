import fc from 'fast-check';
import { plain } from './plain';

const json = (value: unknown): unknown => {
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
};

/** The simulation's wire is no proof unless it carries what Temporal's does, and nothing else. */
describe('what goes between workflow, server and worker', () => {
  test('is what JSON makes of it', () => {
    const anything = fc.anything({
      withDate: true,
      withNullPrototype: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        expect(plain(value)).toStrictEqual(json(value));
        expect(JSON.stringify(plain(value))).toBe(JSON.stringify(json(value)));
      }),
    );
  });

  test.each([
    [{ a: undefined, b: () => 1, c: Symbol('c'), d: Number.NaN, e: -0 }],
    [[undefined, () => 1, Symbol('c'), -Infinity, -0]],
    [{ toJSON: () => 'told otherwise' }],
    [new Error('lost')],
    [JSON.parse('{"__proto__": {"reason": "x"}, "constructor": {"by": "y"}}')],
  ])('is what JSON makes of it: %#', (value: unknown) => {
    expect(plain(value)).toEqual(json(value));
    expect(Object.keys(Object(plain(value)))).toEqual(Object.keys(Object(json(value))));
  });

  test('is a copy: what one side changes is not changed on the other', () => {
    const sent = { list: [{ a: 1 }] };
    const got = plain(sent);
    got.list.push({ a: 2 });
    expect(sent).toEqual({ list: [{ a: 1 }] });
  });
});
