// The world of a run: a file-backed server, two workers, each behind a proxy of its own, and one client that goes straight.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectHarness } from '../dist/client.js';
import { harnessHome } from '../dist/config.js';
import { SEARCH_ATTRIBUTES } from '../dist/core/start.js';
import { connectionSettings } from '../dist/server/connection.js';
import { startEmbedded } from '../dist/server/embedded.js';
import { locateBinary } from '../dist/server/locate.js';
import { openFileStore } from '../dist/store/files/index.js';
import { openDisk } from './disk.mjs';
import { configOf, LEDGER, registerSpare } from './documents.mjs';
import { openProxy } from './proxy.mjs';
import { openSink } from './sink.mjs';
import { Traps } from './traps.mjs';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));
const WORKERS = 2;

/** Without a heartbeat for so long its task is lost. */
const MISSED_MS = 2_000;

export class World {
  home = mkdtempSync(join(tmpdir(), 'harness-chaos-'));
  bodies = join(this.home, 'bodies.jsonl');
  /** What the workers met on a full disk. */
  full = join(this.home, 'full.jsonl');
  traps = new Traps(this.home);
  slots = [];
  /** When a worker was lost to its tasks, or may have been. */
  losses = [];
  /** What a process did that nobody asked of it. */
  accidents = [];
  /** `halt --all`, from its return until it was cleared. */
  latches = [];
  /** When the disk was full: `{from, to}`. */
  fulls = [];
  /** Nobody clears the harness-wide halt now. */
  holding = false;
  closing = false;

  static async open(say) {
    const world = new World();
    try {
      await world.#open(say);
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  async #open(say) {
    this.disk = openDisk(this.home);
    this.sink = await openSink();
    for (const notes of [this.bodies, this.full]) writeFileSync(notes, '');
    writeFileSync(join(this.home, 'LEDGER.md'), LEDGER);
    writeFileSync(
      join(this.home, 'harness.config.json'),
      JSON.stringify(configOf(this.sink.address)),
    );
    const cache = process.env.HARNESS_TEST_CACHE ?? harnessHome(process.env);
    const { path } = await locateBinary({ home: cache, env: process.env, progress: say });
    this.binary = path;
    this.server = await this.#startServer(0);
    this.port = Number(this.server.address.split(':')[1]);
    for (let which = 0; which < WORKERS; which += 1)
      this.slots.push({ which, proxy: await openProxy(this.port), process: null, ready: null });
    await Promise.all(this.slots.map((slot) => this.startWorker(slot)));
    this.harness = await connectHarness(
      connectionSettings({ env: { TEMPORAL_ADDRESS: this.server.address } }),
      await openFileStore(this.home),
      '',
    );
  }

  get reach() {
    return { harness: this.harness, store: this.harness.store };
  }

  #startServer(port) {
    return startEmbedded({
      binary: this.binary,
      home: this.home,
      dbFile: join(this.home, 'temporal.db'),
      port,
      uiPort: null,
      searchAttributes: SEARCH_ATTRIBUTES,
    });
  }

  async killServer() {
    this.lose();
    process.kill(this.server.pid, 'SIGKILL');
    await this.server.exited;
    this.server = await this.#startServer(this.port);
  }

  /** Resolves when it polls. */
  startWorker(slot) {
    slot.process = null;
    slot.ready = this.#startWorker(slot);
    return slot.ready;
  }

  async #startWorker(slot) {
    const env = {
      PATH: process.env.PATH,
      HARNESS_LOG_LEVEL: process.env.HARNESS_LOG_LEVEL,
      HARNESS_HOME: this.home,
      HARNESS_CONFIG: join(this.home, 'harness.config.json'),
      CHAOS_BODIES: this.bodies,
      CHAOS_DISK: this.full,
      TEMPORAL_ADDRESS: `127.0.0.1:${slot.proxy.port}`,
    };
    for (let tries = 1; ; tries += 1) {
      const worker = fork(WORKER, [], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      const ended = once(worker, 'exit').then(() => 'ended');
      if ((await Promise.race([once(worker, 'message'), ended])) !== 'ended') {
        slot.process = worker;
        worker.once('exit', (code, signal) => void this.#onExit(slot, worker, code, signal));
        return;
      }
      // No server behind the proxy just now: as an operator's supervisor would, again.
      if (tries === 10) throw new Error(`worker ${slot.which} does not start`);
      await sleep(500);
    }
  }

  #onExit(slot, worker, code, signal) {
    if (slot.process !== worker || this.closing) return;
    if (!this.traps.hasKilled(worker.pid))
      this.accidents.push(
        `worker ${slot.which} ended by itself (status ${code}, signal ${signal})`,
      );
    this.lose();
    this.startWorker(slot).catch((error) => this.accidents.push(String(error)));
  }

  /** SIGKILL, wherever it is. Another takes its place. */
  async killWorker(which) {
    const slot = this.slots[which];
    await slot.ready;
    const worker = slot.process;
    this.lose();
    slot.process = null;
    await killed(worker);
    await this.startWorker(slot);
  }

  async freezeWorker(which, ms) {
    const slot = this.slots[which];
    await slot.ready;
    const worker = slot.process;
    // It may be handed what it has asked for, attempt after attempt.
    for (let lost = 0; lost < ms; lost += MISSED_MS) this.lose();
    worker.kill('SIGSTOP');
    await sleep(ms);
    worker.kill('SIGCONT');
  }

  async disturbNetwork(which, how, ms) {
    const { proxy } = this.slots[which];
    this.lose();
    if (how === 'delay') proxy.delay(Math.min(ms / 10, 200));
    else proxy[how]();
    await sleep(ms);
    proxy.heal();
  }

  /** Nothing more of the trail can be written. */
  async fillDisk(ms) {
    const from = Date.now();
    this.disk.fill();
    await sleep(ms);
    this.disk.free();
    this.fulls.push({ from, to: Date.now() });
  }

  registerSpare(n) {
    return registerSpare(this.harness, n);
  }

  lose() {
    this.losses.push(Date.now());
  }

  async stopWorkers() {
    this.closing = true;
    await Promise.all(this.slots.map(({ ready }) => ready?.catch(() => undefined)));
    await Promise.all(this.slots.map(({ process: worker }) => worker && killed(worker)));
  }

  /** The folder is kept when asked: it is what there is to look at. */
  async close(keep = false) {
    await this.stopWorkers();
    await this.harness?.close();
    await this.server?.stop();
    for (const { proxy } of this.slots) await proxy.close();
    await this.sink?.close();
    await this.disk?.close(keep);
    if (!keep) rmSync(this.home, { recursive: true, force: true });
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function killed(worker) {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const gone = once(worker, 'exit');
  worker.kill('SIGKILL');
  await gone;
}
