// The names of all tests in a file, by reading its text: what `describe`, `it` and `test` are called with first.

const CALL = /(?<![\w.])(describe|it|test)((?:\.\w+)*)\s*(?=\(|`)/g;
const QUOTES = new Set(["'", '"', '`']);

/** Position after the string that begins at `start`. */
function afterString(text, start) {
  let i = start + 1;
  while (i < text.length && text[i] !== text[start]) i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

/** Position after the closing bracket of the one at `start`; strings in between are passed over. */
function afterBrackets(text, start) {
  let depth = 0;
  let i = start;
  while (i < text.length) {
    if (QUOTES.has(text[i])) {
      i = afterString(text, i);
      continue;
    }
    if (text.startsWith('//', i)) {
      i = text.indexOf('\n', i);
      if (i < 0) break;
    }
    if ('([{'.includes(text[i])) depth += 1;
    if (')]}'.includes(text[i])) depth -= 1;
    i += 1;
    if (depth === 0) return i;
  }
  return text.length;
}

function skipBlank(text, start) {
  let i = start;
  while (/\s/.test(text[i] ?? '')) i += 1;
  return i;
}

/** `{path, line, kind, name, within}` of each; `within` are the names of the describes around it. */
export function testNamesIn(path, text) {
  const open = [];
  const found = [];
  for (const match of text.matchAll(CALL)) {
    const [whole, kind, modifiers] = match;
    let at = match.index + whole.length;
    if (modifiers.endsWith('.each'))
      at = skipBlank(text, text[at] === '`' ? afterString(text, at) : afterBrackets(text, at));
    if (text[at] !== '(') continue;
    const first = skipBlank(text, at + 1);
    if (!QUOTES.has(text[first])) continue;
    const name = text.slice(first + 1, afterString(text, first) - 1).replaceAll(/\\(.)/g, '$1');
    while (open.length > 0 && open.at(-1).end <= match.index) open.pop();
    const line = text.slice(0, match.index).split('\n').length;
    found.push({ path, line, kind, name, within: open.map((block) => block.name) });
    if (kind === 'describe') open.push({ name, end: afterBrackets(text, at) });
  }
  return found;
}
