import type { Cycle, TaskState } from '../core/cycle';
import type { Entry } from '../core/entry';
import { executionOrder } from '../core/construct';
import type { Graph } from '../core/graph';
import { isObject, type Json } from '../core/json';
import { projectTrail } from '../core/projection';
import { drawSvg } from './svg';
import { escapeXml, printable } from './text';

/** Nothing is loaded and nothing runs: the page is what stands in the file. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE = `
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1f2933;background:#fff}
h1{font-size:1.5rem;margin-bottom:.25rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #d9dee4;overflow-wrap:break-word}th,td>span{white-space:nowrap}
code,pre{font:12px/1.45 ui-monospace,monospace;overflow-wrap:anywhere;white-space:pre-wrap}
.SUCCESS,.COMPLETED{color:#1d6b3a}.FAILED,.HALTED,.REJECTED{color:#a61b1b}.SKIPPED,.DEGRADED,.CANCELLED{color:#7a5c1e}
svg{max-width:100%;height:auto}
@media(prefers-color-scheme:dark){body{color:#e4e7eb;background:#12171d}th,td{border-color:#323f4b}.SUCCESS,.COMPLETED{color:#98d0ac}.FAILED,.HALTED,.REJECTED{color:#ff9b9b}.SKIPPED,.DEGRADED,.CANCELLED{color:#dcb768}}
`;

/** Over the drawing of the plan: what became of each task. */
const MARKS: Readonly<Record<string, string>> = {
  SUCCESS: 'stroke:#2f9e58!important;stroke-width:3!important',
  SKIPPED: 'stroke:#b38a3c!important;stroke-dasharray:6 4!important;fill-opacity:.35!important',
  FAILED: 'stroke:#c62828!important;stroke-width:4!important',
  OPEN: 'stroke-dasharray:2 4!important',
};

/**
 * The record of a cycle as one HTML document that needs nothing else: no network, no script. Every text of the record stands
 * escaped. `graph` null: it is not at hand, or was refused.
 */
export function cyclePage(entries: readonly Entry[], graph: Graph | null): string {
  const { cycle, run_id, audit } = projectTrail(entries);
  const opened = cycle.opened;
  const title = `Cycle ${opened?.workflow_id ?? ''}`;
  const word = cycle.outcome ?? cycle.phase;
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    ['cycle', opened?.cycle_id],
    ['workflow', opened?.workflow_id],
    ['run', run_id],
    ['evaluated at', opened?.evaluated_at],
    ['bundle', opened?.input_hash],
    ['graph', opened?.graph_hash],
    ['policy', opened?.policy_hash],
    ['plan', cycle.plan_hash],
    ['entries', String(audit.entries)],
    ['head', audit.head],
  ];
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${text(title)}</title><style>${STYLE}${marksOf(cycle.tasks)}</style></head><body>`,
    `<h1><span class="${text(word)}">${text(word)}</span> ${text(title)}</h1>`,
    `<p>${text(cycle.summary ?? 'The cycle has not ended.')}</p>`,
    table(
      ['', ''],
      facts.map(([name, value]) => [text(name), code(value ?? 'none')]),
    ),
    section('Planned and actual', graph === null ? '' : picture(graph)),
    tasksTable(cycle),
    section('Reasons', list(cycle.reasons.map(({ code: word, detail }) => `${word}: ${detail}`))),
    section('Halts and decisions', eventsOf(entries, HUMAN)),
    section('Violations', eventsOf(entries, ['VIOLATION'])),
    section('Actions', eventsOf(entries, ['ACTION_EMITTED', 'ACTION_KNOWN'])),
    section('Effects', effectsOf(cycle.tasks)),
    section('Timeline', timeline(entries)),
    section('How to verify', verifying(opened?.cycle_id ?? '')),
    '</body></html>\n',
  ].join('\n');
}

const HUMAN = [
  'HALT_RAISED',
  'HALT_REPEATED',
  'HALT_EXPIRED',
  'DECISION_SEEN',
  'DECISION_TAKEN',
  'DECISION_REFUSED',
  'CANCEL_REQUESTED',
];

function picture(graph: Graph): string {
  const order = executionOrder(graph).flatMap((i) => graph.tasks[i]?.name ?? []);
  const words =
    'Drawn is the plan; a solid green edge is SUCCESS, a broken one SKIPPED, a thick red one FAILED.';
  return `${drawSvg(graph, order)}<p>${words}</p>`;
}

/** The drawing numbers its cards in execution order. */
function marksOf(tasks: readonly TaskState[]): string {
  return tasks
    .map(({ outcome }, i) => `svg [data-id="n${i + 1}"] .box{${MARKS[outcome ?? 'OPEN']}}`)
    .join('\n');
}

function tasksTable({ tasks }: Cycle): string {
  const rows = tasks.map(({ planned, outcome, reason, started_at, ended_at }, i) => [
    String(i + 1),
    text(planned.name),
    `<span class="${outcome ?? ''}">${outcome ?? 'open'}</span>`,
    text(reason === null ? '' : `${reason.code}: ${reason.detail}`),
    text(started_at ?? 'never'),
    text(ended_at ?? ''),
    code(planned.skill_ref),
    code(planned.task_id),
  ]);
  return table(['#', 'task', 'outcome', 'reason', 'started', 'ended', 'skill', 'task id'], rows);
}

function eventsOf(entries: readonly Entry[], types: readonly string[]): string {
  const found = entries.filter(({ type }) => types.includes(type));
  if (found.length === 0) return '<p>None.</p>';
  return table(
    ['entry', 'at', 'what', 'by', 'data'],
    found.map((entry) => [
      text(placeOf(entry)),
      text(entry.at),
      text(entry.type),
      text(entry.actor),
      data(entry.data),
    ]),
  );
}

function effectsOf(tasks: readonly TaskState[]): string {
  const rows = tasks.flatMap(({ planned, left }) => {
    const effects = left?.effects ?? [];
    if ('ref' in effects) return [[text(planned.name), data({ ...effects })]];
    return effects.map((receipt) => [text(planned.name), data(receipt)]);
  });
  return rows.length === 0 ? '<p>None.</p>' : table(['task', 'receipt'], rows);
}

function timeline(entries: readonly Entry[]): string {
  return table(
    ['entry', 'at', 'what', 'task', 'clause', 'by', 'data', 'hash'],
    entries.map((entry) => [
      text(placeOf(entry)),
      text(entry.at),
      text(entry.type),
      text(entry.task ?? ''),
      text(entry.clause),
      text(entry.actor),
      `<details><summary>data</summary>${data(entry.data)}</details>`,
      code(entry.hash),
    ]),
  );
}

function verifying(cycleId: string): string {
  return (
    '<p>This page is for reading; the proof is the exported folder that it came in. In that folder, with the public key ' +
    'of whoever signed its checkpoints:</p>' +
    `<pre>harness audit verify --export . --public-key KEY.pem\nharness audit verify ${text(cycleId)} --export .</pre>` +
    '<p>Each hash is SHA-256 over <code>harness/audit/v1</code>, a zero byte and the RFC 8785 form of the entry without ' +
    'its hash; each entry names the hash of the one before.</p>'
  );
}

function placeOf({ seq, part }: Entry): string {
  return part === 0 ? `${seq}` : `${seq}.${part}`;
}

function section(heading: string, body: string): string {
  return `<h2>${text(heading)}</h2>\n${body}`;
}

function list(items: readonly string[]): string {
  if (items.length === 0) return '<p>None.</p>';
  return `<ul>${items.map((item) => `<li>${text(item)}</li>`).join('')}</ul>`;
}

/** The cells are HTML already. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const titles = head.some((title) => title !== '')
    ? `<thead><tr>${head.map((title) => `<th>${text(title)}</th>`).join('')}</tr></thead>`
    : '';
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`);
  return `<table>${titles}<tbody>${body.join('\n')}</tbody></table>`;
}

function data(value: Json): string {
  const lines = JSON.stringify(value, null, isObject(value) ? 1 : 0).split('\n');
  return `<pre>${lines.map(text).join('\n')}</pre>`;
}

function code(value: string): string {
  return `<code>${text(value)}</code>`;
}

function text(value: string): string {
  return escapeXml(printable(value));
}
