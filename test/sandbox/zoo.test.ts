import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSandbox } from '../../src/sandbox';
import type { Sandbox } from '../../src/sandbox/types';
import { ANIMALS } from './animals';
import type { Places } from './animals';
import { invocationOf, recorder } from './world';

/**
 * Each animal at both levels: behind the guard alone, and behind the walls of the operating system too, where it has them; and
 * behind the guard as it is where there is no start-up snapshot.
 */
describe.each([
  ['the guard alone', { isolation: 'process' }],
  ['the strongest walls', {}],
  ['the guard alone, which the process has loaded', { isolation: 'process', snapshot: false }],
] as const)('the zoo, behind %s', (_name, options) => {
  const folder = mkdtempSync(join(tmpdir(), 'harness-zoo-'));
  const seen: string[] = [];
  let places: Places;
  let servers: readonly Server[];
  let udp: Socket;
  let sandbox: Sandbox;

  beforeAll(async () => {
    const tcp = createServer(() => seen.push('tcp')).listen(0, '127.0.0.1');
    const unix = createServer(() => seen.push('unix')).listen(join(folder, 'socket'));
    udp = createSocket('udp4', () => seen.push('udp')).bind(0, '127.0.0.1');
    servers = [tcp, unix];
    await Promise.all([tcp, unix, udp].map((each) => once(each, 'listening')));
    places = {
      file: join(folder, 'written'),
      port: (tcp.address() as AddressInfo).port,
      udpPort: udp.address().port,
      socket: join(folder, 'socket'),
      parent: process.pid,
    };
    sandbox = await openSandbox(options);
  });
  afterAll(async () => {
    await sandbox.close();
    for (const server of servers) server.close();
    udp.close();
    rmSync(folder, { recursive: true });
  });

  test.each(ANIMALS)(
    'R15: an animal that $name ends $ending',
    async ({ body, ending, says = '', timeoutMs }) => {
      const broker = recorder();
      const found = await sandbox.run(invocationOf(body(places), timeoutMs), broker);
      expect(found.kind).toBe(ending);
      expect(JSON.stringify(found)).toMatch(
        typeof says === 'string' ? new RegExp(escaped(says)) : says,
      );
      expect(seen).toEqual([]);
      expect(existsSync(places.file)).toBe(false);
      expect(broker.lines.length).toBeLessThanOrEqual(1_000);
      expect(broker.effects.every(({ name }) => name === 'ranking_log')).toBe(true);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    },
  );
});

test('the zoo has no animal twice, and enough of them', () => {
  expect(new Set(ANIMALS.map(({ name }) => name)).size).toBe(ANIMALS.length);
  expect(ANIMALS.length).toBeGreaterThan(50);
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
