import { shared } from './global-setup';

export default async function teardown(): Promise<void> {
  await shared.server?.stop();
}
