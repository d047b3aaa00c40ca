import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateProgram, programsFolder, SERVER, whereKept } from '../../src/production/programs';
import { readSettings } from '../../src/production/settings';
import { tlsFrom } from '../../src/production/tls';

const folder = mkdtempSync(join(tmpdir(), 'harness-programs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, line: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
  return path;
}

const locate = (env: NodeJS.ProcessEnv, said: string[] = []) =>
  locateProgram(SERVER, { env, progress: (line) => said.push(line) });

describe("Temporal's own programs", () => {
  test('the one that a variable names is taken, when it is of the right version', async () => {
    const good = program('good', `echo temporal version ${SERVER.version}`);
    expect(await locate({ TEMPORAL_SERVER_PATH: good })).toBe(good);
    const old = program('old', 'echo temporal version 1.31.0');
    await expect(locate({ TEMPORAL_SERVER_PATH: old })).rejects.toThrow(
      `${old} is not temporal-server ${SERVER.version} (it is version 1.31.0): remove it, or name another one with TEMPORAL_SERVER_PATH`,
    );
    const none = join(folder, 'none');
    await expect(locate({ TEMPORAL_SERVER_PATH: none })).rejects.toThrow('no such program');
  });

  test('one that was built before is taken, without Go', async () => {
    const env = { HARNESS_PROGRAMS: folder, PATH: folder };
    expect(whereKept(SERVER, env)).toBeNull();
    const kept = program(
      `temporal-server-${SERVER.version}`,
      `/bin/echo temporal version ${SERVER.version}`,
    );
    expect(await locate(env)).toBe(kept);
    rmSync(kept);
  });

  test('where there is neither one nor Go, it is said what to do, and nothing is left behind', async () => {
    const said: string[] = [];
    const env = { HARNESS_PROGRAMS: join(folder, 'kept'), PATH: join(folder, 'empty') };
    await expect(locate(env, said)).rejects.toThrow(
      `temporal-server ${SERVER.version} is not here and could not be built (there is no Go): install Go 1.26 or newer, or name a binary of it with TEMPORAL_SERVER_PATH`,
    );
    expect(said).toEqual([expect.stringContaining(`into ${programsFolder(env)}`)]);
    expect(whereKept(SERVER, env)).toBeNull();
  });

  test('a build that fails says what Go said last', async () => {
    program('go', 'echo first >&2; echo no network >&2; exit 1');
    const env = { HARNESS_PROGRAMS: join(folder, 'kept'), PATH: `${folder}:/bin` };
    await expect(locate(env)).rejects.toThrow('(it ended with status 1: no network)');
  });

  test('what Go builds is kept under its name and version', async () => {
    const built = `#!/bin/sh\necho temporal version ${SERVER.version}`;
    program(
      'go',
      `printf '%s\\n' '${built.replace('\n', "' '")}' > "$GOBIN/server"; echo "$2" > ${folder}/asked`,
    );
    const env = { HARNESS_PROGRAMS: join(folder, 'kept'), PATH: `${folder}:/bin` };
    expect(await locate(env)).toBe(join(folder, 'kept', `temporal-server-${SERVER.version}`));
    expect(whereKept(SERVER, env)).toBe(await locate(env));
  });
});

test('a checkout has the settings, and another folder is told so', () => {
  expect(readSettings()['DB']).toBe('postgres12');
  expect(() => readSettings(folder)).toThrow('run this from a checkout of the harness');
});

test('the folder of certificates has to have all five', () => {
  for (const name of ['ca.pem', 'server.pem', 'server.key', 'client.pem'])
    writeFileSync(join(folder, name), '');
  expect(() => tlsFrom(folder)).toThrow(
    `${join(folder, 'client.key')} cannot be read: the folder of --tls needs ca.pem, server.pem, server.key, client.pem and client.key`,
  );
  writeFileSync(join(folder, 'client.key'), '');
  expect(tlsFrom(folder).client['TEMPORAL_TLS_CLIENT_KEY_PATH']).toBe(join(folder, 'client.key'));
});
