/**
 * Characters that would be invalid in XML or could reorder what a reader sees: controls, lone
 * surrogates, non-characters and bidirectional marks.
 */
const UNPRINTABLE =
  /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A document's text as one printable line. What cannot be shown becomes U+FFFD, never nothing. */
export function printable(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(UNPRINTABLE, '\ufffd');
}

/** `text` in at most `columns` columns, an ellipsis in the last one where something is cut off. */
export function cut(text: string, columns: number): string {
  const head = firstColumns(text, columns);
  return head === text ? text : `${firstColumns(text, columns - 1).trimEnd()}…`;
}

/** Up to `widths.length` lines of at most so many columns each, broken at spaces. */
export function wrap(text: string, widths: readonly number[]): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  for (const [index, width] of widths.entries()) {
    const head = firstColumns(rest, width);
    const space = head.lastIndexOf(' ');
    if (index === widths.length - 1 || head === rest || space < 1) {
      lines.push(cut(rest, width));
      return lines;
    }
    lines.push(rest.slice(0, space));
    rest = rest.slice(space + 1);
  }
  return lines;
}

/** Estimated width of `text`, in columns: a column is about the width of a small letter. */
export function columnsOf(text: string): number {
  return Array.from(text).reduce((sum, character) => sum + columnsOfCharacter(character), 0);
}

/** Escaped for XML text and for an attribute's value alike. */
export function escapeXml(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** The font is the reader's, so this errs on the wide side. From Hangul on, scripts are square. */
function columnsOfCharacter(character: string): number {
  if ((character.codePointAt(0) ?? 0) >= 0x1100) return 2;
  if (/[MW@%]/.test(character)) return 1.8;
  return /[A-Zmw]/.test(character) ? 1.25 : 1;
}

function firstColumns(text: string, columns: number): string {
  let taken = '';
  let left = columns;
  for (const character of text) {
    left -= columnsOfCharacter(character);
    if (left < 0) break;
    taken += character;
  }
  return taken;
}
