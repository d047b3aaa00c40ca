/**
 * Modules of Node that a skill may require: they compute, and reach nothing outside. `crypto` is the part that hashes; the rest of
 * it loads engines. Every other name is an attempt.
 */
export const PURE_BUILTINS = [
  'assert',
  'assert/strict',
  'buffer',
  'crypto',
  'events',
  'path',
  'path/posix',
  'querystring',
  'string_decoder',
  'timers',
  'timers/promises',
  'url',
  'util',
  'util/types',
] as const;
