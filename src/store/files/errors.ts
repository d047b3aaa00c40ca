import { StoreError, type StoreErrorCode } from '../store';

/** What to write where a file is gone: null. For `.catch`. */
export function goneAsNull(error: unknown): null {
  if (errorCode(error) === 'ENOENT') return null;
  throw error;
}

/** The code of a system error (ENOENT …), else null. By its shape: errors cross realms. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : null;
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EFBIG: 'the file has reached the largest size allowed; raise the limit',
  EROFS: 'the file system is read-only; mount it writable',
  EACCES: 'access is denied; give this user the right to it',
  EPERM: 'access is denied; give this user the right to it',
  EIO: 'the disk reports an error; check the disk',
  ENOTDIR: 'a file stands where a folder should be; move it away',
  EISDIR: 'a folder stands where a file should be; move it away',
  EEXIST: 'a file stands where a folder should be; move it away',
  ELOOP: 'a symbolic link stands where a file should be; move it away',
  ENOENT: 'its folder is gone; restart the harness, or mend the folder',
  EMFILE: 'too many files are open; raise the limit',
  ENFILE: 'too many files are open; raise the limit',
  ELOCKED: 'another process holds it and does not let go; end that process',
};

/** Runs `body` and gives system errors a code of the store and a sentence; other errors pass. */
export async function asStoreError<T>(
  code: StoreErrorCode,
  what: string,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const system = errorCode(error);
    if (system === null) throw error;
    const cause = CAUSES[system] ?? 'the system refuses; see the code';
    throw new StoreError(code, `${what} cannot be used (${system}): ${cause}`, error);
  }
}
