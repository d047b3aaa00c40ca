import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Milestone } from '../core/cycle-ledger';
import { milestoneIn } from '../core/cycle-ledger';
import { canonicalText } from '../core/identity';
import { isDigest, isObject, type Json, type JsonObject, valueOf } from '../core/json';
import type { Home } from '../store/files/home';
import { isUuid } from '../store/rules/ids';
import { type Store } from '../store/store';
import type { Testimony } from './witness';

const DOMAIN = 'harness/checkpoint/v1\0';
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;

/** How far each chain had come at one moment, signed: whoever keeps it can tell later what is missing (Ed25519, RFC 8032). */
export interface Checkpoint {
  readonly v: 1;
  /** RFC 3339 UTC, the clock of whoever signed. */
  readonly at: string;
  /** Of every chain under `audit/`, the ledger of cycles among them; by chain id, in order. */
  readonly chains: readonly (Milestone & { readonly chain: string })[];
  /** Base64, over the domain `harness/checkpoint/v1\0` and the RFC 8785 form of the rest. */
  readonly signature: string;
}

/** Where checkpoints are kept: not under `audit/`, which holds the trail alone. */
export function checkpointFolder(home: Home): string {
  return join(home.root, 'checkpoints');
}

/** @throws TypeError when the text is no Ed25519 private key in PEM */
export function readSigner(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('no Ed25519 key');
  return key;
}

/** @throws TypeError when the text is no Ed25519 public key in PEM */
export function readVerifier(pem: string): KeyObject {
  if (pem.includes('PRIVATE')) throw new TypeError('a private key');
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('no Ed25519 key');
  return key;
}

/** Signs the present ends of all chains. @throws StoreError AUDIT_UNAVAILABLE */
export async function makeCheckpoint(
  store: Store,
  key: KeyObject,
  at: string,
): Promise<Checkpoint> {
  const chains: (Milestone & { chain: string })[] = [];
  for (const chain of await store.audit.cycles()) {
    const { entries, head } = await store.audit.append(chain, []);
    if (head !== null) chains.push({ chain, entries, head });
  }
  const body = { v: 1 as const, at, chains };
  return { ...body, signature: sign(null, messageOf(body), key).toString('base64') };
}

/** The checkpoint of a text that `key` has signed, as a witness; else what is wrong with it. */
export function readCheckpoint(
  text: string,
  key: KeyObject,
): { readonly testimony: Testimony; readonly problem: null } | { readonly problem: string } {
  const value = valueOf(text);
  if (!isObject(value)) return { problem: 'it is no checkpoint' };
  const { signature, ...body } = value;
  if (typeof signature !== 'string' || !SIGNATURE.test(signature))
    return { problem: 'it has no signature' };
  if (!isSigned(body, signature, key))
    return { problem: 'its signature is not that of this key, or it was changed' };
  const { v, at, chains } = body;
  if (v !== 1 || typeof at !== 'string' || !Array.isArray(chains))
    return { problem: 'it is signed, but of a form that this version does not know' };
  const ends = new Map<string, readonly Milestone[]>();
  for (const each of chains as readonly Json[]) {
    const end = milestoneIn(each);
    const chain = isObject(each) ? each['chain'] : null;
    if (end === null || !isDigest(end.head) || typeof chain !== 'string' || !isUuid(chain))
      return { problem: 'it is signed, but of a form that this version does not know' };
    ends.set(chain, [end]);
  }
  return { testimony: { who: `the checkpoint of ${at}`, ends }, problem: null };
}

function isSigned(body: JsonObject, signature: string, key: KeyObject): boolean {
  try {
    return verify(null, messageOf(body), key, Buffer.from(signature, 'base64'));
  } catch {
    // What has no canonical form nobody has signed.
    return false;
  }
}

/** The checkpoints of a home, oldest first. */
export async function checkpointFiles(home: Home): Promise<readonly string[]> {
  const folder = checkpointFolder(home);
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name));
}

function messageOf(body: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(`${DOMAIN}${canonicalText(body as Json)}`, 'utf8');
}
