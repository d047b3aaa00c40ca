import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');

interface Locked {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
}

/**
 * What they would do at installation, and why it is not needed: @swc/core and esbuild only check that their native part, a package
 * of its own, is there; protobufjs warns of version ranges; @parcel/watcher would build what it has as a package too.
 */
const WITH_SCRIPTS = ['@parcel/watcher', '@swc/core', 'esbuild', 'protobufjs'];

test('no package but the four that are known brings a script that would run at installation', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Locked;
  const found = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript);
  const names = found.map(([path]) => path.replace(/^.*node_modules\//, ''));
  expect([...new Set(names)].sort()).toEqual(WITH_SCRIPTS);
});

test('the lock file is enough to say what the package is made of', () => {
  const { status, stderr } = spawnSync('node', ['scripts/sbom.mjs'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect([status, stderr.replace(/^npm warn.*$/gm, '').trim()]).toEqual([0, '']);
  const { bomFormat, components } = JSON.parse(
    readFileSync(join(root, 'reports/sbom.cdx.json'), 'utf8'),
  ) as { bomFormat: string; components: readonly { name: string; version: string }[] };
  expect(bomFormat).toBe('CycloneDX');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const listed = new Set(components.map(({ name, version }) => `${name} ${version}`));
  const own = Object.entries(manifest.dependencies).map((each) => each.join(' '));
  expect(own.filter((each) => !listed.has(each))).toEqual([]);
});
