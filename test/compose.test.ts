import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../src/core/start';
import { connectionSettings } from '../src/server/connection';
import { TEMPORAL_CLI_VERSION } from '../src/server/pinned';
import { serverArguments } from '../src/server/server-arguments';

const ROOT = join(__dirname, '..');
const compose = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');

/** The items of the `command:` list of a service, which are one a line. */
function commandOf(service: string): string[] {
  const body = compose.split(`\n  ${service}:\n`)[1]?.split(/\n {2}\w/)[0] ?? '';
  const list = body.split('    command:\n')[1]?.split(/\n {4}\S/)[0] ?? '';
  return [...list.matchAll(/^ {6}- '?(.*?)'?$/gm)].map(([, item = '']) => item);
}

test('the compose file starts the server that `harness up` starts, with the same settings', () => {
  const embedded = serverArguments(
    {
      binary: 'temporal',
      home: '/data',
      dbFile: '/data/temporal.db',
      port: 7233,
      uiPort: 8233,
      searchAttributes: SEARCH_ATTRIBUTES,
    },
    { port: 7233, uiPort: 8233 },
  );
  const inContainer = embedded.map((argument) => (argument === '127.0.0.1' ? '0.0.0.0' : argument));
  expect(commandOf('temporal')).toEqual(inContainer);
  expect(compose).toContain(`image: temporalio/temporal:${TEMPORAL_CLI_VERSION}\n`);
});

test('its ports are open to this machine alone', () => {
  const published = [...compose.matchAll(/^ {6}- ([\d.]+):\d+:\d+$/gm)].map(([, host]) => host);
  expect(published).toEqual(['127.0.0.1', '127.0.0.1']);
});

test('the connection profiles that are shipped are read', () => {
  const env = { TEMPORAL_CONFIG_FILE: join(ROOT, 'temporal', 'temporal.toml') };
  expect(connectionSettings({ env, profile: 'compose' })).toMatchObject({
    address: '127.0.0.1:7233',
    namespace: 'default',
    source: 'profile',
  });
});
