import { EFFECT_PAYLOAD_BYTES_MAX } from '../../src/core/effects';
import {
  DOCUMENT_BYTES_MAX,
  INLINE_BYTES_MAX,
  OUTPUTS_CARRIED_BYTES_MAX,
  RIDER_BYTES_MAX,
  SKILL_OUTPUT_BYTES_MAX,
} from '../../src/core/limits';

test('the limits are those that interface and architecture name', () => {
  const KiB = 1_024;
  expect({
    'a document': DOCUMENT_BYTES_MAX,
    'a list in the result': INLINE_BYTES_MAX,
    'entries that ride': RIDER_BYTES_MAX,
    'outputs that travel': OUTPUTS_CARRIED_BYTES_MAX,
    'a skill’s output': SKILL_OUTPUT_BYTES_MAX,
    'an effect’s payload': EFFECT_PAYLOAD_BYTES_MAX,
  }).toEqual({
    'a document': 16 * KiB * KiB,
    'a list in the result': KiB,
    'entries that ride': 64 * KiB,
    'outputs that travel': 64 * KiB,
    'a skill’s output': KiB * KiB,
    'an effect’s payload': 256 * KiB,
  });
});
