import { LATCH_CHAIN } from '../../core/identity';
import { latchOn } from '../rules/latch';
import type { AuditStore, LatchStore } from '../store';
import { chainPath } from './chains';
import { asStoreError } from './errors';
import { markOf } from './growing';
import type { Home } from './home';

/** A look at the latch costs one `stat` of its chain's file. */
export function fileLatch(home: Home, audit: AuditStore): LatchStore {
  const path = chainPath(home, LATCH_CHAIN);
  return latchOn(audit, () =>
    asStoreError('AUDIT_UNAVAILABLE', `the audit chain ${path}`, async () => markOf(path)),
  );
}
