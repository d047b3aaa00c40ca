export { executionCycle } from './execution-cycle';
