import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

function onPath(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return (
    folders
      .map((folder) => join(folder, 'promtool'))
      .find((path) => {
        try {
          accessSync(path, constants.X_OK);
          return true;
        } catch {
          return false;
        }
      }) ?? null
  );
}

/** A test with Prometheus's own tool: skipped, with the reason in its name, on a machine without one. */
export function testPromtool(name: string, body: (promtool: string) => void): void {
  const promtool = onPath();
  if (promtool !== null) test(name, () => body(promtool));
  else test.skip(`${name} (skipped: no promtool on the PATH)`, () => undefined);
}
