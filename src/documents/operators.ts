import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { isBase64 } from '../core/base64';
import type { Json } from '../core/json';
import { flag, id, listOf, type Problem, problemsIn, wholeNumber, words } from './form';
import { show, step } from './show';

/** A person who may decide on halts, known by a key and not by what is typed after `--by`. */
export interface Operator {
  readonly name: string;
  readonly key: KeyObject;
  /** Of the public key: names it in the record. */
  readonly fingerprint: string;
}

/** The document that `operators` in the configuration names. */
export interface Operators {
  readonly operators: readonly Operator[];
  /** How many people have to decide the same, where a choice goes on with the cycle. */
  readonly required: { readonly default: number; readonly violation: number };
  readonly requireSignature: boolean;
}

export type OperatorsRead =
  | { readonly ok: true; readonly operators: Operators }
  | { readonly ok: false; readonly problem: string; readonly path: string };

const OPERATORS_MAX = 100;

const object = words('an object');
const entry = z.strictObject({ name: id, public_key: id }, object);
const count = wholeNumber(1, OPERATORS_MAX);
const schema = z.strictObject(
  {
    operators: listOf(entry),
    required: z
      .strictObject({ default: count.default(1), violation: count.default(1) }, object)
      .default({ default: 1, violation: 1 }),
    require_signature: flag.default(true),
  },
  object,
);

/** Reads an operators file. The first problem, with its path. */
export function readOperators(value: Json): OperatorsRead {
  const [wrong] = problemsIn(schema, value);
  if (wrong !== undefined) return refused(wrong);
  const { operators: entries, required, require_signature } = schema.parse(value);
  const operators: Operator[] = [];
  for (const [i, { name, public_key }] of entries.entries()) {
    const at = step(step('operators', i), 'public_key');
    const key = readPublicKey(public_key);
    if (key === null) {
      const text = `${at} is no Ed25519 public key in PEM or base64`;
      return refused({ path: at, text });
    }
    operators.push({ name, key, fingerprint: fingerprintOf(key) });
  }
  const problem = togetherProblem(operators, required);
  if (problem !== null) return refused(problem);
  return { ok: true, operators: { operators, required, requireSignature: require_signature } };
}

function refused({ path, text }: Problem): OperatorsRead {
  return { ok: false, problem: `operators: ${text}`, path };
}

/** Two people are two names with two keys, and there are enough of them. */
function togetherProblem(
  operators: readonly Operator[],
  required: Operators['required'],
): Problem | null {
  if (operators.length === 0)
    return { path: 'operators', text: 'operators is empty: name at least one person' };
  if (operators.length > OPERATORS_MAX)
    return { path: 'operators', text: `operators has more than ${OPERATORS_MAX} people` };
  const names = new Map<string, number>();
  const keys = new Map<string, number>();
  for (const [i, { name, fingerprint }] of operators.entries()) {
    const path = step('operators', i);
    if (names.has(nameKey(name)))
      return { path, text: `${path} has the name ${show(name)} of another one` };
    if (keys.has(fingerprint))
      return { path, text: `${path} has the key of operators[${keys.get(fingerprint)}]` };
    names.set(nameKey(name), i);
    keys.set(fingerprint, i);
  }
  for (const [kind, needed] of Object.entries(required)) {
    if (needed <= operators.length) continue;
    const path = step('required', kind);
    return {
      path,
      text: `${path} is ${needed}, more than the ${operators.length} people there are`,
    };
  }
  return null;
}

/** As `samePerson` compares. */
function nameKey(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

/** PEM; or base64 of the 32 bytes of the key, or of its DER form. Null for anything else. */
function readPublicKey(text: string): KeyObject | null {
  try {
    const key = text.includes('-----BEGIN')
      ? publicPem(text)
      : createPublicKey({ key: derOf(text), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}

/** A private key has no place in this file, though a public one could be derived from it. */
function publicPem(text: string): KeyObject {
  if (text.includes('PRIVATE')) throw new TypeError('a private key');
  return createPublicKey(text);
}

/** RFC 8410: what stands before the 32 bytes of an Ed25519 key. */
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

function derOf(text: string): Buffer {
  if (!isBase64(text.trim())) throw new TypeError('no base64');
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 ? Buffer.concat([SPKI_ED25519, bytes]) : bytes;
}

function fingerprintOf(key: KeyObject): string {
  const der = key.export({ format: 'der', type: 'spki' });
  return `sha256:${createHash('sha256').update(der).digest('hex')}`;
}
