export { executionCycle } from './execution-cycle';
export { skillRegistry } from './skill-registry';
