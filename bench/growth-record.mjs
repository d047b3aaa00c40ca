// What an auditor waits for: all that was recorded in this run, exported, signed, and verified from the exported folder alone.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { round } from './measure.mjs';

const BIN = fileURLToPath(new URL('../bin/harness.js', import.meta.url));

export async function measureRecord({ home }, say) {
  const run = (...args) => {
    const env = { PATH: process.env.PATH, HARNESS_HOME: home };
    const from = performance.now();
    const text = execFileSync('node', [BIN, ...args, '--json'], {
      env,
      cwd: home,
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    });
    return { value: JSON.parse(text), seconds: (performance.now() - from) / 1_000 };
  };
  const keys = generateKeyPairSync('ed25519');
  const pem = { private: join(home, 'audit.key'), public: join(home, 'audit.pub') };
  writeFileSync(pem.private, keys.privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  });
  writeFileSync(pem.public, keys.publicKey.export({ type: 'spki', format: 'pem' }));
  say('signing, exporting and verifying the record');
  const checkpoint = run('audit', 'checkpoint', '--key', pem.private);
  const folder = join(home, 'exported');
  const exported = run('audit', 'export', '--out', folder);
  const rows = [];
  const chains = ({ cycles, governance }) => [...cycles, ...governance];
  for (const [what, args] of [
    ['HARNESS_HOME', ['audit', 'verify', '--public-key', pem.public]],
    ['the exported folder', ['audit', 'verify', '--export', folder, '--public-key', pem.public]],
  ]) {
    const { value, seconds } = run(...args);
    const entries = chains(value).reduce((sum, each) => sum + each.entries, 0);
    rows.push({
      verified: what,
      status: value.status,
      chains: chains(value).length,
      entries,
      seconds: round(seconds, 2),
      'entries/s': Math.round(entries / seconds),
      'signing all ends, s': round(checkpoint.seconds, 2),
      'exporting, s': round(exported.seconds, 2),
    });
  }
  rmSync(folder, { recursive: true, force: true });
  return rows;
}
