import { checkChain } from '../../src/audit/chain';
import { parseCondition } from '../../src/core/conditions';
import { canonicalText, hashOf } from '../../src/core/identity';
import type { Json } from '../../src/core/json';
import { parseDuration } from '../../src/core/nominal';
import { parseInstant } from '../../src/core/time';
import { readDocument } from '../../src/documents/json';
import { readLedger } from '../../src/documents/ledger';
import { endpointAt } from '../../src/metrics/address';
import { nameSource } from '../../src/sources/source';
import { fullBundle } from '../documents/samples';
import { LINES, readMessage, TRAIL } from './readers';
import { JUDGED, orRefused, type Reader, refused, taken } from './reading';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Of bytes and texts. */
export const BYTE_READERS: readonly Reader<Uint8Array>[] = [
  {
    name: 'document',
    valid: Buffer.from(JSON.stringify(fullBundle())),
    read(bytes) {
      const read = readDocument(bytes);
      if (!read.ok) return refused(read.problem);
      const value = JSON.parse(text(bytes)) as Json;
      return taken([value, hashOf(value)], [read.value, read.hash]);
    },
  },
  {
    name: 'Decision Ledger',
    valid: Buffer.from('### [2026-01-24] D010: Title\n\n**Decision**: x\n\n**Rationale**: y\n'),
    read(bytes) {
      const lines = text(bytes).split(/\r\n|\r|\n/);
      const { entries } = readLedger(text(bytes));
      const stands = entries.map(({ id, date, title, line }) =>
        [id, date, title].every((part) => lines[line - 1]?.includes(part)),
      );
      return taken(
        entries.map(() => true),
        stands,
      );
    },
  },
  {
    name: 'condition',
    valid: Buffer.from("not (regime.behavior in ['EVENT_LOCK'] or factor.size_multiplier < 0.5)"),
    read(bytes) {
      const parsed = parseCondition(text(bytes));
      return parsed.ok ? JUDGED : refused(parsed.error.message);
    },
  },
  {
    name: 'chain',
    valid: Buffer.from(LINES.join('\n')),
    read(bytes) {
      const lines = text(bytes).split('\n');
      const read: string[] = [];
      const { problem } = checkChain(TRAIL.cycleId, lines, (entry) =>
        read.push(canonicalText({ ...entry } as unknown as Json)),
      );
      return problem === null ? taken(lines, read) : refused(problem.problem);
    },
  },
  {
    name: 'message of a skill, as bytes',
    valid: Buffer.from('{"kind":"threw","detail":"no"}'),
    read: (bytes) => readMessage(text(bytes)),
  },
  {
    name: 'source of a schedule',
    valid: Buffer.from('https://desk.example:8443/bundle.json'),
    read(bytes) {
      const named = nameSource(text(bytes), '/tmp');
      if (!named.ok) return refused(named.problem);
      const address = new URL(text(bytes).replace(/^(file|dir):/, '$1:///'));
      return taken(address.protocol, new URL(named.source).protocol);
    },
  },
  {
    name: 'instant',
    valid: Buffer.from('2026-11-22T14:25:29.123Z'),
    read(bytes) {
      const ms = parseInstant(text(bytes));
      if (ms === null) return refused('it is no instant');
      return taken(Date.parse(text(bytes).replace(/(\.\d{3})\d+/, '$1')), ms);
    },
  },
  {
    name: 'duration',
    valid: Buffer.from('90s'),
    read(bytes) {
      const ms = parseDuration(text(bytes));
      if (ms === null) return refused('it is no duration');
      const [, digits, unit = ''] = /^(\d+)(.)$/.exec(text(bytes)) ?? [];
      const seconds = new Map(Object.entries({ s: 1, m: 60, h: 3_600, d: 86_400 })).get(unit);
      return taken(Number(digits) * (seconds ?? 0) * 1_000, ms);
    },
  },
  {
    name: 'address of an endpoint',
    valid: Buffer.from('127.0.0.1:9464'),
    read: (bytes) =>
      orRefused(() => {
        const { host, port } = endpointAt(text(bytes), '--metrics');
        const whole = text(bytes).includes(':') ? `${host}:${port}` : `${port}`;
        return taken(
          text(bytes)
            .replace(/[[\]]/g, '')
            .replace(/0*(\d+)$/, '$1'),
          whole,
        );
      }),
  },
];
