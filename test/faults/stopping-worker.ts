import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

interface Said {
  readonly holding?: string;
  readonly held?: string;
  readonly deaf?: boolean;
  readonly done?: boolean;
  readonly attempt?: number;
  readonly wrote?: string;
  readonly cycleId?: string;
  readonly error?: string | null;
}

/** A worker process that is held where a test says, and then killed, frozen or let go (worker-process.js). */
export class StoppingWorker {
  static readonly script = join(__dirname, 'worker-process.js');
  readonly process: ChildProcess;
  private readonly said: Said[] = [];
  private readonly news = new Set<() => void>();

  constructor(worker: ChildProcess) {
    this.process = worker;
    worker.on('message', (message) => {
      this.said.push(message as Said);
      for (const look of Array.from(this.news)) look();
    });
  }

  /** From now on the workflow's next pass of this point is held; once. Firmly: a cancellation does not free it. */
  async hold(workflowId: string, point: string, firm = false): Promise<void> {
    const place = `${workflowId} ${point}`;
    const before = this.said.length;
    this.process.send({ hold: place, firm });
    await this.heard((said) => said.holding === place, before);
  }

  /** Resolves when it is held there: the fault is then known to happen at that point. @returns the attempt */
  async held(workflowId: string, point: string): Promise<number> {
    return (await this.heard(({ held }) => held === `${workflowId} ${point}`)).attempt ?? 0;
  }

  release(workflowId: string, point: string): void {
    this.process.send({ release: `${workflowId} ${point}` });
  }

  /**
   * SIGSTOP: it stands still, and keeps what it holds. It takes no more tasks from then on: the server cannot tell a frozen
   * worker that asks for tasks from a live one, and would lose attempts to it.
   */
  async freeze(): Promise<void> {
    this.process.send({ stopPolling: true });
    await this.heard(({ deaf }) => deaf === true);
    this.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.process.kill('SIGCONT');
  }

  /** Frozen and thawed again: resolves when it has done what it was at. */
  async done(): Promise<void> {
    await this.heard(({ done }) => done === true);
  }

  /**
   * How a write of the cycle fared, the first after the `seen` ones: the code of its error, or null. `type`: the last
   * entry's of an audit batch, or CLAIM for a claim with what it committed.
   */
  async write(cycleId: string, type: string, seen: number): Promise<string | null> {
    const fits = (said: Said): boolean => said.wrote === type && said.cycleId === cycleId;
    return (await this.heard(fits, 0, seen)).error ?? null;
  }

  writes(cycleId: string, type: string): number {
    return this.said.filter((said) => said.wrote === type && said.cycleId === cycleId).length;
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
