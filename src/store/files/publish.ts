import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { goneAsNull } from './errors';
import type { Home } from './home';

const STRAY_AFTER_MS = 3_600_000;

/**
 * Publishes whole content or nothing, also when the machine stops in the middle; durable when it
 * returns.
 */
export async function publish(home: Home, path: string, content: Uint8Array): Promise<void> {
  const draft = join(home.root, 'tmp', randomUUID());
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes the folder's new names durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first !== undefined) await syncFolder(dirname(first));
}

/** Removes what publications of dead processes left behind. */
export async function removeStrays(home: Home): Promise<void> {
  const folder = join(home.root, 'tmp');
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(goneAsNull);
    if (found !== null && Date.now() - found.mtimeMs > STRAY_AFTER_MS) {
      await rm(path, { force: true });
    }
  }
}
