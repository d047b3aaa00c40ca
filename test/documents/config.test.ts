import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/core/json';
import { readConfig } from '../../src/documents/config';
import { changed } from './samples';

const whole: JsonObject = {
  policy: 'policy.json',
  graph: './graphs/graph.json',
  ledger: '../DECISION_LEDGER.md',
  operators: '/etc/operators.json',
  effects: {
    ranking_log: { type: 'jsonl', path: 'out/ranking.jsonl', in_shadow: 'perform' },
    signal_db: { type: 'postgres', url_env: 'SIGNAL_DB_URL', table: 'signals' },
    desk: { type: 'http', url: 'http://127.0.0.1:9000/notify' },
  },
  audit: { type: 'files' },
  notices: [
    { type: 'http', url: 'https://desk.example/halts' },
    { type: 'command', command: ['notify-send', 'halt'] },
  ],
};

function problemOf(value: Json): string {
  const result = readConfig(value, '/base');
  return result.ok ? 'accepted' : `${result.path} | ${result.problem}`;
}

describe('a configuration is read', () => {
  test('its relative paths from its own directory, a command as it stands', () => {
    const result = readConfig(whole, '/base/dir');
    if (!result.ok) throw new Error(result.problem);
    const { effects, ...rest } = result.config;
    expect(rest).toEqual({
      policy: '/base/dir/policy.json',
      graph: '/base/dir/graphs/graph.json',
      ledger: '/base/DECISION_LEDGER.md',
      operators: '/etc/operators.json',
      audit: whole.audit,
      notices: whole.notices,
    });
    expect([...effects]).toEqual([
      ['ranking_log', { type: 'jsonl', path: '/base/dir/out/ranking.jsonl', in_shadow: 'perform' }],
      [
        'signal_db',
        { type: 'postgres', url_env: 'SIGNAL_DB_URL', table: 'signals', in_shadow: 'record' },
      ],
      ['desk', { type: 'http', url: 'http://127.0.0.1:9000/notify', in_shadow: 'record' }],
    ]);
  });

  test('with nothing in it: the trail in files, no effects, no notices', () => {
    expect(readConfig({}, '/base')).toEqual({
      ok: true,
      config: { effects: new Map(), audit: { type: 'files' }, notices: [] },
    });
  });

  test('with the trail in PostgreSQL', () => {
    const audit = { type: 'postgres', url_env: 'AUDIT_URL' };
    expect(readConfig({ audit }, '/base')).toMatchObject({ config: { audit } });
    const usual = { type: 'postgres', url_env: 'HARNESS_DATABASE_URL' };
    expect(readConfig({ audit: { type: 'postgres' } }, '/base')).toMatchObject({
      config: { audit: usual },
    });
  });

  test.each(['a', 'constructor', 'x.y-z_9', 'x'.repeat(64)])('with an effect named %s', (name) => {
    expect(problemOf({ effects: { [name]: { type: 'jsonl', path: 'p' } } })).toBe('accepted');
  });
});

describe('a configuration is refused', () => {
  const wrong: [path: string, values: Json[]][] = [
    ['policy', ['', 1, null, []]],
    ['operators', ['', {}]],
    ['effects', [[], 'x', null]],
    ['effects.desk', ['http', null, []]],
    ['effects.desk.type', ['ftp', 1, null]],
    ['effects.desk.url', ['', 'desk', 'ftp://desk/x', 'file:///etc/passwd', 1, null]],
    ['effects.ranking_log.path', ['', 1, null]],
    ['effects.ranking_log.in_shadow', ['drop', true, null]],
    ['effects.signal_db.url_env', ['', 'A B', '1A', 'postgres://u:p@h/db', 1]],
    ['effects.signal_db.table', ['', 'a b', 'a;drop', 'a.b.c', '"a"', 1]],
    ['audit', ['files', null, []]],
    ['audit.type', ['s3', null]],
    ['notices', [{}, 'x', null]],
    ['notices[0]', ['x', null]],
    ['notices[0].url', ['mailto:a@b', 1]],
    ['notices[1].command', ['notify-send', [], null]],
    ['notices[1].command[0]', ['', 1]],
  ];
  test.each(wrong)('where %s is one of %j, naming the path', (path, values) => {
    for (const value of values) {
      const problem = problemOf(changed(whole, path, value));
      expect(problem).toMatch(/ \| configuration: .* is .*, not /);
      expect(problem).toContain(`${path} | configuration: ${path} is `);
    }
  });

  test.each([
    ['effects.desk.url', 'effects.desk.url'],
    ['effects.signal_db.table', 'effects.signal_db.table'],
    ['effects.desk.type', 'effects.desk.type'],
    ['notices[1].command', 'notices[1].command'],
  ])('without %s', (path, where) => {
    expect(problemOf(changed(whole, path, undefined))).toBe(
      `${where} | configuration: ${where} is missing`,
    );
  });

  test.each(['effect', '__proto__', 'constructor'])('for the unknown key %s, anywhere', (key) => {
    const text = JSON.stringify(whole);
    const add = (before: string): Json =>
      JSON.parse(text.replace(before, `"${key}":"1",${before}`));
    expect(problemOf(add('"policy"'))).toContain(`the document has an unknown key "${key}"`);
    expect(problemOf(add('"path"'))).toContain(`ranking_log has an unknown key "${key}"`);
    expect(problemOf(add('"type":"files"'))).toContain(`audit has an unknown key "${key}"`);
    expect(problemOf(add('"command":['))).toContain(`notices[1] has an unknown key "${key}"`);
  });

  test('C7.D: for an effect named audit_log, which is always there', () => {
    expect(problemOf({ effects: { audit_log: { type: 'jsonl', path: 'p' } } })).toBe(
      'effects.audit_log | configuration: effects.audit_log is always there: it cannot be configured',
    );
  });

  test.each(['__proto__', '', '9a', 'a b', 'x'.repeat(65), '\u202e'])(
    'for an effect named %p',
    (name) => {
      const value = JSON.parse(`{"effects":{${JSON.stringify(name)}:{"type":"jsonl","path":"p"}}}`);
      expect(problemOf(value)).toContain('configuration: effects has the name "');
    },
  );

  test('any JSON gets an answer', () => {
    const key = fc.constantFrom('policy', 'effects', 'audit', 'notices');
    fc.assert(
      fc.property(key, fc.jsonValue(), (name, value) => {
        expect(typeof readConfig({ [name]: value as Json }, '/base').ok).toBe('boolean');
        expect(typeof readConfig(value as Json, '/base').ok).toBe('boolean');
      }),
    );
  });
});
