import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';

import { configuredAddress, connectionSettings } from '../../src/server/connection';
import { cleanUp, FETCH_MS, start, temporaryFolder, testBinary } from './real-server';

afterEach(cleanUp);

/** An environment whose profile file has this text; null: there is no such file. */
function environment(toml: string | null, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const file = join(temporaryFolder(), 'temporal.toml');
  if (toml !== null) writeFileSync(file, toml);
  return { TEMPORAL_CONFIG_FILE: file, ...more };
}

const PROFILES = `
[profile.default]
address = "a.example:7233"
namespace = "na"
[profile.desk]
address = "b.example:7233"
api_key = "k"
[profile.bare]
namespace = "nc"
`;

test('nothing configured means 127.0.0.1:7233 and namespace default, and no server is configured', () => {
  const env = environment(null);
  expect(connectionSettings({ env })).toMatchObject({
    address: '127.0.0.1:7233',
    namespace: 'default',
    source: 'default',
    connectionOptions: { address: '127.0.0.1:7233' },
  });
  expect(configuredAddress({ env })).toBeNull();
});

test('a flag beats the environment, which beats the profile', () => {
  const env = environment(PROFILES);
  expect(connectionSettings({ env })).toMatchObject({
    address: 'a.example:7233',
    namespace: 'na',
    source: 'profile',
  });
  const more = { TEMPORAL_ADDRESS: 'e.example:1', TEMPORAL_NAMESPACE: 'ne' };
  const both = environment(PROFILES, more);
  expect(connectionSettings({ env: both })).toMatchObject({
    address: 'e.example:1',
    namespace: 'ne',
    source: 'environment',
  });
  const flags = { address: 'f.example:1', namespace: 'nf' };
  expect(connectionSettings({ env: both, ...flags })).toMatchObject({ ...flags, source: 'flag' });
  expect(configuredAddress({ env: both })).toBe('e.example:1');
});

test('a profile is chosen by flag, then by TEMPORAL_PROFILE; an API key turns TLS on', () => {
  const env = environment(PROFILES, { TEMPORAL_PROFILE: 'desk' });
  const { connectionOptions, namespace } = connectionSettings({ env });
  expect(connectionOptions).toMatchObject({ address: 'b.example:7233', apiKey: 'k', tls: true });
  expect(namespace).toBe('default');
  expect(connectionSettings({ env, profile: 'default' }).address).toBe('a.example:7233');
});

test('a profile without an address configures no server', () => {
  const env = environment(PROFILES, { TEMPORAL_PROFILE: 'bare' });
  expect(connectionSettings({ env })).toMatchObject({ namespace: 'nc', source: 'default' });
  expect(configuredAddress({ env })).toBeNull();
});

test('a profile that does not exist is refused, naming those that do', () => {
  const env = environment(PROFILES, { TEMPORAL_ADDRESS: 'e.example:1' });
  expect(() => connectionSettings({ env, profile: 'constructor' })).toThrow(
    expect.objectContaining({
      code: 'NOT_FOUND',
      message: expect.stringContaining(
        'no profile "constructor" in Temporal\'s profile file (it has: default, desk, bare)',
      ),
    }),
  );
});

test('asking for profile default where there is no profile at all is no error', () => {
  for (const toml of [null, '', '# nothing yet\n']) {
    const env = environment(toml, { TEMPORAL_PROFILE: 'default', TEMPORAL_NAMESPACE: 'n' });
    expect(connectionSettings({ env })).toMatchObject({ namespace: 'n', source: 'default' });
  }
});

test('an empty variable counts as unset', () => {
  const env = environment(PROFILES, { TEMPORAL_ADDRESS: '', TEMPORAL_PROFILE: '' });
  expect(connectionSettings({ env })).toMatchObject({ address: 'a.example:7233' });
});

test('a TEMPORAL_TLS that is no yes or no is refused, rather than taken for no', () => {
  expect(() => connectionSettings({ env: environment(null, { TEMPORAL_TLS: 'TRUE' }) })).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: 'TEMPORAL_TLS is "TRUE": write true or false',
    }),
  );
});

test('a header keeps no underscore, from the environment or from a profile', () => {
  const toml = '[profile.default.grpc_meta]\nx_desk_id = "1"\n';
  const env = environment(toml, { TEMPORAL_GRPC_META_X_TENANT_ID: '2' });
  const { metadata } = connectionSettings({ env }).connectionOptions;
  expect(metadata).toEqual({ 'x-desk-id': '1', 'x-tenant-id': '2' });
});

test('a damaged profile file, or a certificate that is not there, is unreadable, in one sentence', () => {
  const broken = environment('[profile.default\n');
  const tls = '[profile.default]\n[profile.default.tls]\nclient_cert_path = "/nothing.pem"\n';
  for (const env of [broken, environment(tls)]) {
    expect(() => connectionSettings({ env })).toThrow(
      expect.objectContaining({
        code: 'UNREADABLE',
        message: expect.stringMatching(
          /^Temporal's connection settings cannot be read .*: [^\n]+$/,
        ),
      }),
    );
  }
});

test(
  'the settings serve a client and a worker alike',
  async () => {
    await testBinary();
    const server = await start({ home: temporaryFolder() });
    const env = environment(null, { TEMPORAL_ADDRESS: server.address });
    const { connectionOptions } = connectionSettings({ env });
    await (await Connection.connect(connectionOptions)).close();
    await (await NativeConnection.connect(connectionOptions)).close();
  },
  FETCH_MS,
);
