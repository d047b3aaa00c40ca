/** A text of its own, sent to the child that describes a skill: the others need not load zod. */
export { toJSONSchema } from 'zod/v4/core';
