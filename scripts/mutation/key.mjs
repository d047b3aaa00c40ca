/** What makes a mutant the same one in the next run: its file by name, its place (from 1 on), and what stands there instead. */
export const keyOf = (name, { mutatorName, replacement, line, column }) =>
  JSON.stringify([name, mutatorName, replacement, line, column]);
