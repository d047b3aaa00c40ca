import { fuzz } from './fuzz';
import { openReaders } from './open';

/** `npm run fuzz -- --runs N --seed S`: exit 1 when a reader did anything but read or refuse in plain words. */
const option = (name: string, usual: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? usual : Number(process.argv[at + 1]);
};
const main = async (): Promise<void> => {
  const readers = await openReaders();
  try {
    const done = await fuzz(option('runs', 20_000), option('seed', 1), readers);
    process.stdout.write(`${JSON.stringify(done, null, 2)}\n`);
    process.exitCode = done.defects.length === 0 ? 0 : 1;
  } finally {
    readers.close();
  }
};
void main();
