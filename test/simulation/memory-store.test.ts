import { storeContract } from '../store/contract';
import { Memory, memoryStore } from './memory-store';

/** The simulation's store is no proof unless it keeps what the real one promises. */
storeContract('the store in memory', () => {
  const memory = new Memory();
  return Promise.resolve({
    open: () => Promise.resolve(memoryStore(memory)),
    remove: () => Promise.resolve(),
  });
});
