import { BYTE_READERS } from './byte-readers';
import { commandReaders } from './commands';
import { connectionReaders } from './connection';
import { deedReaders } from './effects';
import type { Readers } from './fuzz';
import { READERS } from './readers';
import { storedReaders } from './stored';

/** Every way in, with what some of them need around them. */
export async function openReaders(): Promise<Readers & { close(): void }> {
  const stored = await storedReaders();
  const deeds = await deedReaders();
  const connections = connectionReaders();
  const commands = commandReaders();
  return {
    ofValues: [...READERS, ...deeds.ofValues, ...connections.ofValues, ...commands.ofValues],
    ofBytes: [...BYTE_READERS, ...stored.readers, ...deeds.ofBytes, ...connections.ofBytes],
    close() {
      stored.close();
      deeds.close();
      connections.close();
      commands.close();
    },
  };
}
