import { createSecretKey, type KeyObject } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { isBase64 } from '../core/base64';
import { quote } from '../core/construct';
import { isObject, type Json } from '../core/json';
import { messageOf } from '../core/invariant';
import { Problem } from '../problem';

/** What payloads are written with, and everything that they may be read with. */
export interface PayloadKeys {
  readonly write: string;
  readonly keys: ReadonlyMap<string, KeyObject>;
}

const KEY_BYTES = 32;
const ID = /^[A-Za-z0-9._-]{1,64}$/;
const HOW =
  'write {"write": "k1", "keys": {"k1": "<base64 of 32 bytes: openssl rand -base64 32>"}}';

/**
 * The keys of a file that nobody but its owner may read.
 * @throws Problem UNREADABLE, USAGE; no sentence holds anything of a key
 */
export function readPayloadKeys(path: string): PayloadKeys {
  const document = readPrivately(path);
  const refuse = (what: string): Problem =>
    new Problem('USAGE', `${path} holds no payload keys, ${what}: ${HOW}`, path);
  if (!isObject(document)) throw refuse('it is no JSON object');
  const { write, keys, ...others } = document;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refuse(`it has an unknown key ${quote(unknown)}`);
  if (typeof write !== 'string') throw refuse('"write" names no key');
  if (!isObject(keys)) throw refuse('"keys" is no object');
  const read = new Map<string, KeyObject>();
  for (const [id, text] of Object.entries(keys)) {
    if (!ID.test(id)) throw refuse(`${quote(id)} is no name of a key`);
    if (typeof text !== 'string' || !isBase64(text.trim()))
      throw refuse(`key "${id}" is no base64`);
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length !== KEY_BYTES) throw refuse(`key "${id}" is not of ${KEY_BYTES} bytes`);
    read.set(id, createSecretKey(bytes));
  }
  if (!read.has(write)) throw refuse(`"write" names ${quote(write)}, which is not among its keys`);
  return { write, keys: read };
}

/** One handle for the look at its mode and for its bytes: nobody can swap the file in between. */
function readPrivately(path: string): Json {
  const file = openOrThrow(path);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new Problem('UNREADABLE', `${path} is no file`, path);
    if ((stat.mode & 0o077) !== 0 && process.platform !== 'win32') {
      const mend = `run chmod 600 ${path}`;
      throw new Problem('REFUSED', `others may read the payload keys in ${path}: ${mend}`, path);
    }
    return parsed(readFileSync(file, 'utf8'), path);
  } finally {
    closeSync(file);
  }
}

function openOrThrow(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const sentence = `the payload keys in ${path} cannot be read (${messageOf(error)}): correct HARNESS_PAYLOAD_KEYS`;
    throw new Problem('UNREADABLE', sentence, path, error);
  }
}

/** The parser's own complaint quotes the text. */
function parsed(text: string, path: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Problem('UNREADABLE', `the payload keys in ${path} are no JSON: ${HOW}`, path);
  }
}
