import { z } from 'zod';
import { BUNDLE_FIELDS } from '../core/bundle';
import { namesUpstreamState } from '../core/construct';
import { BUILT_INS } from '../core/graph';
import type { Json } from '../core/json';
import type { SkillManifest } from '../core/skills';
import { EFFECT_NAME, EFFECT_NAME_WORDS } from './config';
import { id, listOf, oneOf, problemsIn, words } from './form';

export type ManifestRead =
  | { readonly ok: true; readonly manifest: SkillManifest }
  | { readonly ok: false; readonly problem: string; readonly path: string };

const NAME_CHARS_MAX = 128;
const builtIns: readonly { readonly task_type: string; readonly output_schema: string }[] =
  Object.values(BUILT_INS);

const object = words('an object');
const SKILL_ID =
  'lower-case letters, digits and -, in parts joined by a dot (at most 128 characters)';
const VERSION = 'a semantic version such as 1.2.0';
const ENTRY = 'an entry of the Decision Ledger such as D014 or D014.1';
const TASK_TYPES = 'a list with at least one task type';

/** A text of bounded length: names stand in ids, file names and summaries. */
const name = id.max(NAME_CHARS_MAX, words(`a text of at most ${NAME_CHARS_MAX} characters`));
const matching = (pattern: RegExp, expected: string) =>
  z
    .string(words(expected))
    .refine((value) => value.length <= NAME_CHARS_MAX && pattern.test(value), words(expected));

const skillId = matching(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, SKILL_ID).refine(
  (value) => !value.startsWith('harness.'),
  words("an id of your own: harness. is the harness's"),
);
/** semver.org, without its groups. */
const version = matching(
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/,
  VERSION,
);
/** R26: what a built-in does, no other skill takes over. */
const taskType = name.refine(
  (value) => !builtIns.some(({ task_type }) => task_type === value),
  words('a task type of your own: this one is of a built-in alone'),
);
/** C7.SK1, R33: no output may pass for an upstream state, nor for what a built-in found. */
const outputSchema = name
  .refine((value) => !namesUpstreamState(value), words('another name than that of a state'))
  .refine(
    (value) => !builtIns.some(({ output_schema }) => output_schema === value),
    words("another name than that of a built-in's output"),
  );

const schema = z.strictObject(
  {
    skill_id: skillId,
    skill_version: version,
    layer: name,
    task_types: once(listOf(taskType)).refine(
      (types) => !Array.isArray(types) || types.length > 0,
      words(TASK_TYPES),
    ),
    required_inputs: once(listOf(oneOf(BUNDLE_FIELDS))), // R10
    requires_permissions: once(listOf(name)),
    layer_dependencies: once(listOf(name)),
    side_effects: once(listOf(matching(EFFECT_NAME, EFFECT_NAME_WORDS))),
    output_schema: outputSchema,
    author: name,
    decision_ledger_ref: matching(/^D\d{3}(\.\d+)?$/, ENTRY),
  },
  object,
);

/**
 * C7.R, C7.D: the shape of a skill's manifest, `run` and `output` aside. Every key is required, none is defaulted, no other
 * is known. What the layers, the effects and the ledger say of it: `core/admission`. The first problem, with its path.
 */
export function readManifest(value: Json): ManifestRead {
  const [problem] = problemsIn(schema, value);
  if (problem !== undefined) {
    return { ok: false, problem: `manifest: ${problem.text}`, path: problem.path };
  }
  return { ok: true, manifest: schema.parse(value) };
}

/** A list in which nothing stands twice. */
function once<List extends z.ZodType<readonly string[]>>(list: List) {
  return list.superRefine((value, context) => {
    if (!Array.isArray(value)) return;
    const seen = new Set<unknown>();
    const again = value.findIndex((entry) => seen.size === seen.add(entry).size);
    if (again < 0) return;
    context.addIssue({
      code: 'custom',
      path: [again],
      message: 'another one than those before it in the list',
    });
  });
}
