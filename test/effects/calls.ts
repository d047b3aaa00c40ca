import type { EffectCall } from '../../src/effects/adapter';
import { effectKey } from '../../src/core/identity';
import type { Json } from '../../src/core/json';
import { CYCLE, TASK } from '../store/drafts';

/** The `ordinal`th call of ranking_log. */
export function callOf(ordinal = 1, payload: Json = { ranked: ['B-1'], sign: '€ 𝄞' }): EffectCall {
  return {
    effect: 'ranking_log',
    key: effectKey(CYCLE, TASK, 'ranking_log', ordinal),
    payload,
    cycle_id: CYCLE,
    task_id: TASK,
    ordinal,
    at: '2026-11-22T14:25:29.123Z',
  };
}
