import { isAbsolute, resolve } from 'node:path';
import { quote } from '../core/construct';
import { messageOf } from '../core/invariant';
import { readDirectory } from './directory';
import { readAddress } from './address';
import { readOneFile } from './file';

/**
 * What a source came to: the bundle in canonical form, or one plain sentence. `dated` false: its states came one by one, so
 * the bundle's `timestamp` is the evaluation time and stands in it later.
 */
export type SourceRead =
  | { readonly ok: true; readonly text: string; readonly dated: boolean }
  | { readonly ok: false; readonly problem: string };

export type NamedSource =
  { readonly ok: true; readonly source: string } | { readonly ok: false; readonly problem: string };

const FORMS = 'file:PATH, dir:PATH, http://… or https://…';

/** A source as a person names it, with its path absolute. */
export function nameSource(text: string, folder: string): NamedSource {
  const [, scheme = '', rest = ''] = /^(file|dir):(.*)$/s.exec(text) ?? [];
  if (scheme !== '') {
    const path = rest.replace(/^\/\/(?=\/)/, ''); // file:///a is the address of /a
    if (path === '' || path.startsWith('//') || /\p{Cc}/u.test(path))
      return refused(`source ${told(text)} names no path: write ${FORMS}`);
    return { ok: true, source: `${scheme}:${isAbsolute(path) ? path : resolve(folder, path)}` };
  }
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    return refused(`source ${told(text)} is none: write ${FORMS}`);
  const { username, password, href, hash } = new URL(text);
  // It stands in the record, in Temporal's history and on the Web UI's pages.
  if (username !== '' || password !== '')
    return refused(
      'a source with a user name or a password in its address is refused: it would stand in every record',
    );
  return { ok: true, source: hash === '' ? href : href.slice(0, -hash.length) };
}

/** As it was given, unless a terminal would heed it, or nobody could read it. */
function told(text: string): string {
  return text.length > 200 || /[\p{C}\p{Zl}\p{Zp}]/u.test(text) ? quote(text) : text;
}

function refused(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

/** For all of the reading, whatever the source is. */
export const SOURCE_MS_MAX = 10_000;

/**
 * Reads the bundle fresh, in bounded time. Whatever is wrong with the source is one plain sentence; it throws only when
 * it is told to stop.
 */
export async function readSource(source: string, stop: AbortSignal): Promise<SourceRead> {
  const late = AbortSignal.timeout(SOURCE_MS_MAX);
  const either = AbortSignal.any([stop, late]);
  const aborted = new Promise<never>((_, reject) => {
    either.addEventListener('abort', () => reject(either.reason as Error), { once: true });
  });
  try {
    stop.throwIfAborted();
    // A file system that hangs hears no signal: it is left behind.
    return await Promise.race([read(source, either), aborted]);
  } catch (error) {
    stop.throwIfAborted();
    if (late.aborted) return refused(`the source gave no bundle within ${SOURCE_MS_MAX / 1000} s`);
    return refused(`the source cannot be read: ${messageOf(error)}`);
  }
}

function read(source: string, stop: AbortSignal): Promise<SourceRead> {
  const [, scheme = '', path = ''] = /^(file|dir):(.*)$/s.exec(source) ?? [];
  if (scheme === 'file') return readOneFile(path, stop);
  return scheme === 'dir' ? readDirectory(path, stop) : readAddress(source, stop);
}
