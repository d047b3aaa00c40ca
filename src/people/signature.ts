import { createPrivateKey, type KeyObject, sign, verify } from 'node:crypto';
import { DECISION_TEXTS } from '../core/events';
import type { DecisionRequest } from '../core/halts';
import { canonicalText } from '../core/identity';

/** Sets what is signed here apart from everything else that the same key may sign. */
const DOMAIN = 'execution-harness decision v1\n';

/**
 * What a decision's signature is over: the RFC 8785 form of its seven texts. They name the halt, so it holds for no other; the
 * halt's id names cycle and run.
 */
export function decisionMessage(decision: DecisionRequest): Buffer {
  const texts = Object.fromEntries(DECISION_TEXTS.map((name) => [name, decision[name]]));
  return Buffer.from(`${DOMAIN}${canonicalText(texts)}`, 'utf8');
}

/** Base64. @throws TypeError when the text is no Ed25519 private key in PEM */
export function signDecision(decision: DecisionRequest, privateKeyPem: string): string {
  const key = createPrivateKey(privateKeyPem);
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('no Ed25519 key');
  return sign(null, decisionMessage(decision), key).toString('base64');
}

const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;

export function isSignedBy(key: KeyObject, decision: DecisionRequest, signature: string): boolean {
  if (!SIGNATURE.test(signature)) return false;
  return verify(null, decisionMessage(decision), key, Buffer.from(signature, 'base64'));
}
