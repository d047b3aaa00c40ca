import { isDigest, isRef } from '../../src/core/json';

const ref = `sha256:${'0f'.repeat(32)}`;

test('C1.1: a reference has the address of a document and a count, and nothing else', () => {
  expect(isRef({ ref, count: 1 })).toBe(true);
  const others = [
    { ref: 5, count: 1 },
    { ref: 'x', count: 1 },
    { ref, count: '1' },
    { ref, count: 0.5 },
  ];
  for (const value of [...others, { ref }, { ref, count: 1, more: 1 }, [ref, 1], null, ref])
    expect(isRef(value)).toBe(false);
});

test.each([
  ref.toUpperCase(),
  ref.slice(0, -1),
  `${ref}0`,
  ` ${ref}`,
  `sha256:${'g'.repeat(64)}`,
  7,
])('C1.1: %j is no digest', (value) => {
  expect(isDigest(value)).toBe(false);
});
