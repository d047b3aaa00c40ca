import { isDeepStrictEqual } from 'node:util';
import { codeOf, messageOf } from '../../src/core/invariant';

/** What came of one reading. */
export interface Reading {
  /** In the words that a person reads; empty for what is taken. */
  readonly problems: readonly string[];
  /** Of what is taken: the part of what was given that has to be read, and what was read of it. */
  readonly given?: unknown;
  readonly read?: unknown;
}

/** One way into the harness from outside, or back from the disk. */
export interface Reader<Given = unknown> {
  readonly name: string;
  /** Something that it takes. */
  readonly valid: Given;
  /** In one run of so many only: it takes its time. */
  readonly oneIn?: number;
  read(value: Given): Reading | Promise<Reading>;
}

export function refused(...problems: readonly string[]): Reading {
  return { problems };
}

export function taken(given: unknown, read: unknown): Reading {
  return { problems: [], given, read };
}

/** Taken, and only judged: nothing is made of it. */
export const JUDGED: Reading = taken(null, null);

/** Something was made up, mended or left out, and nobody was told. */
export function differs({ problems, given, read }: Reading): boolean {
  return problems.length === 0 && !isDeepStrictEqual(plain(given), plain(read));
}

/** As JSON has it, where a number has one zero and no key is undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null)) as unknown;
}

/** A refusal that is thrown: with a code of the harness's own. Anything else is a defect, and passes. */
export async function orRefused(read: () => Promise<Reading> | Reading): Promise<Reading> {
  try {
    return await read();
  } catch (error) {
    const isOurs = error instanceof Error && ['StoreError', 'Problem'].includes(error.name);
    if (!isOurs || codeOf(error) === undefined) throw error;
    return refused(messageOf(error));
  }
}

/** The parts of an object that a reader knows. */
export function only(value: object, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)));
}
