import type { Bundle } from '../core/bundle';
import type { Graph } from '../core/graph';
import { harnessError } from '../core/invariant';
import { isObject, type Json, type Listed, type Sha256 } from '../core/json';
import type { Policy } from '../core/policy';
import { type BundleRead, readBundle } from '../documents/bundle';
import { type GraphRead, readGraphShape } from '../documents/graph';
import { readPolicy } from '../documents/policy';
import { canonicalText } from '../core/identity';
import { INLINE_BYTES_MAX } from '../core/limits';
import type { DocumentStore } from '../store/store';

/** How many parsed documents are kept: by content, so what is kept cannot be stale (R18). */
const KEPT = 6;

/**
 * The documents of a cycle, read from the store by their hash, parsed once per worker and deep-frozen (C2.1). A cycle has
 * no other source of state: no market data, nothing of another cycle (C1.2).
 */
export class States {
  private readonly parsed = new Map<string, Promise<unknown>>();
  private readonly documents: DocumentStore;

  constructor(documents: DocumentStore) {
    this.documents = documents;
  }

  /** The form of the bundle: the bundle, or what is missing and invalid in it. */
  bundle(hash: Sha256): Promise<BundleRead> {
    return this.once(`bundle ${hash}`, async () => {
      const value = await this.read(hash, 'bundle');
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
  graph(hash: Sha256): Promise<GraphRead> {
    return this.once(`graph ${hash}`, async () => readGraphShape(await this.read(hash, 'graph')));
  }

  async validGraph(hash: Sha256): Promise<Graph> {
    const { graph } = await this.graph(hash);
    if (graph === null) throw harnessError(`graph ${hash} was built from but is not valid`);
    return graph;
  }

  policy(hash: Sha256): Promise<Policy> {
    return this.once(`policy ${hash}`, async () => {
      const read = readPolicy(await this.read(hash, 'policy'));
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
    const value = await this.read(list.ref, 'list');
    if (!Array.isArray(value)) throw harnessError(`${list.ref} is not a list`);
    return value;
  }

  private async read(hash: Sha256, what: string): Promise<Json> {
    const bytes = await this.documents.get(hash);
    if (bytes === null) {
      throw harnessError(
        `the ${what} ${hash} is not in this worker's store: does it run with the HARNESS_HOME that the cycle was started with?`,
      );
    }
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as Json;
  }

  private once<T>(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.parsed.get(key) as Promise<T> | undefined;
    const value = known ?? make();
    // Newest last; the oldest goes.
    this.parsed.delete(key);
    this.parsed.set(key, value);
    for (const oldest of this.parsed.keys()) {
      if (this.parsed.size <= KEPT) break;
      this.parsed.delete(oldest);
    }
    // What could not be read now may be there at the next attempt.
    value.catch(() => this.parsed.delete(key));
    return value;
  }
}
