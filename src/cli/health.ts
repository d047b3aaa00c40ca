import type { Command } from 'commander';
import { Problem } from '../problem';
import { type Context, contextOf } from './context';

export const DEFAULT_HEALTH = '127.0.0.1:9465';

export function healthCommand(root: Command): void {
  root
    .command('health [address]')
    .description(
      `is a worker well? It asks the endpoint that \`--health\` opened (default: HARNESS_HEALTH, else ${DEFAULT_HEALTH})`,
    )
    .action((address: string | undefined, _: object, command: Command) =>
      health(contextOf(command), address),
    );
}

/** For a container's health check: no tool but Node is needed. Exit 0 when it is well, 1 with one sentence when it is not. */
async function health(context: Context, address: string | undefined): Promise<void> {
  const { askHealth } = await import('../health');
  const { endpointAt } = await import('../metrics/address');
  const asked = address ?? (context.env['HARNESS_HEALTH'] || DEFAULT_HEALTH);
  const problem = await askHealth(endpointAt(asked, 'the address'));
  if (problem !== null) throw new Problem('REFUSED', problem, asked);
  context.print({ healthy: true, address: asked }, 'ok');
}
