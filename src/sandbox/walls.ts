import { DATA_MIB } from './limits';
import type { Isolation } from '../core/skills';

/** A way to start the child: the programs that stand before Node, each of which becomes the next one. */
export interface Walls {
  readonly isolation: Isolation;
  readonly before: readonly string[];
  /** Node is then not the process that was started, but that one's only child. */
  readonly nested: boolean;
}

/** Dies with whoever started it, also when that one is killed and nothing is left to close a pipe. */
const WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL', '--'];

/** No interface, not even loopback; no process, System V object or host name but its own; /proc shows itself alone. */
const NAMESPACES = ['--net', '--ipc', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** Not a byte into any file; no core dump; few descriptors; a bound for all writable memory, buffers included. */
const LIMITS = [
  'prlimit',
  '--fsize=0',
  '--core=0',
  '--nofile=128',
  `--data=${DATA_MIB * 1024 * 1024}`,
  '--',
];

/** No capability, and no program that would give one back. */
const POWERLESS = ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'];
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];

const inside = (unshare: readonly string[], identity: readonly string[]): Walls => ({
  isolation: 'os',
  before: [
    ...WITH_PARENT,
    'unshare',
    ...unshare,
    ...NAMESPACES,
    '--',
    ...LIMITS,
    'setpriv',
    ...identity,
    ...POWERLESS,
    // Given up with the identity, so asked for again.
    '--pdeathsig',
    'KILL',
    '--',
  ],
  nested: true,
});

/** As root: as nobody, who can read no file that is not everybody's; else as root without powers (Node may lie in /root). */
const AS_ROOT = [inside([], NOBODY), inside([], [])];
/** As anyone, where the machine allows namespaces of users. */
const AS_USER = [inside(['--map-root-user'], [])];
const PROCESS: readonly Walls[] = [
  { isolation: 'process', before: WITH_PARENT, nested: false },
  { isolation: 'process', before: [], nested: false },
];

/** What to try here, strongest first; the last one needs nothing but Node. */
export function wallsToTry(only?: 'process'): readonly Walls[] {
  if (process.platform !== 'linux') return PROCESS.slice(-1);
  if (only === 'process') return PROCESS;
  return [...(process.getuid?.() === 0 ? AS_ROOT : []), ...AS_USER, ...PROCESS];
}
