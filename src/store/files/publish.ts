import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createDurably, syncFolder } from './disk';
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
    await createDurably(draft, content);
    renameSync(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
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
