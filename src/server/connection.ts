import { loadClientConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnectionOptions } from '@temporalio/worker';

import { quote } from '../core/construct';
import { messageOf } from '../core/invariant';
import { dataConverterFor } from '../payloads/converter';
import { Problem } from '../problem';

export const DEFAULT_ADDRESS = '127.0.0.1:7233';
export const DEFAULT_NAMESPACE = 'default';

export interface ConnectionRequest {
  /**
   * `--address`, `--namespace`, `--profile`: they beat the environment, which beats the profile
   * file.
   */
  readonly address?: string | undefined;
  readonly namespace?: string | undefined;
  readonly profile?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

export interface ConnectionSettings {
  /** For `Connection.connect` and `NativeConnection.connect` alike. The namespace is not in it. */
  readonly connectionOptions: NativeConnectionOptions & { readonly address: string };
  readonly namespace: string;
  /** How payloads are written and read: encrypted where HARNESS_PAYLOAD_KEYS names keys. */
  readonly dataConverter: DataConverter;
  readonly address: string;
  /** Who named the address. */
  readonly source: 'flag' | 'environment' | 'profile' | 'default';
}

/**
 * The server to talk to, by Temporal's own environment configuration (variables and
 * `temporal.toml`). Host verification cannot be turned off here, and a codec server is not used:
 * the SDK reads neither setting.
 * @throws Problem `NOT_FOUND` for a profile that does not exist, `UNREADABLE` for a damaged file,
 *   `USAGE` for a variable that does not say what it means; of HARNESS_PAYLOAD_KEYS also `REFUSED`, where others may read it.
 */
export function connectionSettings(request: ConnectionRequest): ConnectionSettings {
  const variables = temporalVariables(request.env);
  const { connectionOptions, namespace } = load(variables, request.profile);
  const address = request.address ?? connectionOptions.address ?? DEFAULT_ADDRESS;
  return {
    connectionOptions: { ...connectionOptions, address, ...wellNamedMetadata(connectionOptions) },
    namespace: request.namespace ?? namespace ?? DEFAULT_NAMESPACE,
    dataConverter: dataConverterFor(request.env['HARNESS_PAYLOAD_KEYS']),
    address,
    source: sourceOf(request, variables, connectionOptions.address),
  };
}

/**
 * The address that a flag, the environment or a profile names; null when none does, so that we
 * embed a server.
 */
export function configuredAddress(request: ConnectionRequest): string | null {
  const { address, source } = connectionSettings(request);
  return source === 'default' ? null : address;
}

function sourceOf(
  request: ConnectionRequest,
  variables: Readonly<Record<string, string>>,
  loadedAddress: string | undefined,
): ConnectionSettings['source'] {
  if (request.address !== undefined) return 'flag';
  if (variables['TEMPORAL_ADDRESS'] !== undefined) return 'environment';
  return loadedAddress === undefined ? 'default' : 'profile';
}

/**
 * The loader takes an empty variable for a value: an empty address, or a profile named ''. Empty
 * means unset, but for a header, where it means "leave this one out".
 */
function temporalVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const emptyCounts = name.startsWith('TEMPORAL_GRPC_META_');
    if (value !== undefined && (value !== '' || emptyCounts)) variables[name] = value;
  }
  const tls = variables['TEMPORAL_TLS'];
  // Any other word would silently turn TLS off, API key or not.
  if (tls !== undefined && !['1', 'true', '0', 'false'].includes(tls)) {
    throw new Problem('USAGE', `TEMPORAL_TLS is ${quote(tls)}: write true or false`);
  }
  return variables;
}

function load(variables: Readonly<Record<string, string>>, flag: string | undefined) {
  const profiles = profileNames(variables);
  const wanted = flag ?? variables['TEMPORAL_PROFILE'] ?? 'default';
  const exists = profiles.includes(wanted);
  if (!exists && wanted !== 'default') {
    throw new Problem(
      'NOT_FOUND',
      `there is no profile ${quote(wanted)} in Temporal's profile file (it has: ` +
        `${profiles.join(', ') || 'none'}): name one of those, or none, with --profile or TEMPORAL_PROFILE`,
    );
  }
  // The loader throws for a profile that is asked for by name and missing, even for `default`: so
  // it is not asked.
  const { TEMPORAL_PROFILE: _asked, ...overrideEnvVars } = variables;
  const which = exists ? { profile: wanted } : { disableFile: true };
  try {
    return loadClientConnectConfig({ ...which, ...STRICTLY, overrideEnvVars });
  } catch (error) {
    throw unreadable(variables, error);
  }
}

/** A key that is not known would be passed over, and the default taken in its place. */
const STRICTLY = { configFileStrict: true };

function profileNames(variables: Readonly<Record<string, string>>): string[] {
  try {
    return Object.keys(
      loadClientConfig({ ...STRICTLY, overrideEnvVars: { ...variables } }).profiles,
    );
  } catch (error) {
    // A file without a single profile: the loader reads a property of undefined.
    if (error instanceof TypeError) return [];
    throw unreadable(variables, error);
  }
}

function unreadable(variables: Readonly<Record<string, string>>, error: unknown): Error {
  const file = variables['TEMPORAL_CONFIG_FILE'] ?? 'temporal.toml in the configuration folder';
  const reason = messageOf(error).split('\n')[0] ?? '';
  return new Problem(
    'UNREADABLE',
    `Temporal's connection settings cannot be read (profile file: ${file}): ${reason}`,
    variables['TEMPORAL_CONFIG_FILE'] ?? null,
    error,
  );
}

/** The loader turns only the first `_` of a header's name into `-`. */
function wellNamedMetadata({ metadata }: NativeConnectionOptions) {
  if (metadata === undefined) return {};
  const named = Object.entries(metadata).map(([key, value]) => [key.replaceAll('_', '-'), value]);
  return { metadata: Object.fromEntries(named) as typeof metadata };
}
