import type { Graph } from '../core/graph';
import { pictureOf, type Arrow, type PictureNode } from './picture';
import { printable } from './text';

/** Fills with their own dark text, so that they read on a light page and on a dark one. */
const CLASSES = [
  'classDef builtin fill:#eef4fb,stroke:#5f84b3,color:#1f2933',
  'classDef builtinCritical fill:#eef4fb,stroke:#2f5584,stroke-width:3px,color:#1f2933',
  'classDef skill fill:#eff7f1,stroke:#5d9170,color:#1f2933',
  'classDef skillCritical fill:#eff7f1,stroke:#2f6444,stroke-width:3px,color:#1f2933',
  'classDef gate fill:#fdf6e7,stroke:#b38a3c,color:#1f2933',
  'classDef skip fill:#f4f5f7,stroke:#9aa5b1,color:#1f2933',
];

const ARROWS = { dependency: '-->', true: '-->|true|', false: '-.->|false|' } as const;

/**
 * The graph as a Mermaid flowchart, ending in a newline; the same graph gives the same bytes.
 * A task shows its place in `order`, name, `critical`, task type and skill_ref; a gate (C4.G) is a
 * diamond with its condition, its false branch dashed. Texts of the document are escaped to entity
 * codes: none can end its label, nor start Markdown, HTML, an icon or a directive.
 * Mermaid itself draws, unless configured, at most 500 edges and 50 000 characters.
 */
export function drawMermaid(graph: Graph, order: readonly string[]): string {
  const { nodes, arrows } = pictureOf(graph, order);
  const used = new Set(nodes.map(classOf));
  const lines = [
    ...nodes.map((node) => `${node.id}${shapeOf(node)}:::${classOf(node)}`),
    ...arrows.map(arrowLine),
    ...CLASSES.filter((line) => used.has(line.split(' ')[1] ?? '')),
  ];
  return `flowchart TD\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function shapeOf(node: PictureNode): string {
  if (node.kind === 'skip') return '(["SKIP"])';
  if (node.kind === 'gate') {
    return `{"${label(node.gate.name)}<br/>${label(node.gate.condition)}"}`;
  }
  const { name, task_type, skill_ref, critical } = node.task;
  const head = `${node.number} · ${label(name)}${critical === true ? ' · critical' : ''}`;
  return `["${head}<br/>${label(task_type)}<br/>${label(skill_ref)}"]`;
}

function classOf(node: PictureNode): string {
  if (node.kind !== 'task') return node.kind;
  return node.task.critical === true ? `${node.origin}Critical` : node.origin;
}

function arrowLine({ from, to, when }: Arrow): string {
  return `${from} ${ARROWS[when]} ${to}`;
}

/**
 * All but ASCII letters and digits, single spaces, and `.`, `_`, `-` between two of the former: no
 * rule of Mermaid or Markdown takes these for syntax, once the dot that makes a link is out too.
 */
const UNSAFE = /(?<![A-Za-z0-9])[._-]|[._-](?![A-Za-z0-9])|(?<=www)\.|[^A-Za-z0-9 ._-]/giu;

/**
 * What Mermaid looks for once more in the decoded label: icons, formulas, line breaks and its own
 * marks for entity codes. A word joiner, which nobody sees, keeps each from being whole.
 */
const SECOND_LOOK = /:(?=fa-)|\$(?=\$)|\\(?=n)|\ufb02(?=\u00b0)|\u00b6(?=\u00df)/g;

function label(text: string): string {
  return printable(text)
    .replace(SECOND_LOOK, '$&\u2060')
    .replace(UNSAFE, (character) => `#${character.codePointAt(0)};`);
}
