import type { AuditConfig } from '../documents/config';
import { type Store, StoreError } from './store';
import type { Trail } from './trail';

/**
 * Opens the store that `audit` of the configuration names; every command, worker and program opens it here.
 * @param home HARNESS_HOME, of the file store
 * @throws StoreError STORE_UNAVAILABLE
 */
export async function openStore(
  audit: AuditConfig,
  home: string,
  env: NodeJS.ProcessEnv,
): Promise<Store> {
  if (audit.type === 'files') {
    const { openFileStore } = await import('./files');
    return openFileStore(home);
  }
  const { openPostgresStore } = await import('./postgres');
  return openPostgresStore(databaseUrl(audit.url_env, env));
}

/** The same record, to be judged: makes nothing. @throws StoreError STORE_UNAVAILABLE */
export async function openTrail(
  audit: AuditConfig,
  home: string,
  env: NodeJS.ProcessEnv,
): Promise<Trail> {
  if (audit.type === 'files') {
    const { fileTrail } = await import('./files/trail');
    return fileTrail(home);
  }
  const { openPostgresTrail } = await import('./postgres/trail');
  return openPostgresTrail(databaseUrl(audit.url_env, env));
}

/** @throws StoreError STORE_UNAVAILABLE when the variable is not set */
export function databaseUrl(urlEnv: string, env: NodeJS.ProcessEnv): string {
  const url = env[urlEnv];
  if (url !== undefined && url !== '') return url;
  throw new StoreError(
    'STORE_UNAVAILABLE',
    `the environment variable ${urlEnv}, the address of the database, is not set: set it`,
  );
}
