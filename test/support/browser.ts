import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

function onPath(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return (
    paths.find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }) ?? null
  );
}

const browser = onPath();

/** A suite that needs a browser: skipped, with the reason in its name, on a machine without one. */
export function describeBrowser(name: string, body: () => void): void {
  if (browser !== null) describe(name, body);
  else describe.skip(`${name} (skipped: no chromium on the PATH)`, body);
}

/** What a browser makes of the page, and the addresses that it asked for on the way. */
export async function look(
  page: string,
  screenshot: string,
): Promise<{ readonly dom: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(404).end();
  });
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const profile = await mkdtemp(join(tmpdir(), 'harness-browser-'));
  const { port } = proxy.address() as AddressInfo;
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  flags.push(`--proxy-server=127.0.0.1:${port}`, `--user-data-dir=${profile}`);
  // Its own business apart.
  flags.push('--disable-background-networking', '--disable-component-update', '--no-first-run');
  flags.push('--window-size=1200,2600');
  const address = `file://${page}`;
  try {
    const options = { maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await run(browser ?? '', [...flags, '--dump-dom', address], options);
    await run(browser ?? '', [...flags, `--screenshot=${screenshot}`, address], options);
    return { dom: stdout, asked };
  } finally {
    proxy.closeAllConnections();
    proxy.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What a page of a server on this machine looks like once its script has asked for what it shows. */
export async function domOf(url: string, screenshot?: string): Promise<string> {
  const profile = await mkdtemp(join(tmpdir(), 'harness-browser-'));
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  flags.push(`--user-data-dir=${profile}`, '--no-first-run', '--disable-background-networking');
  flags.push('--window-size=1400,2000', '--virtual-time-budget=20000');
  try {
    const options = { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 };
    const { stdout } = await run(browser ?? '', [...flags, '--dump-dom', url], options);
    if (screenshot !== undefined)
      await run(browser ?? '', [...flags, `--screenshot=${screenshot}`, url], options);
    return stdout;
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
