import { z } from 'zod';
import type { Json } from '../core/json';
import type { Policy } from '../core/policy';
import { id, listOf, numberWithin, oneOf, problemsIn, wholeNumber, words } from './form';

export type PolicyRead =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problem: string; readonly path: string };

const object = words('an object');
const confidence = numberWithin(0, 1);
const milliseconds = wholeNumber(1);
const maybeMilliseconds = milliseconds.exactOptional();

const schema = z.strictObject(
  {
    policy_id: id,
    version: id,
    min_regime_confidence: confidence,
    min_belief_confidence: confidence.nullable(),
    max_staleness_ms: z.strictObject(
      {
        default: milliseconds,
        bundle: maybeMilliseconds,
        regime_state: maybeMilliseconds,
        factor_permission: maybeMilliseconds,
        signals: maybeMilliseconds,
        active_beliefs: maybeMilliseconds,
        macro_state: maybeMilliseconds,
        flow_state: maybeMilliseconds,
      },
      object,
    ),
    future_tolerance_ms: wholeNumber(0),
    factor_layer: oneOf(['LATENT', 'ACTIVE']),
    active_latent_layers: listOf(oneOf(['L5.5', 'L5.7', 'L5.8'])),
    violations_before_deregistration: wholeNumber(1),
    halt_expiry_ms: milliseconds.nullable(),
  },
  object,
);

/** R6: a policy states every key; nothing is defaulted. The first problem, with its path. */
export function readPolicy(value: Json): PolicyRead {
  const [problem] = problemsIn(schema, value);
  if (problem !== undefined) {
    return { ok: false, problem: `policy: ${problem.text}`, path: problem.path };
  }
  return { ok: true, policy: schema.parse(value) };
}
