import { readFileSync } from 'node:fs';
import {
  type DecisionCheck,
  type Deciders,
  OPERATORS_NAMED_MAX,
  samePerson,
} from '../core/deciders';
import type { DecisionRequest } from '../core/halts';
import { messageOf } from '../core/invariant';
import type { Config } from '../documents/config';
import { readDocument } from '../documents/json';
import { type Operators, readOperators } from '../documents/operators';
import { isSignedBy } from './signature';

type Configured = { readonly operators: Operators } | { readonly problem: string };

/** The operators file as it stands; null: none is configured. What cannot be read lets nobody decide. */
export function operatorsOf(config: () => Config): Configured | null {
  try {
    const path = config().operators;
    if (path === undefined) return null;
    const document = readDocument(readFileSync(path));
    const read = document.ok ? readOperators(document.value) : document;
    if (read.ok && 'operators' in read) return { operators: read.operators };
    return { problem: `${path}: ${'problem' in read ? read.problem : 'is no operators file'}` };
  } catch (error) {
    return { problem: `the operators cannot be read: ${messageOf(error)}` };
  }
}

/** As a cycle records it. */
export function decidersOf(configured: Configured): Deciders {
  if ('problem' in configured) return configured;
  const { operators, required, requireSignature } = configured.operators;
  const names = operators.slice(0, OPERATORS_NAMED_MAX).map(({ name }) => name);
  return { operators: { count: operators.length, names }, required, signed: requireSignature };
}

/** Whether the decision is that of the operator it names. */
export function checkDecision(configured: Configured, decision: DecisionRequest): DecisionCheck {
  if ('problem' in configured) {
    return { ok: false, why: `${configured.problem}: mend the file, or cancel the cycle` };
  }
  const { operators, requireSignature } = configured.operators;
  const known = operators.find(({ name }) => samePerson(name, decision.by));
  if (known === undefined) {
    return {
      ok: false,
      why: `${decision.by} is no operator: the operators file names who may decide`,
    };
  }
  const { signature } = decision;
  if (signature === undefined) {
    if (!requireSignature) return { ok: true, person: known.name, key: null };
    return {
      ok: false,
      why: `the decision is not signed: sign it with the key of ${known.name} (--key)`,
    };
  }
  if (!isSignedBy(known.key, decision, signature)) {
    const why = `the signature is not that of ${known.name} on this decision on this halt`;
    return { ok: false, why };
  }
  return { ok: true, person: known.name, key: known.fingerprint };
}
