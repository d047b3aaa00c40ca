import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

interface Said {
  readonly holding?: string;
  readonly held?: string;
  readonly attempt?: number;
  readonly wrote?: string;
  readonly cycleId?: string;
  readonly error?: string | null;
}

/** How an audit batch of the worker fared: the type of its last entry, and the error's code. */
export interface Write {
  readonly type: string;
  readonly cycle_id: string;
  readonly error: string | null;
}

/** A worker process that is held where a test says, and then killed, frozen or let go (worker-process.js). */
export class StoppingWorker {
  private readonly said: Said[] = [];
  private readonly news = new Set<() => void>();
  static readonly script = join(__dirname, 'worker-process.js');
  readonly process: ChildProcess;

  constructor(worker: ChildProcess) {
    this.process = worker;
    worker.on('message', (message) => {
      this.said.push(message as Said);
      for (const look of this.news) look();
    });
  }

  /** From now on the workflow's next pass of this point is held; once. */
  async hold(workflowId: string, point: string): Promise<void> {
    const place = `${workflowId} ${point}`;
    const before = this.said.length;
    this.process.send({ hold: place });
    await this.heard((said) => said.holding === place, before);
  }

  /** Resolves when it is held there: the fault is then known to happen at that point. @returns the attempt */
  async held(workflowId: string, point: string): Promise<number> {
    return (await this.heard(({ held }) => held === `${workflowId} ${point}`)).attempt ?? 0;
  }

  release(workflowId: string, point: string): void {
    this.process.send({ release: `${workflowId} ${point}` });
  }

  /** The next audit batch of the cycle after `seen` ones. */
  async write(cycleId: string, seen = 0): Promise<Write> {
    const told = await this.heard(
      (said) => said.wrote !== undefined && said.cycleId === cycleId,
      0,
      seen,
    );
    return { type: told.wrote ?? '', cycle_id: cycleId, error: told.error ?? null };
  }

  writes(cycleId: string): Write[] {
    return this.said
      .filter((said) => said.wrote !== undefined && said.cycleId === cycleId)
      .map(({ wrote, error }) => ({ type: wrote ?? '', cycle_id: cycleId, error: error ?? null }));
  }

  private heard(fits: (said: Said) => boolean, from = 0, skip = 0): Promise<Said> {
    return new Promise((resolve) => {
      const look = (): void => {
        const said = this.said.slice(from).filter(fits)[skip];
        if (said === undefined) return;
        this.news.delete(look);
        resolve(said);
      };
      this.news.add(look);
      look();
    });
  }
}
