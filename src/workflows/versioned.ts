/*
 * The workflows as a worker with a build id has them: they say which of them stay with a build. The server takes that from no
 * other worker, so this is a bundle of its own.
 */
import { setWorkflowOptions } from '@temporalio/workflow';
import { executionCycle } from './execution-cycle';
import { haltNotice } from './notices';
import { skillRegistry } from './skill-registry';

// A cycle ends on the build that took it: however long it is halted, no other code goes on with it.
setWorkflowOptions({ versioningBehavior: 'PINNED' }, executionCycle);
// The registry never ends, and the last notice of a halt is not to wait for a build that was stopped: they go on on the current
// build, so what changes in them needs `patched` (operations, "Upgrading").
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, skillRegistry);
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, haltNotice);

export * from './index';
