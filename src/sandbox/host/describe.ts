import { Buffer } from 'node:buffer';
import { answer, defaultOf, isObject, jsonOf, moduleOf } from './skill';
import { described, threw } from './report';

const get = Reflect.get;

/** What a skill file says of itself: its module code runs, `run` does not. */
export function describeSkill(
  code: string,
  converter: string,
  load: (name: unknown) => unknown,
): never {
  const [manifest, output] = read(code, converter, load);
  answer(
    'described',
    `,"manifest":${manifest},"output":${output}`,
    Buffer.byteLength(manifest) + Buffer.byteLength(output),
  );
  throw new Error('unreachable');
}

function read(
  code: string,
  converter: string,
  load: (name: unknown) => unknown,
): [manifest: string, output: string] {
  try {
    const skill = defaultOf(moduleOf(code, load));
    const manifest: Record<string, unknown> = { __proto__: null };
    for (const key of Object.keys(skill)) {
      if (key !== 'run' && key !== 'output') manifest[key] = get(skill, key);
    }
    return [textOf('manifest', manifest), textOf('`output`', schemaOf(skill, converter))];
  } catch (error) {
    return threw(error instanceof Error ? `${error.message}` : described(error));
  }
}

function schemaOf(skill: object, converter: string): unknown {
  const output: unknown = get(skill, 'output');
  if (!isObject(output)) {
    throw new Error('`output` must be a zod schema or a JSON Schema object');
  }
  if (!('_zod' in output)) return output;
  const convert: unknown = get(Object(moduleOf(converter, () => undefined)), 'toJSONSchema');
  if (typeof convert !== 'function') throw new Error('the converter of schemas is missing');
  try {
    return Reflect.apply(convert, undefined, [output]);
  } catch (error) {
    throw new Error(`\`output\` cannot be written as JSON Schema: ${described(error)}`, {
      cause: error,
    });
  }
}

function textOf(what: string, value: unknown): string {
  const text = jsonOf(value);
  if (text === undefined || text[0] !== '{') throw new Error(`its ${what} is no JSON object`);
  return text;
}
