import fc from 'fast-check';
import { authorises, readLedger } from '../../src/documents/ledger';

const heading = (id: string, title = 'Rank beliefs', date = '2026-03-01'): string =>
  `### [${date}] ${id}: ${title}`;
const entry = (id: string, text = '**Decision**: yes\n**Rationale**: because'): string =>
  `${heading(id)}\n\n${text}\n`;
const verdict = (markdown: string, ref: string): string | null =>
  authorises(readLedger(markdown), ref);

describe('an entry authorises', () => {
  test.each(['D010', 'D010.1', 'D999'])('C7.SK5: %s, where it stands', (id) => {
    const text = `# Ledger\n\nprose\n\n${entry('D011')}\n## Section\n\n${entry(id)}`;
    expect(verdict(text, id)).toBeNull();
  });

  test('C7.SK5: in any order of ids, and with any line end', () => {
    const text = [entry('D012'), entry('D003'), entry('D007')].join('\n');
    for (const ends of ['\n', '\r\n', '\r']) {
      const ledger = readLedger(text.replaceAll('\n', ends));
      expect(ledger.entries.map(({ id, line }) => [id, line])).toEqual([
        ['D012', 1],
        ['D003', 6],
        ['D007', 11],
      ]);
      expect(authorises(ledger, 'D003')).toBeNull();
    }
  });

  test('C7.SK5: its date and title are read', () => {
    expect(readLedger(heading('D010', 'A: B', '2024-02-29')).entries).toEqual([
      { id: 'D010', date: '2024-02-29', title: 'A: B', line: 1, supersedes: [] },
    ]);
  });
});

describe('an entry authorises nothing', () => {
  test.each([
    ['in a code fence', `\`\`\`md\n${heading('D010')}\n\`\`\``],
    ['in a tilde fence', `~~~\n\`\`\`\n${heading('D010')}\n~~~`],
    ['in a fence that is not closed', `\`\`\`\n${heading('D010')}`],
    ['behind a shorter fence in a fence', `\`\`\`\`\n\`\`\`\n${heading('D010')}\n\`\`\`\``],
    ['in a comment', `<!--\n${heading('D010')}\n-->`],
    ['in indented code', `    ${heading('D010')}`],
    ['in a quotation', `> ${heading('D010')}`],
    ['at another level', `#${heading('D010')}`],
    ['without its date', '### D010: Title'],
    ['on a day that does not exist', heading('D010', 'Title', '2026-02-30')],
    ['without its colon', '### [2026-03-01] D010 Title'],
    ['with another id', entry('D0101')],
    ['with a sub-entry only', entry('D010.1')],
  ])('C7.SK5: %s', (_where, text) => {
    expect(verdict(text, 'D010')).toMatch(/^the Decision Ledger has no entry "D010"/);
  });

  test('C7.SK5: behind a fence that was closed it counts', () => {
    expect(verdict(`\`\`\`\ncode\n\`\`\`\n${entry('D010')}`, 'D010')).toBeNull();
    expect(verdict(`\`\`\`inline\`\`\` code\n${entry('D010')}`, 'D010')).toBeNull();
    expect(verdict(`<!-- note -->\n${entry('D010')}`, 'D010')).toBeNull();
  });

  test('C7.SK5: of evidence', () => {
    expect(verdict(entry('EV-001'), 'EV-001')).toBe(
      'EV-001 records evidence and authorises nothing: cite a D entry',
    );
  });

  test('C7.SK5: when its id stands twice', () => {
    expect(verdict(`${entry('D010')}${entry('D010')}`, 'D010')).toBe(
      'the Decision Ledger has D010 twice, at lines 1 and 5: an id may stand once',
    );
  });
});

describe('a later entry supersedes', () => {
  const old = entry('D004');
  test.each([
    ['as the ledger writes it', 'D012 SUPERSEDES D004.'],
    ['in a field', '**Scope**: D012 **SUPERSEDES** `D004`'],
    ['in small letters', 'D012 supersedes D004'],
    ['over a line break', 'text\nD012 SUPERSEDES\nD004 wholly'],
    ['in a list', 'D012 SUPERSEDES D001, D002 and D004'],
    ['without its own id', '**Decision**: SUPERSEDES: [D004](#d004)'],
  ])('C7.SK5: %s', (_how, text) => {
    expect(verdict(`${old}${entry('D012', text)}`, 'D004')).toMatch(
      /^D004 is superseded by D012 \(line \d+ of the Decision Ledger\)/,
    );
  });

  test('C7.SK5: naming the line, and whatever becomes of it later', () => {
    const text = [
      old,
      entry('D012', 'a\n\nD012 SUPERSEDES D004'),
      entry('D013', 'D013 SUPERSEDES D012'),
    ].join('');
    expect(verdict(text, 'D004')).toContain('superseded by D012 (line 9 of');
    expect(verdict(text, 'D012')).toContain('superseded by D013');
    expect(verdict(text, 'D013')).toBeNull();
  });

  test('C7.SK5: but not an entry below it, nor itself, nor from a code fence, nor another id', () => {
    expect(verdict(`${entry('D012', 'D012 SUPERSEDES D004')}${old}`, 'D004')).toBeNull();
    expect(verdict(entry('D004', 'D012 SUPERSEDES D004'), 'D004')).toBeNull();
    const fenced = entry('D012', '```\nD012 SUPERSEDES D004\n```');
    expect(verdict(`${old}${fenced}`, 'D004')).toBeNull();
    expect(verdict(`${old}${entry('D012', 'D012 SUPERSEDES D004.1')}`, 'D004')).toBeNull();
    expect(
      verdict(`${old}${entry('D012', 'D012 is SUPERSEDED, as D004 says')}`, 'D004'),
    ).toBeNull();
  });

  test('C7.SK5: by its place in the file, not by its date or id', () => {
    const later = `${heading('D001', 'Older', '2020-01-01')}\nD001 SUPERSEDES D004\n`;
    expect(verdict(`${old}${later}`, 'D004')).toContain('superseded by D001');
  });
});

const PIECES = [
  '### [2026-03-01] D010: Title',
  '### [2026-13-01] D011:',
  '### [2026-03-01] EV-001: x',
  'D012 SUPERSEDES D010',
  'SUPERSEDES D010 and D011,',
  '```',
  '~~~~',
  '<!--',
  '-->',
  '\r\n',
  '\n',
  '\r',
  '    ',
  '\u2028',
  '\uFEFF',
];

test('C7.SK5: no text makes the reader throw, and entries come in the order of their lines', () => {
  const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const { entries } = readLedger(pieces.join(''));
      const lines = entries.map(({ line }) => line);
      expect(lines).toEqual([...lines].sort((a, b) => a - b));
      for (const { id } of entries) {
        expect(authorises({ entries }, id) ?? 'fine').toMatch(/^[^\n]+$/);
      }
    }),
    { numRuns: 500 },
  );
});

test('C7.SK5: a ledger of a megabyte of anything is read at once', () => {
  for (const text of [
    'SUPERSEDES ',
    'D010 and ',
    '### [',
    '`'.repeat(99),
    'D010 SUPERSEDES D010, ',
  ]) {
    const ledger = readLedger(entry('D010') + text.repeat(1_000_000 / text.length));
    expect(ledger.entries).toHaveLength(1);
  }
});
