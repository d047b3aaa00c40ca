import { generateKeyPairSync } from 'node:crypto';
import type { Json } from '../../src/core/json';
import { readOperators } from '../../src/documents/operators';
import { entryOf, person } from '../people/operators';

const ada = person('ada');
const bob = person('bob');
const both = [entryOf(ada), entryOf(bob)];
const problemOf = (value: Json): string => {
  const read = readOperators(value);
  return read.ok ? 'none' : read.problem;
};

test('an operators file names people and keys; one decides, signed, unless it says otherwise', () => {
  const read = readOperators({ operators: both });
  expect(read).toMatchObject({
    ok: true,
    operators: {
      operators: [{ name: 'ada' }, { name: 'bob' }],
      required: { default: 1, violation: 1 },
      requireSignature: true,
    },
  });
});

test('a key may be PEM, base64 of its DER form, or base64 of its 32 bytes: it is the same key', () => {
  const raw = Buffer.from(ada.public_key, 'base64').subarray(-32).toString('base64');
  const fingerprints = [ada.public_key, ada.public_pem, raw].map((public_key) => {
    const read = readOperators({ operators: [{ name: 'ada', public_key }] });
    return read.ok ? read.operators.operators[0]?.fingerprint : read.problem;
  });
  expect(new Set(fingerprints).size).toBe(1);
  expect(fingerprints[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;

test.each<[string, Json, string]>([
  ['nobody', { operators: [] }, 'operators: operators is empty: name at least one person'],
  ['no list', {}, 'operators: operators is missing'],
  ['an unknown key', { operators: both, roles: [] }, 'the document has an unknown key "roles"'],
  [
    'what is no key',
    { operators: [{ name: 'ada', public_key: 'AAAA' }] },
    'operators[0].public_key is no Ed25519 public key in PEM or base64',
  ],
  [
    'a private key',
    { operators: [{ name: 'ada', public_key: ada.private_pem }] },
    'operators[0].public_key is no Ed25519 public key in PEM or base64',
  ],
  [
    'another kind of key',
    {
      operators: [{ name: 'ada', public_key: String(rsa.export({ format: 'pem', type: 'spki' })) }],
    },
    'operators[0].public_key is no Ed25519 public key in PEM or base64',
  ],
  [
    'one name twice, however it is spelled',
    { operators: [entryOf(ada), { ...entryOf(bob), name: 'Ada ' }] },
    'operators[1] has the name "Ada " of another one',
  ],
  [
    'one key under two names',
    { operators: [entryOf(ada), { ...entryOf(ada), name: 'eve' }] },
    'operators[1] has the key of operators[0]',
  ],
  [
    'more than there are',
    { operators: both, required: { violation: 3 } },
    'required.violation is 3, more than the 2 people there are',
  ],
  [
    'none required',
    { operators: both, required: { default: 0 } },
    'required.default is 0, not a whole number from 1 to 100',
  ],
])('%s is refused in one sentence', (_, value, expected) => {
  expect(problemOf(value)).toContain(expected);
});
