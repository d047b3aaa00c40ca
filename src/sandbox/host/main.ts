import { Socket } from 'node:net';
import { startupSnapshot } from 'node:v8';
import { describeSkill } from './describe';
import { guard } from './guard';
import { described, prepareRest, rest, say, threw } from './report';
import { finish, start } from './skill';
import type { Running } from './skill';
import type { Context, Work } from './context';
import { logger } from './context';
import { furnish, requireFor } from './surroundings';
import type { Json } from '../../core/json';

/**
 * The process in which one skill runs, once: the parent's messages on descriptor 0, its own on descriptor 3, a JSON text a line.
 * It ends when the parent kills it, or with its standard input. What is loaded here may come out of a start-up snapshot, which all
 * processes share (../snapshot.ts): until `begin` nothing is read, drawn by chance, opened or changed.
 */
type Order =
  | { readonly kind: 'run'; readonly work: Work }
  | { readonly kind: 'describe'; readonly code: string; readonly converter: string }
  | {
      readonly kind: 'effect';
      readonly call: number;
      readonly failure: string | null;
      readonly value: Json;
    };

const parse = JSON.parse;
const leave = process.exit.bind(process);
const WARM_UP: Work = {
  code: 'module.exports = { default: { run: async (ctx, input) => ({ mode: ctx.mode, input }) } };',
  input: {},
  states: { regime_state: {} },
  outputs: {},
  effects: ['audit_log'],
  task_id: '',
  idempotency_key: '',
  mode: 'shadow',
  timeout_ms: 1_000,
};

async function main(): Promise<void> {
  const orders = new Socket({ fd: 0, readable: true, writable: false });
  orders.setEncoding('utf8');
  process.on('uncaughtException', (error) => threw(`it threw ${described(error)}`));
  process.on('unhandledRejection', (error) =>
    threw(`it left a rejection unhandled: ${described(error)}`),
  );
  guard();
  const log = logger();
  const standIn = furnish(log);
  const load = requireFor(standIn, 'require');
  // What the first run would compile, a spare has compiled before it is needed. The log is not touched.
  JSON.stringify(await start(WARM_UP, load, () => undefined).result);

  let context: Context | undefined;
  const obey = (order: Order): void => {
    if (order.kind === 'effect') context?.settle(order.call, order.failure, order.value);
    if (order.kind === 'describe') {
      say('begun');
      describeSkill(order.code, order.converter, load);
    }
    if (order.kind === 'run') {
      say('begun');
      const running: Running = start(order.work, load, log);
      context = running.context;
      void finish(running);
    }
  };
  const pieces: string[] = [];
  orders.on('data', (chunk: string) => {
    let from = 0;
    for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', from)) {
      pieces.push(chunk.slice(from, at));
      obey(parse(pieces.splice(0).join('')));
      from = at + 1;
    }
    if (from < chunk.length) pieces.push(chunk.slice(from));
  });
  orders.on('close', () => leave(0));
  say('ready');
}

function begin(): void {
  prepareRest();
  main().catch((error: unknown) => {
    say('broken', `,"detail":${JSON.stringify(described(error))}`);
    rest();
  });
}

if (startupSnapshot.isBuildingSnapshot()) startupSnapshot.setDeserializeMainFunction(begin);
else begin();
