import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes an authority (`ca.pem`) and what it has signed for this machine's loopback: `server` and `client`, each `.pem` and
 * `.key`, good for both ends of a connection.
 */
export function makeCertificates(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const named = (name: string) => ['-subj', `/CN=${name}`, '-keyout', `${name}.key`];
  openssl('req', '-x509', ...newKey, '-days', '2', ...named('ca'), '-out', 'ca.pem');
  const uses = [
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
    'extendedKeyUsage=serverAuth,clientAuth',
  ];
  writeFileSync(join(folder, 'uses'), uses.join('\n'));
  for (const name of ['server', 'client']) {
    openssl('req', ...newKey, ...named(name), '-out', `${name}.csr`);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-extfile', 'uses', '-out', `${name}.pem`);
  }
  return folder;
}
