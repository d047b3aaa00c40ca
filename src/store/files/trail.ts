import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isUuid } from '../rules/ids';
import type { Alien, Trail } from '../trail';
import { chainPath } from './chains';
import { fileCycles, idsIn } from './cycles';
import { fileDocuments } from './documents';
import { readWhole } from './disk';
import { asStoreError, goneAsNull } from './errors';
import { readSettled } from './growing';
import { type Home, homeAt, idPath } from './home';
import { wholeTexts } from './lines';

const CHAIN = '.jsonl';

/** How many chains are looked at at once: most of the time is waiting for the disk. */
const AT_ONCE = 16;

/** The record under `home` (HARNESS_HOME, or an export): not a byte is changed, no folder made. */
export function fileTrail(home: string): Trail {
  const place = homeAt(home);
  const cycles = fileCycles(place);
  return {
    where: place.root,
    atOnce: AT_ONCE,
    documents: fileDocuments(place),
    chains: () => chainsIn(place),
    idsOf: (what) => idsIn(place, what),
    find: (id) => cycles.find(id),
    result: (cycleId) => cycles.result(cycleId),

    look(chainId, see, isSound) {
      const path = chainPath(place, chainId);
      const read = (fd: number, size: number) => {
        let torn = false;
        const all = wholeTexts(fd, size, () => {
          torn = true;
        });
        return see({ all, torn: () => torn, fault: () => null });
      };
      return asStoreError('AUDIT_UNAVAILABLE', `the audit chain ${path}`, () =>
        readSettled(path, place.lockWaitMs, read, isSound).catch(goneAsNull),
      );
    },

    bytes(what, id) {
      const path = idPath(place, what, id, what === 'audit' ? CHAIN : '.json');
      return asStoreError('STORE_UNAVAILABLE', `the file ${path}`, async () => readWhole(path));
    },

    close: async () => undefined,
  };
}

async function chainsIn({ root }: Home): Promise<{ ids: string[]; aliens: Alien[] }> {
  const folder = join(root, 'audit');
  const ids: string[] = [];
  const aliens: Alien[] = [];
  const items = await asStoreError('AUDIT_UNAVAILABLE', `the audit trail ${folder}`, () =>
    readdir(folder, { withFileTypes: true }),
  );
  for (const item of items) {
    const id = item.name.slice(0, -CHAIN.length);
    const named = item.name.endsWith(CHAIN) && isUuid(id);
    if (named && item.isFile()) ids.push(id);
    else aliens.push(alien(join(folder, item.name), named));
  }
  return { ids, aliens };
}

function alien(path: string, named: boolean): Alien {
  const problem = named
    ? 'it has the name of an audit chain, but is no plain file'
    : 'it is no audit chain: the folder holds the audit trail and nothing else';
  return { path, problem };
}
