import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionSettings } from '../../src/server/connection';
import { orRefused, type Reader, taken } from './reading';

const PROFILE = `[profile.default]
address = "a.example:7233"
namespace = "na"
api_key = "k"
[profile.default.tls]
disabled = false
server_name = "b.example"
[profile.default.grpc_meta]
x-desk-id = "1"
`;

const VARIABLES = {
  TEMPORAL_ADDRESS: 'e.example:7233',
  TEMPORAL_NAMESPACE: 'ne',
  TEMPORAL_API_KEY: 'k',
  TEMPORAL_TLS: 'true',
  TEMPORAL_TLS_SERVER_NAME: 'f.example',
  TEMPORAL_GRPC_META_X_TENANT: '2',
};

export interface Connections {
  readonly ofValues: readonly Reader[];
  readonly ofBytes: readonly Reader<Uint8Array>[];
  close(): void;
}

/** Temporal's own ways to say which server: its profile file, and its variables. */
export function connectionReaders(): Connections {
  const folder = mkdtempSync(join(tmpdir(), 'harness-fuzz-profile-'));
  const file = join(folder, 'temporal.toml');
  return {
    ofValues: [
      {
        name: 'variables of the connection',
        valid: VARIABLES,
        read: (value) =>
          orRefused(() => {
            const given = Object.entries(Object(value)).filter(
              ([, text]) => typeof text === 'string',
            );
            const said = Object.fromEntries(given) as Record<string, string>;
            const env = { TEMPORAL_CONFIG_FILE: join(folder, 'none.toml'), ...said };
            const { address, namespace, connectionOptions } = connectionSettings({ env });
            const { apiKey, tls } = connectionOptions;
            const wanted = [
              said['TEMPORAL_ADDRESS'] || '127.0.0.1:7233',
              said['TEMPORAL_NAMESPACE'] || 'default',
              said['TEMPORAL_API_KEY'] || null,
            ];
            const off = ['0', 'false'].includes(said['TEMPORAL_TLS'] ?? '');
            const asked = Object.keys(said).some(
              (name) => /^TEMPORAL_(TLS|API_KEY)/.test(name) && said[name] !== '',
            );
            return taken(
              [...wanted, asked && !off],
              [address, namespace, apiKey ?? null, Boolean(tls)],
            );
          }),
      },
    ],
    ofBytes: [
      {
        name: 'profile file of the connection',
        valid: Buffer.from(PROFILE),
        read: (bytes) =>
          orRefused(() => {
            writeFileSync(file, bytes);
            const env = { TEMPORAL_CONFIG_FILE: file };
            const { address, namespace, connectionOptions } = connectionSettings({ env });
            const text = Buffer.from(bytes).toString('utf8').replace('\ufeff', '');
            // Up to the next table.
            const [, own = ''] = /^\[profile\.default\]\s*?\n((?:(?!\[).*\n?)*)/m.exec(text) ?? [];
            const said = (key: string): string | undefined =>
              new RegExp(`^\\s*${key}\\s*=\\s*"([^"]*)"`, 'm').exec(own)?.[1];
            return taken(
              [
                said('address') ?? '127.0.0.1:7233',
                said('namespace') ?? 'default',
                said('api_key'),
              ],
              [address, namespace, connectionOptions.apiKey],
            );
          }),
      },
    ],
    close: () => rmSync(folder, { recursive: true }),
  };
}
