/**
 * A skill's bundle as the examination runs it: the registered code, and behind it a few lines that take hold of what it exports.
 * `ctx.output` of any task is null, as for a dependency that gave nothing: which tasks a graph will have nobody knows yet.
 */
function staged(code: string, body: string): string {
  return `${code}
;(() => {
  const skill = module.exports.default ?? module.exports;
  const given = (ctx, more) => Object.create(ctx, {
    output: { value: () => null },
    ...more,
  });
  module.exports = { ...skill, run: ${body} };
})();
`;
}

/** Runs as the harness would run it. */
export function asItIs(code: string): string {
  return staged(code, 'async (ctx, input) => skill.run(given(ctx), input)');
}

/** Gives it copies that it could change, and returns the names of those that it did, each once. */
export function onCopies(code: string): string {
  return staged(
    code,
    `async (ctx, input) => {
    const copies = new Map();
    const copyOf = (name, value) => {
      const text = JSON.stringify(value);
      if (!copies.has(name)) copies.set(name, { text, value: JSON.parse(text) });
      return copies.get(name).value;
    };
    const state = (name) => copyOf(name, ctx.state(name));
    const changed = () =>
      [...copies].filter(([, copy]) => JSON.stringify(copy.value) !== copy.text).map(([name]) => name);
    try {
      await skill.run(given(ctx, { state: { value: state } }), copyOf('input', input));
    } catch {
      return changed();
    }
    return changed();
  }`,
  );
}

/** Begins its work and never gives the processor back. */
export function withoutEnd(code: string): string {
  return staged(
    code,
    `(ctx, input) => {
    try {
      Promise.resolve(skill.run(given(ctx), input)).catch(() => undefined);
    } finally {
      for (;;);
    }
  }`,
  );
}
