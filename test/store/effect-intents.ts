import { effectKey, hashOf } from '../../src/core/identity';
import type { Json } from '../../src/core/json';
import type { EffectHolder, EffectIntent } from '../../src/store/store';
import { CYCLE, TASK } from './drafts';

export const HOLDER: EffectHolder = {
  cycle_id: CYCLE,
  task_id: TASK,
  run_id: 'r1',
  seq: 7,
  attempt: 1,
};

export function intentOf(
  ordinal = 1,
  payload: Json = { ranked: ['B-1'] },
  target = '/out/ranking.jsonl',
): EffectIntent {
  return {
    effect: 'ranking_log',
    ordinal,
    key: effectKey(CYCLE, TASK, 'ranking_log', ordinal),
    payload,
    payload_hash: hashOf(payload),
    target,
  };
}
