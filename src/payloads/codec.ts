import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import type * as proto from '@temporalio/proto';
import { quote } from '../core/construct';
import { Problem } from '../problem';
import type { PayloadKeys } from './keys';

/** As Temporal's own samples write it: other tools with the same key can read it. */
const ENCODING = 'binary/encrypted';
const CIPHER = 'AES-256-GCM';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Loaded when the first payload is encrypted: every command reads its connection's settings, few need this. */
function wire(): typeof proto.temporal.api.common.v1.Payload {
  const { temporal } = require('@temporalio/proto') as typeof proto;
  return temporal.api.common.v1.Payload;
}

/**
 * Encrypts every payload on its way to Temporal, and decrypts what comes back: AES-256-GCM, a fresh nonce for each, the key's
 * name beside it. What is not encrypted is read as it is: cycles that began without keys go on, and a person may still
 * send a plain signal. Null: nothing is encrypted, and what is cannot be read.
 */
export function payloadCodec(known: PayloadKeys | null): PayloadCodec {
  return {
    async encode(payloads) {
      return known === null ? payloads : payloads.map((payload) => encrypted(payload, known));
    },
    async decode(payloads) {
      return payloads.map((payload) =>
        isEncrypted(payload) ? decrypted(payload, known) : payload,
      );
    },
  };
}

function encrypted(payload: Payload, { write, keys }: PayloadKeys): Payload {
  const key = keys.get(write);
  // The file's reader has seen to it.
  if (key === undefined) throw new Error(`there is no payload key ${write}`);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const plain = wire().encode(payload).finish();
  return {
    metadata: {
      encoding: Buffer.from(ENCODING),
      'encryption-cipher': Buffer.from(CIPHER),
      'encryption-key-id': Buffer.from(write),
    },
    data: Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
  };
}

/** @throws Problem in one plain sentence */
function decrypted({ metadata, data }: Payload, known: PayloadKeys | null): Payload {
  const id = textOf(metadata?.['encryption-key-id']);
  const named = quote(id);
  if (known === null) {
    const mend = 'name the file that has it with HARNESS_PAYLOAD_KEYS';
    throw new Problem('REFUSED', `a payload is encrypted with key ${named}: ${mend}`);
  }
  const key = known.keys.get(id);
  if (key === undefined) {
    const mend = 'add it there, and keep it as long as there are cycles that were written with it';
    throw new Problem(
      'REFUSED',
      `a payload is encrypted with key ${named}, which HARNESS_PAYLOAD_KEYS does not have: ${mend}`,
    );
  }
  try {
    const bytes = Buffer.from(data ?? []);
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const body = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
    return wire().decode(Buffer.concat([decipher.update(body), decipher.final()]));
  } catch (error) {
    const sentence = `a payload does not fit key ${named}: it was changed, or the key's bytes are others`;
    throw new Problem('REFUSED', sentence, null, error);
  }
}

function isEncrypted({ metadata }: Payload): boolean {
  return textOf(metadata?.['encoding']) === ENCODING;
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString() : '';
}
