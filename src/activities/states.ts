import type { Bundle } from '../core/bundle';
import type { Output } from '../core/events';
import { harnessError } from '../core/invariant';
import { isObject, isRef, type Json, type Listed, type Sha256 } from '../core/json';
import type { Policy } from '../core/policy';
import type { SkillRegistration } from '../core/skills';
import { type BundleRead, readBundle } from '../documents/bundle';
import { type ConstructionRead, readGraph } from '../documents/graph';
import { type OutputCheck, readOutputSchema } from '../documents/output-schema';
import { readPolicy } from '../documents/policy';
import { canonicalText } from '../core/identity';
import { INLINE_BYTES_MAX } from '../core/limits';
import type { DocumentStore } from '../store/store';

/** How much of what was parsed last is kept, in bytes of its text: by content, so what is kept cannot be stale (R18). */
const KEPT_BYTES = 32 * 1024 * 1024;
/** Enough for every cycle that a worker has in flight. */
const KEPT = 500;

interface Kept {
  /** A promise only while it is read: one keeps alive the activity that made it, with all that it was given. */
  value: unknown;
  /** Of its text; 0 until it is read. */
  bytes: number;
}

/**
 * The documents of a cycle, read from the store by their hash, parsed once per worker and deep-frozen (C2.1). A cycle has
 * no other source of state: no market data, nothing of another cycle (C1.2).
 */
export class States {
  private readonly parsed = new Map<string, Kept>();
  private readonly documents: DocumentStore;

  constructor(documents: DocumentStore) {
    this.documents = documents;
  }

  /** The form of the bundle: the bundle, or what is missing and invalid in it. */
  bundle(hash: Sha256): Promise<BundleRead> {
    return this.once('bundle', hash, (value) => {
      if (isObject(value)) return readBundle(value);
      const detail = 'the bundle is not a JSON object';
      return { bundle: null, findings: [{ code: 'STATE_INVALID' as const, detail }] };
    });
  }

  /** For what runs behind T1: it has found the bundle valid. @throws HARNESS_ERROR otherwise */
  async validBundle(hash: Sha256): Promise<Bundle> {
    const { bundle } = await this.bundle(hash);
    if (bundle === null) throw harnessError(`bundle ${hash} passed T1 but is not valid`);
    return bundle;
  }

  /** A started cycle may carry any document as its graph: the problems are the answer. */
  graph(hash: Sha256): Promise<ConstructionRead> {
    return this.once('graph', hash, readGraph);
  }

  policy(hash: Sha256): Promise<Policy> {
    return this.once('policy', hash, (value) => {
      const read = readPolicy(value);
      if (!read.ok) throw harnessError(`policy ${hash}: ${read.problem}`);
      return read.policy;
    });
  }

  /** A list as the record carries it: itself up to 1 KiB, else stored, and a reference. */
  async list(items: readonly Json[]): Promise<Listed> {
    const text = canonicalText(items);
    if (Buffer.byteLength(text) <= INLINE_BYTES_MAX) return items;
    return { ref: await this.documents.put(Buffer.from(text)), count: items.length };
  }

  async items(list: Listed): Promise<readonly Json[]> {
    if (!('ref' in list)) return list;
    const { value } = await this.read(list.ref, 'list');
    if (!Array.isArray(value)) throw harnessError(`${list.ref} is not a list`);
    return value;
  }

  /** What a registration pinned (C7.R). @throws HARNESS_ERROR when it is not in the store */
  registration(hash: Sha256): Promise<SkillRegistration> {
    return this.once('registration', hash, (value) => value as unknown as SkillRegistration);
  }

  /** A skill's check of its output (C7.D), made once for each registration. */
  outputCheck(registration: Sha256): Promise<OutputCheck> {
    return this.once('output schema', registration, (value) => {
      const read = readOutputSchema((value as unknown as SkillRegistration).output);
      if (!read.ok) throw harnessError(`registration ${registration}: ${read.problem}`);
      return read.check;
    });
  }

  /** A skill's code, checked against its hash: what runs is what was registered. */
  code(hash: Sha256): Promise<string> {
    return this.keep(`code ${hash}`, async () => {
      const bytes = await this.bytes(hash, 'code');
      return { value: bytes.toString('utf8'), bytes: bytes.length };
    });
  }

  /** A task's output as the record carries it; what looks like a reference is stored too, so that none can be forged. */
  async value(output: Json): Promise<Output> {
    const text = canonicalText(output);
    if (Buffer.byteLength(text) <= INLINE_BYTES_MAX && !isRef(output)) return output;
    const count = Array.isArray(output)
      ? output.length
      : isObject(output)
        ? Object.keys(output).length
        : 1;
    return { ref: await this.documents.put(Buffer.from(text)), count };
  }

  async resolved(output: Output): Promise<Json> {
    return isRef(output) ? (await this.read(output.ref, 'output')).value : (output as Json);
  }

  private async bytes(hash: Sha256, what: string): Promise<Buffer> {
    const bytes = await this.documents.get(hash);
    if (bytes !== null) return Buffer.from(bytes);
    throw harnessError(
      `the ${what} ${hash} is not in this worker's store: does it run with the HARNESS_HOME, or the database, that the cycle was started with?`,
    );
  }

  private async read(hash: Sha256, what: string): Promise<{ value: Json; bytes: number }> {
    const bytes = await this.bytes(hash, what);
    const value = JSON.parse(bytes.toString('utf8')) as Json;
    return { value, bytes: bytes.length };
  }

  private once<T>(what: string, hash: Sha256, make: (document: Json) => T): Promise<T> {
    return this.keep(`${what} ${hash}`, async () => {
      const { value, bytes } = await this.read(hash, what);
      return { value: make(value), bytes };
    });
  }

  private keep<T>(key: string, load: () => Promise<{ value: T; bytes: number }>): Promise<T> {
    const known = this.parsed.get(key);
    if (known !== undefined) {
      // Newest last.
      this.parsed.delete(key);
      this.parsed.set(key, known);
      return Promise.resolve(known.value as T | Promise<T>);
    }
    const value = load().then((loaded) => {
      kept.bytes = loaded.bytes;
      kept.value = loaded.value;
      this.dropOldest();
      return loaded.value;
    });
    const kept: Kept = { value, bytes: 0 };
    this.parsed.set(key, kept);
    // What could not be read now may be there at the next attempt.
    value.catch(() => this.parsed.delete(key));
    return value;
  }

  private dropOldest(): void {
    let bytes = 0;
    for (const kept of this.parsed.values()) bytes += kept.bytes;
    for (const [key, kept] of this.parsed) {
      if (this.parsed.size <= KEPT && bytes <= KEPT_BYTES) break;
      this.parsed.delete(key);
      bytes -= kept.bytes;
    }
  }
}
