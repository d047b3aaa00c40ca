import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DECISION_TEXTS } from '../../src/core/events';
import type { DecisionRequest } from '../../src/core/halts';
import type { JsonObject } from '../../src/core/json';
import { readConfig } from '../../src/documents/config';
import { openPeople } from '../../src/people/host';
import { signDecision } from '../../src/people/signature';
import { entryOf, person } from './operators';

const [ada, bob, eve] = [person('ada'), person('bob'), person('eve')];
const DECISION: DecisionRequest = {
  halt_id: 'c-1-h1',
  choice: 'RESUME',
  reason: 'seen',
  root_cause: 'known',
  why_safe: 'mended',
  by: 'ada',
  decision_id: 'D-1',
};
const signed = (by: { private_pem: string }, decision = DECISION): DecisionRequest => ({
  ...decision,
  signature: signDecision(decision, by.private_pem),
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'operators-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function peopleBy(document: JsonObject | string) {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  writeFileSync(join(folder, 'operators.json'), text);
  const read = readConfig({ operators: 'operators.json' }, folder);
  if (!read.ok) throw new Error(read.problem);
  return openPeople(() => read.config, {});
}

const TWO = { operators: [entryOf(ada), entryOf(bob)], required: { violation: 2 } };
const checked = (decision: DecisionRequest, document: JsonObject | string = TWO) =>
  peopleBy(document).check(decision)?.check;

test('a decision that its operator has signed is hers', () => {
  expect(checked(signed(ada))).toEqual({
    ok: true,
    person: 'ada',
    key: expect.stringMatching(/^sha256:/),
  });
});

describe('C5.O a signature that does not hold', () => {
  test.each(DECISION_TEXTS.filter((text) => text !== 'by'))('of another %s', (text) => {
    const forged = { ...signed(ada), [text]: 'another' };
    expect(checked(forged)).toMatchObject({ ok: false, why: expect.stringMatching(/signature/) });
  });

  test('of another person, under her name or under one’s own', () => {
    expect(checked(signed(bob))).toMatchObject({ ok: false });
    expect(checked({ ...signed(ada), by: 'bob' })).toMatchObject({ ok: false });
    expect(checked(signed(eve))).toMatchObject({ ok: false });
  });

  test.each(['', 'AAAA', `${'A'.repeat(86)}==`, '�'])('that is none: %j', (signature) => {
    expect(checked({ ...DECISION, signature })).toMatchObject({ ok: false });
  });
});

test('who is no operator decides nothing, signed or not', () => {
  const by = { ...DECISION, by: 'eve' };
  expect(checked(signed(eve, by))).toMatchObject({ why: expect.stringMatching(/no operator/) });
});

test('without a signature nothing is decided, unless the file says so; a wrong one never counts', () => {
  expect(checked(DECISION)).toMatchObject({ why: expect.stringMatching(/not signed.*--key/) });
  const lax = { ...TWO, require_signature: false };
  expect(checked(DECISION, lax)).toEqual({ ok: true, person: 'ada', key: null });
  expect(checked(signed(bob), lax)).toMatchObject({ ok: false });
});

test('a file that cannot be used lets nobody decide, and the cycle is told so', () => {
  for (const document of ['{', { operators: [] }]) {
    const people = peopleBy(document);
    expect(people.check(signed(ada))?.check).toMatchObject({ ok: false });
    expect(people.told()).toMatchObject({ deciders: { problem: expect.any(String) } });
  }
});

test('a cycle is told who may decide and how many are needed, and no key', () => {
  expect(peopleBy(TWO).told()).toEqual({
    deciders: {
      operators: { count: 2, names: ['ada', 'bob'] },
      required: { default: 1, violation: 2 },
      signed: true,
    },
  });
});

test('without operators and notices a cycle is told nothing', () => {
  const read = readConfig({}, folder);
  const people = openPeople(() => {
    if (!read.ok) throw new Error(read.problem);
    return read.config;
  }, {});
  expect([people.told(), people.check(DECISION)]).toEqual([undefined, null]);
});

test('a private key that is none is refused', () => {
  expect(() => signDecision(DECISION, ada.public_pem)).toThrow();
});
