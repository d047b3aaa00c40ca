import { parseInstant } from '../core/time';
import { show } from './show';

/** The Decision Ledger (vocabulary, "Decision Ledger"): written by humans only, the harness reads it. */
export interface Ledger {
  /** In the file's order, which is the order in which they were decided. */
  readonly entries: readonly LedgerEntry[];
}

export interface LedgerEntry {
  /** `D010`, `D010.1`, `EV-001`. */
  readonly id: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly title: string;
  /** Line of the heading, from 1. */
  readonly line: number;
  /** What it says is superseded. */
  readonly supersedes: readonly Supersession[];
}

export interface Supersession {
  /** The entry that loses its force. */
  readonly id: string;
  /** The entry that takes its place, as the sentence names it. */
  readonly by: string;
  /** Line of the sentence's beginning, from 1. */
  readonly line: number;
}

interface Line {
  readonly text: string;
  readonly number: number;
}

const HEADING =
  /^ {0,3}###[ \t]+\[(\d{4}-\d{2}-\d{2})\][ \t]+(D\d{3}(?:\.\d+)?|EV-\d+)[ \t]*:(.*)$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const ID = 'D\\d{3}(?:\\.\\d+)?(?![\\d])';
const SUPERSEDES = new RegExp(
  `(?:\\b(${ID}):? )?\\bSUPERSEDES:? (${ID}(?: ?(?:,|&|and|,? and) ?${ID})*)`,
  'gi',
);

/**
 * Reads a ledger; whatever stands between entries is passed over, and no text is refused. An entry's heading inside a code
 * fence or an HTML comment is no entry. An entry reaches to the next entry's heading.
 */
export function readLedger(markdown: string): Ledger {
  const entries: LedgerEntry[] = [];
  let heading: Omit<LedgerEntry, 'supersedes'> | null = null;
  let body: Line[] = [];
  const close = (): void => {
    if (heading !== null) entries.push({ ...heading, supersedes: supersessions(heading.id, body) });
  };
  for (const line of linesOutsideCode(markdown)) {
    const found = headingOf(line);
    if (found !== null) {
      close();
      heading = found;
      body = [];
    }
    body.push(line);
  }
  close();
  return { entries };
}

/**
 * C7.SK5: null when the ledger's entry `ref` authorises, else one plain sentence why it does not. The ledger is append-only,
 * so an entry is later than another when it stands further down the file; dates and ids decide nothing. An entry is
 * superseded when a later one says `… SUPERSEDES <its id>`, in any case of letters and whatever becomes of the later one.
 */
export function authorises(ledger: Ledger, ref: string): string | null {
  const [entry, again] = ledger.entries.filter(({ id }) => id === ref);
  if (entry === undefined) {
    return `the Decision Ledger has no entry ${show(ref)}: an entry begins ### [YYYY-MM-DD] D014: Title`;
  }
  if (again !== undefined) {
    return `the Decision Ledger has ${ref} twice, at lines ${entry.line} and ${again.line}: an id may stand once`;
  }
  if (!ref.startsWith('D')) return `${ref} records evidence and authorises nothing: cite a D entry`;
  for (const later of ledger.entries.slice(ledger.entries.indexOf(entry) + 1)) {
    const said = later.supersedes.find(({ id }) => id === ref);
    if (said !== undefined) {
      return `${ref} is superseded by ${said.by} (line ${said.line} of the Decision Ledger): cite an entry that is in force`;
    }
  }
  return null;
}

function headingOf({ text, number }: Line): Omit<LedgerEntry, 'supersedes'> | null {
  const [, date = '', id = '', title = ''] = HEADING.exec(text) ?? [];
  if (id === '' || !isDate(date)) return null;
  return { id, date, title: title.trim(), line: number };
}

function isDate(date: string): boolean {
  return parseInstant(`${date}T00:00:00Z`) !== null;
}

/** Emphasis, links and line breaks do not matter to what a sentence says. */
function supersessions(owner: string, body: readonly Line[]): Supersession[] {
  let text = '';
  const starts: { readonly at: number; readonly line: number }[] = [];
  for (const line of body) {
    starts.push({ at: text.length, line: line.number });
    text += `${line.text
      .replace(/[*_`[\]]/g, '')
      .replace(/\s+/g, ' ')
      .trim()} `;
  }
  const lineAt = (index: number): number =>
    starts.findLast(({ at }) => at <= index)?.line ?? starts[0]?.line ?? 1;
  return [...text.matchAll(SUPERSEDES)].flatMap((match) => {
    const [, by = owner, list = ''] = match;
    const ids = list.match(new RegExp(ID, 'gi')) ?? [];
    return ids.map((id) => ({
      id: id.toUpperCase(),
      by: by.toUpperCase(),
      line: lineAt(match.index),
    }));
  });
}

/** Lines that are no code and no comment, as Markdown sees it: an unclosed fence reaches to the end. */
function linesOutsideCode(markdown: string): Line[] {
  const kept: Line[] = [];
  let fence: string | null = null;
  let comment = false;
  for (const [index, text] of markdown.split(/\r\n|\r|\n/).entries()) {
    const [, marks = '', rest = ''] = FENCE.exec(text) ?? [];
    if (comment) {
      comment = !text.includes('-->');
    } else if (fence !== null) {
      if (marks.startsWith(fence) && rest.trim() === '') fence = null;
    } else if (marks !== '' && !(marks.startsWith('`') && rest.includes('`'))) {
      fence = marks;
    } else if (/^ {0,3}<!--/.test(text)) {
      comment = !text.includes('-->');
    } else {
      kept.push({ text, number: index + 1 });
    }
  }
  return kept;
}
