import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../src/core/json';
import { Sandbox } from '../support/sandbox';
import { object, objects, uniqueBundle } from './documents';

/** A collector of spans, as OpenTelemetry's protocol over HTTP has it, and what one cycle sends there. */
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
}

let box: Sandbox;
let collector: Server;
let worker: ChildProcess;
const spans: Span[] = [];
const bodies: string[] = [];

beforeAll(async () => {
  collector = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
    if (request.url === '/v1/traces') take(text);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  box = await Sandbox.open();
  box.env['HARNESS_OTLP'] = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  worker = await box.worker();
});
afterAll(async () => {
  await box.close();
  collector.closeAllConnections();
  collector.close();
});

function take(text: string): void {
  bodies.push(text);
  const { resourceSpans } = JSON.parse(text) as JsonObject;
  for (const resource of objects(resourceSpans))
    for (const scope of objects(resource['scopeSpans']))
      for (const span of objects(scope['spans'])) {
        const attributes = objects(span['attributes']).map(({ key, value }) => [
          String(key),
          Object.values(object(value))[0],
        ]);
        spans.push({
          name: String(span['name']),
          traceId: String(span['traceId']),
          spanId: String(span['spanId']),
          parentSpanId: typeof span['parentSpanId'] === 'string' ? span['parentSpanId'] : null,
          attributes: Object.fromEntries(attributes) as Record<string, unknown>,
          failed: object(span['status'])['code'] === 2,
        });
      }
}

test('one trace has the start, the run and the four tasks of a cycle, and no word of its state', async () => {
  const input = box.file('bundle.json', uniqueBundle());
  const { status, value } = await box.json(['cycle', 'start', '--input', input, '--wait']);
  expect(status).toBe(0);
  const gone = once(worker, 'exit');
  worker.kill('SIGTERM'); // what a worker has not sent yet it sends when it drains
  expect(await gone).toEqual([0, null]);

  const trace = String(value['cycle_id']).replaceAll('-', '');
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([trace]));
  const named = (name: string) => spans.find((span) => span.name === name);
  const start = named('StartWorkflow:executionCycle');
  const run = named('RunWorkflow:executionCycle');
  expect(start?.parentSpanId).toBeNull();
  expect(run?.parentSpanId).toBe(start?.spanId);
  expect(run?.attributes).toMatchObject({ 'harness.outcome': 'COMPLETED' });
  for (const [task, type] of Object.entries({
    T1: 'validate_state',
    T2: 'check_regime',
    T3: 'filter_beliefs',
    T4: 'emit_actions',
  })) {
    const span = named(`RunActivity:${type}`);
    expect(span?.parentSpanId).toBe(run?.spanId);
    expect(span?.attributes).toMatchObject({ 'harness.task': task, 'harness.attempt': 1 });
  }
  expect(spans).toHaveLength(6);
  expect(spans.some(({ failed }) => failed)).toBe(false);
  expect(bodies.join()).not.toMatch(/TRENDING|B-1|momentum/);
});

test('a collector that is not there costs no cycle', async () => {
  box.env['HARNESS_OTLP'] = 'http://127.0.0.1:9';
  worker = await box.worker();
  const input = box.file('other.json', uniqueBundle());
  const { status, value } = await box.json(['cycle', 'start', '--input', input, '--wait']);
  expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
});
