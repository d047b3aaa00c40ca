/** The package's own functions: the same few that the command line uses. */
export { cancelCycle, decide, haltCycle } from './client/act';
export { haltAll, resumeAll } from './client/latch';
export { connectHarness, cycleLink, type Harness } from './client/context';
export { findCycle, listCycles, openHalts, showCycle, waitForCycle } from './client/inspect';
export { prepare, type Prepared } from './client/prepare';
export { startCycle, type Started } from './client/start';
export { signDecision } from './people/signature';
export { connectionSettings } from './server/connection';
export { openFileStore } from './store/files';
export { openStore } from './store/open';
export { openPostgresStore } from './store/postgres';
