import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isUtf8 } from 'node:buffer';
import type { Json } from '../core/json';
import { canonicalText } from '../core/identity';
import { parseJson, readDocument } from '../documents/json';
import { type Looked, readStanding } from './file';
import type { SourceRead } from './source';

const ENDING = '.json';
/** As long as the evaluation time that stands there later. */
const LONGEST = '0000-00-00T00:00:00.000Z';

/**
 * `dir:PATH`: one JSON file for each field of the bundle, `regime_state.json`, `active_beliefs.json` …. Each file that ends so
 * is a field, and T1 judges an unknown one as it does in any bundle (R13); hidden files and others are none.
 */
export function readDirectory(path: string, stop: AbortSignal): Promise<SourceRead> {
  const list = async (): Promise<string[]> => {
    const names = await readdir(path);
    return names
      .filter((name) => name.endsWith(ENDING) && !name.startsWith('.'))
      .sort()
      .map((name) => join(path, name));
  };
  return readStanding(list, (files) => bundleOf(path, files), path, stop);
}

function bundleOf(folder: string, files: Looked): SourceRead {
  if (files.size === 0) {
    const how = 'it has to hold one for each state, such as regime_state.json';
    return { ok: false, problem: `${folder} holds no JSON file: ${how}` };
  }
  const states: [string, Json][] = [];
  for (const [path, bytes] of files) {
    const field = basename(path, ENDING);
    if (field === 'timestamp') {
      const why = "the evaluation time is the bundle's timestamp";
      return { ok: false, problem: `${path} is refused: ${why}` };
    }
    const text = isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : null;
    if (text === null || text.startsWith('\uFEFF'))
      return { ok: false, problem: `${path} is not UTF-8 without a byte order mark` };
    const read = parseJson(text);
    if (!read.ok) return { ok: false, problem: `${path}: ${read.problem}` };
    states.push([field, read.value]);
  }
  const value = Object.fromEntries(states);
  // Judged as a whole, as any bundle: its size, its depth.
  const whole = readDocument(Buffer.from(JSON.stringify({ ...value, timestamp: LONGEST })));
  if (!whole.ok) return { ok: false, problem: `${folder}: ${whole.problem}` };
  return { ok: true, text: canonicalText(value), dated: false };
}
