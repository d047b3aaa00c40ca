import type { Bundle } from './bundle';
import { type Grants, grantsOf } from './permissions';
import { type Policy, type StalenessKey, stalenessLimit } from './policy';
import type { Reason } from './reasons';
import { formatInstant, parseInstant } from './time';

/** T1's judgement of the bundle (C6.T1): what CA's VALIDATE decides on. */
export interface Verdict {
  /** HALT: missing or invalid. REJECT: stale or from the future. */
  readonly verdict: 'PROCEED' | 'HALT' | 'REJECT';
  /** Every finding, in the order missing or invalid, stale or future, no beliefs, confidence, factor layer. */
  readonly findings: readonly Reason[];
  readonly no_beliefs: boolean;
  readonly low_confidence: boolean;
  readonly factor_layer: Grants['kind'] | null;
  /** The last instant at which no state of this bundle is stale (C3.P4); null when there is no valid bundle. */
  readonly fresh_until: string | null;
  /** What T1 saw, for people: behavior, bias, confidence, is_stable, counts, differing contexts. */
  readonly seen: Readonly<Record<string, string | number | boolean | null>>;
}

/** A bundle that is missing something or is invalid: LOG + HALT (C2.U1, CA), and no further test. */
export function judgeInvalid(findings: readonly Reason[]): Verdict {
  return {
    verdict: 'HALT',
    findings,
    no_beliefs: false,
    low_confidence: false,
    factor_layer: null,
    fresh_until: null,
    seen: {},
  };
}

/** The five rows of "Semantics of Unknown States" for a bundle of valid form, at the cycle's evaluation time (R4). */
export function judge(bundle: Bundle, policy: Policy, evaluatedAtMs: number): Verdict {
  const time = judgeTime(bundle, policy, evaluatedAtMs);
  const { regime_state: regime, active_beliefs: beliefs } = bundle;
  const grants = grantsOf(bundle, policy);
  const noBeliefs = beliefs.length === 0;
  // R1: the test is strict; exactly the threshold is enough.
  const lowConfidence = regime.confidence < policy.min_regime_confidence;

  const findings = [...time.findings];
  if (noBeliefs)
    findings.push({
      code: 'NO_BELIEFS',
      detail: 'active_beliefs is empty',
      state: 'active_beliefs',
    }); // C2.U4
  if (lowConfidence) {
    findings.push({
      code: 'CONFIDENCE_TOO_LOW', // C2.U2
      detail: `regime confidence ${regime.confidence} is below ${policy.min_regime_confidence}`,
      state: 'regime_state',
    });
  }
  if (grants.kind === 'BYPASSED') {
    findings.push({
      code: 'FACTOR_BYPASSED', // C2.U3
      detail: 'L6.5 is latent and gave no factor_permission: every permission counts as granted',
      state: 'factor_permission',
    });
  }
  return {
    verdict: time.findings.length > 0 ? 'REJECT' : 'PROCEED',
    findings,
    no_beliefs: noBeliefs,
    low_confidence: lowConfidence,
    factor_layer: grants.kind,
    fresh_until: formatInstant(time.freshUntilMs),
    seen: {
      behavior: regime.behavior,
      bias: regime.bias,
      confidence: regime.confidence,
      is_stable: regime.is_stable,
      beliefs: beliefs.length,
      signals: bundle.signals === null ? null : bundle.signals.length,
      contexts_of_another_regime: contextsElsewhere(bundle),
    },
  };
}

/** C2.U5: exactly MAX_STALENESS old is accepted, one millisecond more is not; the future only within the tolerance. */
function judgeTime(
  bundle: Bundle,
  policy: Policy,
  nowMs: number,
): { findings: Reason[]; freshUntilMs: number } {
  const findings: Reason[] = [];
  let freshUntilMs = Number.MAX_SAFE_INTEGER;
  for (const { what, state, key, at } of instantsOf(bundle)) {
    const atMs = parseInstant(at);
    if (atMs === null) continue; // the form was checked before: it has no other spelling
    const limitMs = stalenessLimit(policy, key);
    freshUntilMs = Math.min(freshUntilMs, atMs + limitMs);
    const ageMs = nowMs - atMs;
    if (ageMs > limitMs) {
      findings.push({
        code: 'STATE_STALE',
        detail: `${what} is ${ageMs} ms old, limit ${limitMs}`,
        state,
      });
    } else if (-ageMs > policy.future_tolerance_ms) {
      const detail = `${what} is ${-ageMs} ms in the future, tolerance ${policy.future_tolerance_ms}`;
      findings.push({ code: 'STATE_FROM_FUTURE', detail, state });
    }
  }
  // Instants beyond what a date can hold never expire in practice: cut to the last representable one.
  return { findings, freshUntilMs: Math.min(freshUntilMs, 8.64e15) };
}

interface Instant {
  readonly what: string;
  readonly state: string;
  readonly key: StalenessKey;
  readonly at: string;
}

/** R4: what counts for staleness, nested context by its own state's limit; not `expiry_timestamp`, not extra fields. */
function* instantsOf(bundle: Bundle): Generator<Instant> {
  yield { what: 'the bundle', state: 'timestamp', key: 'bundle', at: bundle.timestamp };
  const regime = bundle.regime_state;
  yield { what: 'regime_state', state: 'regime_state', key: 'regime_state', at: regime.timestamp };
  yield* nested('regime_state.macro_state', 'regime_state', 'macro_state', regime.macro_state);
  yield* nested(
    'factor_permission',
    'factor_permission',
    'factor_permission',
    bundle.factor_permission,
  );
  for (const [i, entry] of (bundle.signals ?? []).entries()) {
    const where = `signals[${i}]`;
    yield {
      what: `${where}.signal`,
      state: 'signals',
      key: 'signals',
      at: entry.signal.trigger_timestamp,
    };
    yield* nested(`${where}.regime_context`, 'signals', 'regime_state', entry.regime_context);
    yield* nested(
      `${where}.factor_permission`,
      'signals',
      'factor_permission',
      entry.factor_permission,
    );
    yield* nested(`${where}.macro_state`, 'signals', 'macro_state', entry.macro_state);
    yield* nested(`${where}.flow_state`, 'signals', 'flow_state', entry.flow_state);
    const nestedMacro = entry.regime_context['macro_state'];
    yield* nested(`${where}.regime_context.macro_state`, 'signals', 'macro_state', nestedMacro);
  }
  for (const [i, belief] of bundle.active_beliefs.entries()) {
    yield {
      what: `active_beliefs[${i}]`,
      state: 'active_beliefs',
      key: 'active_beliefs',
      at: belief.timestamp,
    };
  }
  yield* nested('macro_state', 'macro_state', 'macro_state', bundle.macro_state);
  yield* nested('flow_state', 'flow_state', 'flow_state', bundle.flow_state);
}

function* nested(
  what: string,
  state: string,
  key: StalenessKey,
  value: unknown,
): Generator<Instant> {
  if (typeof value !== 'object' || value === null || !('timestamp' in value)) return;
  if (typeof value.timestamp === 'string') yield { what, state, key, at: value.timestamp };
}

/** Context may stem from an earlier regime than the bundle's, a permission's too: that is logged, never judged (vocabulary, "Signal"). */
function contextsElsewhere({ regime_state: regime, factor_permission, signals }: Bundle): number {
  const entries = signals ?? [];
  const ids = entries.map((entry) => entry.regime_context.id);
  const behaviors = [factor_permission, ...entries.map((entry) => entry.factor_permission)].map(
    (permission) => permission?.regime_context ?? regime.behavior,
  );
  const elsewhere = (own: string, others: readonly string[]): number =>
    others.filter((other) => other !== own).length;
  return elsewhere(regime.id, ids) + elsewhere(regime.behavior, behaviors);
}
