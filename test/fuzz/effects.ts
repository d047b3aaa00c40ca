import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalText } from '../../src/core/identity';
import type { Json, JsonObject } from '../../src/core/json';
import type { NoticeBody } from '../../src/core/notice';
import type { EffectConfig } from '../../src/documents/config';
import { httpAdapter } from '../../src/effects/http';
import { type Effects, openEffects } from '../../src/effects/performers';
import { TaskEffects } from '../../src/effects/task-effects';
import { postNotice } from '../../src/people/http';
import type { Child, Death } from '../../src/sandbox/child';
import { converse } from '../../src/sandbox/run';
import { readSource } from '../../src/sources/source';
import { fullBundle } from '../documents/samples';
import { callOf } from '../effects/calls';
import { invocationOf } from '../sandbox/world';
import { Memory, memoryStore } from '../simulation/memory-store';
import { HOLDER } from '../store/effect-intents';
import { type Reader, type Reading, refused, taken } from './reading';

/** A server's answer that is too long in coming is none. */
const ANSWER_MS = 300;

export interface Deeds {
  readonly ofValues: readonly Reader[];
  readonly ofBytes: readonly Reader<Uint8Array>[];
  close(): void;
}

/** What a skill's process asks for, up to what is done in the world; and what servers answer. */
export async function deedReaders(): Promise<Deeds> {
  const folder = mkdtempSync(join(tmpdir(), 'harness-fuzz-deeds-'));
  const file = join(folder, 'out.jsonl');
  const bodies: string[] = [];
  const desk = createHttp((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      bodies.push(body);
      response.end();
    });
  });
  let answer: Uint8Array = Buffer.alloc(0);
  const liar = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(answer));
  });
  const [deskPort, liarPort] = [await listen(desk), await listen(liar)];
  const effects = openEffects({
    configs: new Map<string, EffectConfig>([
      ['note', { type: 'jsonl', path: file, in_shadow: 'perform' }],
      ['post', { type: 'http', url: `http://127.0.0.1:${deskPort}/`, in_shadow: 'perform' }],
      ['quiet', { type: 'http', url: `http://127.0.0.1:${deskPort}/`, in_shadow: 'record' }],
    ]),
    env: {},
  });
  const written = (): unknown[] => {
    const lines = readText(file).split('\n').slice(0, -1);
    return lines.map((line) => (JSON.parse(line) as JsonObject)['payload']);
  };
  const posted = (): unknown[] => bodies.map((body): unknown => JSON.parse(body));

  const effectOf = (name: string, done: () => unknown[], oneIn: number): Reader => ({
    name: `effect ${name}`,
    valid: { kind: 'effect', call: 1, name, payload: { ranked: ['B-1'], scores: { a: 0.5 } } },
    oneIn,
    async read(message) {
      rmSync(file, { force: true });
      bodies.length = 0;
      const line = JSON.stringify(message) ?? '';
      const { problems, receipts } = await run(effects, line);
      const [was, ...more] = done();
      if (problems.length > 0)
        return more.length > 0 ? taken('one deed', more) : refused(...problems);
      // What was recorded only has been told to nobody.
      const isRecorded = receipts.every(({ status }) => status === 'RECORDED');
      const { payload } = JSON.parse(line) as { payload: Json };
      return isRecorded ? taken([], [...written(), ...posted()]) : taken(payload, was);
    },
  });
  const answered = (
    name: string,
    valid: string,
    ask: (address: string, text: string) => Promise<Reading>,
  ): Reader<Uint8Array> => ({
    name,
    valid: Buffer.from(valid),
    oneIn: 10,
    read(bytes) {
      answer = bytes;
      return ask(`http://127.0.0.1:${liarPort}/`, Buffer.from(bytes).toString('latin1'));
    },
  });

  return {
    ofValues: [
      effectOf('note', written, 5),
      effectOf('post', posted, 5),
      effectOf('quiet', posted, 5),
    ],
    ofBytes: [
      answered('answer to an effect', OK, async (address, text) => {
        const { status, detail } = await httpAdapter(address, ANSWER_MS).perform(callOf(), false);
        return status === 'PERFORMED' ? taken(true, saysDone(text)) : refused(detail ?? '');
      }),
      answered('answer to a notice', OK, async (address, text) => {
        const stop = new AbortController().signal;
        const post = { label: address, notice: {} as NoticeBody, key: 'k', stop };
        const problem = await postNotice({ url: new URL(address), ...post, answerMs: ANSWER_MS });
        return problem === null ? taken(true, saysDone(text)) : refused(problem);
      }),
      answered(
        'answer of a source',
        `${OK}${JSON.stringify(fullBundle())}`,
        async (address, text) => {
          const read = await readSource(address, AbortSignal.timeout(ANSWER_MS));
          return read.ok ? taken(canonicalText(bodyOf(text)), read.text) : refused(read.problem);
        },
      ),
    ],
    close() {
      desk.close();
      liar.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n';

function saysDone(text: string): boolean {
  return /HTTP\/1\.[01] 2\d\d/.test(text);
}

function bodyOf(text: string): Json {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  return JSON.parse(Buffer.from(body, 'latin1').toString('utf8')) as Json;
}

/** One message of a process, to where it leads. */
async function run(
  effects: Effects,
  line: string,
): Promise<{ problems: readonly string[]; receipts: ReturnType<TaskEffects['receipts']> }> {
  const store = memoryStore(new Memory());
  const declared = ['note', 'post', 'quiet'];
  const task = new TaskEffects({
    store: store.effects,
    documents: store.documents,
    effects,
    holder: HOLDER,
    mode: 'shadow',
    layer: 'L9',
    declared,
    commit: async () => undefined,
  });
  const child = childThatSays(line);
  const invocation = { ...invocationOf(''), effects: declared };
  const broker = {
    effect: (name: string, ordinal: number, payload: Json) => task.call(name, ordinal, payload),
    log: () => undefined,
  };
  const ending = await converse(child, invocation, broker, undefined);
  const receipts = task.receipts();
  const failures = child.told.flatMap(({ failure }) =>
    typeof failure === 'string' ? failure : [],
  );
  if (receipts.length > 0 && failures.length === 0) return { problems: [], receipts };
  const told =
    ending === 'NOT_BEGUN' || ending.kind === 'STOPPED' || ending.kind === 'RETURNED'
      ? 'nothing was asked for'
      : ending.kind === 'OFF_LIMITS'
        ? `it reached for ${ending.attempts.length} things that it does not have`
        : ending.detail;
  return { problems: [...failures, told], receipts };
}

/** A process that begins, says this line, and dies. What it is told is kept. */
function childThatSays(line: string): Child & { readonly told: JsonObject[] } {
  const told: JsonObject[] = [];
  let heard: (line: string | null) => void = () => undefined;
  let die: (death: Death) => void = () => undefined;
  const gone = new Promise<Death>((resolve) => {
    die = resolve;
  });
  return {
    pid: undefined,
    told,
    listen: (next) => void (heard = next),
    send(message) {
      told.push(message as JsonObject);
      if (told.length > 1) return;
      heard('{"kind":"begun"}');
      heard(line);
      die({ code: 0, signal: null, complaint: '' });
    },
    kill: () => undefined,
    gone,
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
