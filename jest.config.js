const { availableParallelism } = require('node:os');

/** Two suites: `fast` needs nothing but Node; `server` runs against a real Temporal server that its setup starts once. */
const shared = {
  // A copy of the project in which mutants live while `npm run mutate` runs.
  modulePathIgnorePatterns: ['<rootDir>/.stryker-tmp/'],
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
};
const server = ['server', 'e2e', 'faults'].map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`);

module.exports = {
  testTimeout: 90_000,
  // A part of what the tests of `server` do is wait, for workers, servers and time limits.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  reporters: [
    'default',
    ...(process.env.HARNESS_TEST_COUNTS ? ['<rootDir>/test/support/count-reporter.js'] : []),
  ],
  projects: [
    {
      ...shared,
      displayName: 'fast',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/(server|e2e|faults)/', '/node_modules/'],
    },
    {
      ...shared,
      displayName: 'server',
      testMatch: server,
      globalSetup: '<rootDir>/test/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/support/global-teardown.ts',
    },
  ],
};
