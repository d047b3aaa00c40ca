import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { EXECUTABLE_SUFFIX, TEMPORAL_CLI_VERSION } from './pinned';

const ANSWER_MS = 10_000;
const STALL_MS = 30_000;
const POLL_MS = 200;

/**
 * The SDK can only download and start in one. So it is told to start the server with `--help`,
 * which serves nothing and ends at once. This runs in a process of its own: the SDK's runtime can
 * be set up once a process, it writes to standard output, and its download cannot be called off. As
 * text, because it must run without the rest of the build.
 */
const SCRIPT = `
const [sdkWorker, downloadDir, version] = process.argv.slice(1);
const { Runtime, DefaultLogger } = require(sdkWorker);
Runtime.install({ logger: new DefaultLogger('ERROR') })
  .createEphemeralServer({
    type: 'dev-server',
    exe: { type: 'cached-download', downloadDir, version, ttl: 86400000, sdkName: '', sdkVersion: '' },
    namespace: 'default', ip: '127.0.0.1', port: null, uiPort: null, dbFilename: null, ui: false,
    log: { format: 'json', level: 'error' },
    extraArgs: ['--help'],
  })
  .catch((error) => { process.stderr.write(error.message, () => process.exit(1)); });
`;

/**
 * Fetches the pinned binary by the SDK's own download into `folder`; the path of the file. Given up
 * when it has not begun within 10 s or brings nothing for 30 s.
 * @throws Error with the reason, as a part of a sentence.
 */
export async function downloadBySdk(
  folder: string,
  env: NodeJS.ProcessEnv,
  answerMs = ANSWER_MS,
): Promise<string> {
  const tag = `v${TEMPORAL_CLI_VERSION}`;
  const path = join(folder, `temporal-${tag}${EXECUTABLE_SUFFIX}`);
  const child = spawn(
    process.execPath,
    ['-e', SCRIPT, require.resolve('@temporalio/worker'), folder, tag],
    { env, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', () => resolve(innermost(complaint)));
  });
  try {
    await untilThere(path, answerMs, ended);
    return path;
  } finally {
    child.kill('SIGKILL');
  }
}

/** The SDK writes to `<path>.downloading` and renames: the path is there only when it is whole. */
async function untilThere(path: string, answerMs: number, ended: Promise<string>): Promise<void> {
  let bytes = -1;
  let movedAt = performance.now();
  while (!existsSync(path)) {
    const now = statSync(`${path}.downloading`, { throwIfNoEntry: false })?.size ?? -1;
    if (now !== bytes) [bytes, movedAt] = [now, performance.now()];
    const limitMs = bytes === -1 ? answerMs : STALL_MS;
    if (performance.now() - movedAt > limitMs) {
      const seen = bytes === -1 ? 'no answer' : 'nothing more came';
      throw new Error(`${seen} within ${limitMs / 1000} s`);
    }
    const complaint = await Promise.race([ended, delay(POLL_MS, null)]);
    if (complaint !== null && !existsSync(path)) throw new Error(complaint);
  }
}

/** An SDK error names its causes outside in; the last two say what happened. */
function innermost(message: string): string {
  const causes = message.trim().split('\n')[0]?.split(': ') ?? [];
  return causes.slice(-2).join(': ') || 'it ended without a file';
}
