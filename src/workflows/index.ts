export { executionCycle } from './execution-cycle';
export { haltNotice } from './notices';
export { skillRegistry } from './skill-registry';
