import type { DataConverter } from '@temporalio/common';
import { payloadCodec } from './codec';
import { readPayloadKeys } from './keys';

/**
 * How everything that talks to Temporal writes and reads payloads: client, worker, replay. Without keys payloads are plain, and
 * one that somebody else has encrypted is told of in a sentence.
 * @param keysPath HARNESS_PAYLOAD_KEYS
 * @throws Problem when the file cannot be used
 */
export function dataConverterFor(keysPath: string | undefined): DataConverter {
  if (keysPath === undefined || keysPath === '') return { payloadCodecs: [payloadCodec(null)] };
  return {
    payloadCodecs: [payloadCodec(readPayloadKeys(keysPath))],
    failureConverterPath: require.resolve('./failures'),
  };
}
