// Traps: each is a file that names a workflow and a place of its way. The worker that comes there first takes it away, which only
// one can, and does what it says. So a plan may say where a worker dies, whichever it is.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Where they lie, in the home of a run. */
export class Traps {
  constructor(home) {
    [this.set_up, this.sprung_ones] = ['traps', 'sprung'].map((name) => join(home, name));
    for (const folder of [this.set_up, this.sprung_ones]) mkdirSync(folder, { recursive: true });
  }

  /** `does`: `die`, `hold` or `fail`. */
  set(workflow_id, { at, does }) {
    const name = nameOf(workflow_id, at);
    // By rename: nobody takes one that says nothing yet.
    writeFileSync(join(this.sprung_ones, name + DRAFT), JSON.stringify({ does }));
    renameSync(join(this.sprung_ones, name + DRAFT), join(this.set_up, name));
  }

  /** What is to be done here; null where there is no trap. */
  take(workflow_id, at) {
    const path = join(this.set_up, nameOf(workflow_id, at));
    if (!existsSync(path)) return null;
    const sprung = join(this.sprung_ones, nameOf(workflow_id, at));
    try {
      renameSync(path, sprung);
    } catch (error) {
      if (error.code === 'ENOENT') return null; // the other worker has it
      throw error;
    }
    const { does } = JSON.parse(readFileSync(sprung, 'utf8'));
    writeFileSync(sprung, JSON.stringify({ does, pid: process.pid }));
    return does;
  }

  /** True once a worker has come there. */
  isSprung(workflow_id, at) {
    return existsSync(join(this.sprung_ones, nameOf(workflow_id, at)));
  }

  /** The process has died at a place where it was to. */
  hasKilled(pid) {
    const sprung = readdirSync(this.sprung_ones).filter((name) => !name.endsWith(DRAFT));
    const texts = sprung.map((name) => readFileSync(join(this.sprung_ones, name), 'utf8'));
    return texts.includes(JSON.stringify({ does: 'die', pid }));
  }

  remove(workflow_id, at) {
    rmSync(join(this.set_up, nameOf(workflow_id, at)), { force: true });
  }
}

const DRAFT = '.draft';
const nameOf = (workflow_id, at) => `${workflow_id} ${at}`;
