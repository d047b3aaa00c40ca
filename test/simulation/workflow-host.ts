import { type Options, Call, type Surroundings } from './activity-call';
import { plain } from './plain';
import { CancellationScope, within } from './temporal-workflow';

interface Blocked {
  readonly holds: () => boolean;
  readonly resolve: (holds: boolean) => void;
}

type Handler = (payload: unknown) => unknown;

/** The server and the worker as one run of a workflow sees them: its messages, timers and activities, over virtual time. */
export class WorkflowHost {
  readonly root: CancellationScope;
  readonly info;
  /** Message handlers that have not returned yet. */
  handling = 0;
  /** null while it runs. */
  end: { readonly result: unknown } | { readonly failure: unknown } | null = null;
  /** Cut off by the server: it hears and does nothing any more. */
  terminated = false;
  private blockers: Blocked[] = [];
  private readonly handlers = new Map<string, { handler: Handler; validator?: Handler }>();
  private readonly buffered: { readonly name: string; readonly payload: unknown }[] = [];
  private readonly openIds = new Set<string>();
  private readonly around: Surroundings;

  /** `nominalMs`: what its schedule has started it for; null: anybody has started it. */
  constructor(
    around: Surroundings,
    workflowId: string,
    runId: string,
    nominalMs: number | null = null,
  ) {
    this.around = around;
    this.root = new CancellationScope({ root: true });
    const startTime = new Date(around.scheduler.nowMs);
    const nominal = nominalMs === null ? undefined : new Date(nominalMs);
    const typedSearchAttributes = { get: () => nominal };
    this.info = { workflowId, runId, startTime, typedSearchAttributes };
  }

  start(body: () => Promise<unknown>): void {
    this.enter(() =>
      body().then(
        (result) => void (this.end ??= { result: plain(result) }),
        (failure: unknown) => void (this.end ??= { failure }),
      ),
    );
  }

  breach(what: string): void {
    this.around.breach(`${this.info.workflowId}: ${what}`);
  }

  get closed(): boolean {
    return this.end !== null || this.terminated;
  }

  terminate(): void {
    this.terminated = true;
  }

  cancel(): void {
    if (!this.closed) this.enter(() => this.root.cancel());
  }

  signal(name: string, payload?: unknown): void {
    if (this.closed) return;
    const known = this.handlers.get(`signal ${name}`);
    if (known === undefined) return void this.buffered.push({ name, payload });
    this.enter(() => this.handled(`signal ${name}`, () => known.handler(plain(payload))));
  }

  /** The answer; a rejection is what the client gets. */
  update(name: string, payload: unknown): Promise<unknown> {
    const known = this.handlers.get(`update ${name}`);
    if (this.closed || known === undefined) return Promise.reject(new Error('nobody answers'));
    return this.enter(async () => {
      known.validator?.(plain(payload));
      this.handling += 1;
      try {
        return plain(await known.handler(plain(payload)));
      } finally {
        this.handling -= 1;
      }
    });
  }

  query(name: string): unknown {
    const known = this.handlers.get(`query ${name}`);
    return known === undefined ? null : this.enter(() => plain(known.handler(undefined)));
  }

  handle(type: string, name: string, handler: Handler, validator?: Handler): void {
    const key = `${type} ${name}`;
    this.handlers.set(key, { handler, ...(validator === undefined ? {} : { validator }) });
    if (type !== 'signal') return;
    for (const each of this.buffered.splice(0)) {
      if (each.name === name) this.handled(key, () => handler(plain(each.payload)));
      else this.buffered.push(each);
    }
  }

  blocked(holds: () => boolean, timeoutMs?: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const blocker = { holds, resolve };
      this.blockers.push(blocker);
      if (timeoutMs === undefined) return;
      this.around.scheduler.after(timeoutMs, () => {
        if (this.terminated || !this.blockers.includes(blocker)) return;
        this.blockers = this.blockers.filter((each) => each !== blocker);
        resolve(false);
      });
    });
  }

  /** After each activation: what waited for what holds now goes on. True when something did. */
  settled(): boolean {
    if (this.terminated) return false;
    const free = this.blockers.filter(({ holds }) => this.enter(holds));
    this.blockers = this.blockers.filter((each) => !free.includes(each));
    for (const { resolve } of free) resolve(true);
    return free.length > 0;
  }

  /** Something that another workflow answers: mostly well. */
  remote(): Promise<void> {
    const { scheduler } = this.around;
    return new Promise((resolve, reject) =>
      scheduler.after(scheduler.chance.below(50), () => {
        if (this.terminated) return;
        if (scheduler.chance.is(0.2)) reject(new Error('no such workflow'));
        else resolve();
      }),
    );
  }

  schedule(type: string, args: unknown[], options: object, local: boolean) {
    const given: Options = options;
    const id = given.activityId;
    if (id !== undefined && this.openIds.has(id)) this.breach(`activity id ${id} is taken (R32)`);
    if (id !== undefined) this.openIds.add(id);
    const call = new Call(this.around, this, type, plain(args), given, local);
    const result = call.result.finally(() => id !== undefined && this.openIds.delete(id));
    result.catch(() => undefined);
    return { result, cancel: () => call.cancel() };
  }

  private enter<T>(body: () => T): T {
    return within(this, this.root, body);
  }

  private handled(name: string, body: () => unknown): void {
    this.handling += 1;
    const trouble = (error: unknown): void => this.breach(`${name} threw ${String(error)}`);
    const over = (): void => void (this.handling -= 1);
    try {
      void Promise.resolve(body()).catch(trouble).finally(over);
    } catch (error) {
      trouble(error);
      over();
    }
  }
}
