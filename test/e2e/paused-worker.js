'use strict';
// A real worker that stops behind one task's body, as long as a file is there: for what must meet a cycle right there.
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const [taskName, file] = process.argv.slice(2);
const dist = join(__dirname, '..', '..', 'dist');
const { connectionSettings } = require(join(dist, 'client.js'));
const { loadConfig } = require(join(dist, 'config.js'));
const { openStore } = require(join(dist, 'store', 'open.js'));
const { startWorker } = require(join(dist, 'worker.js'));
const { createLogger, installRuntime } = require(join(dist, 'logger.js'));

async function pause(point, name) {
  if (point !== 'after' || name !== taskName) return;
  if (existsSync(file)) process.send('paused');
  while (existsSync(file)) await sleep(20);
}

async function main() {
  const log = createLogger('warn');
  installRuntime(log);
  const { audit } = loadConfig(undefined, process.env);
  const store = await openStore(audit, process.env.HARNESS_HOME, process.env);
  const worker = await startWorker(connectionSettings({ env: process.env }), store, log, {
    checkpoint: pause,
  });
  process.stdout.write('worker running\n');
  await worker.stopped;
}

void main();
