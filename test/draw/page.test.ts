import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { V1_GRAPH } from '../../src/core/graph';
import { cyclePage } from '../../src/draw/page';
import { chained, trailOf } from '../audit/trails';
import { bundleWith } from '../core/samples';
import { describeBrowser, look } from '../support/browser';

const HOSTILE = '<img src="http://evil.test/x"><script>document.title="owned"</script>';
const { cycleId, drafts } = trailOf({
  bundle: bundleWith({ 'regime_state.behavior': 'EVENT_LOCK' }),
  cuts: { 'TASK_ENDED T1': [{ halt: HOSTILE, by: 'ada' }] },
  waits: [[{ decide: 'RESUME' }]],
});
const entries = chained(cycleId, drafts);
const page = cyclePage(entries, V1_GRAPH);

describe("a cycle's page", () => {
  test('C1.1: it tells outcome, tasks with reasons, the halt with its decision, and every hash', () => {
    expect(page).toContain('<span class="SKIPPED">SKIPPED</span>');
    expect(page).toContain('REGIME_GATE');
    expect(page).toContain('DECISION_TAKEN');
    for (const { hash } of entries) expect(page).toContain(hash);
    expect(page).toContain('<svg');
  });

  test('it loads nothing, runs nothing, and what the record holds stands as text', () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/<script|<img|<link|<iframe|\son\w+=|href=|url\((?!#)|@import/i);
    expect(page).toContain('&lt;img src=');
  });

  test('a cycle whose graph is not at hand has its page too', () => {
    expect(cyclePage(entries.slice(0, 1), null)).toContain('The cycle has not ended.');
  });
});

describeBrowser("a cycle's page in a browser", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'harness-page-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('it shows its facts, and asks nobody for anything that the record names', async () => {
    const [html, png] = [join(folder, 'page.html'), join(folder, 'page.png')];
    await writeFile(html, page);
    const { dom, asked } = await look(html, png);
    expect(asked.filter((address) => address.includes('evil'))).toEqual([]);
    expect(dom).not.toContain('<title>owned');
    expect(dom).toContain('Planned and actual');
    expect(dom).toContain(entries.at(-1)?.hash);
    expect((await stat(png)).size).toBeGreaterThan(10_000);
  }, 120_000);
});
