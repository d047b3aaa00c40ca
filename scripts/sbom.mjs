import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

/** `npm run sbom`: what the package is made of, as CycloneDX, read from the lock file alone (development tools are marked; npm's own `--omit dev` would leave out what both need); made at a release, not kept in the repository. */
const given = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
const { status, stdout, stderr } = spawnSync('npm', given, {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  shell: process.platform === 'win32',
});
if (status === 0) {
  const { components } = JSON.parse(stdout);
  mkdirSync('reports', { recursive: true });
  writeFileSync('reports/sbom.cdx.json', stdout);
  process.stdout.write(`reports/sbom.cdx.json: ${components.length} components\n`);
} else {
  process.stderr.write(stderr);
  process.exitCode = 1;
}
