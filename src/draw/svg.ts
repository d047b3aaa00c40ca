import type { Graph } from '../core/graph';
import { layOut, type Point } from './layout';
import { legendOf } from './legend';
import { pictureOf, type Arrow } from './picture';
import { around, COLUMN_PX, drawNode, px, sizesFor } from './shapes';
import { ROOT_CLASS, STYLE } from './style';
import { cut, escapeXml, printable } from './text';

const HEAD = 'url(#task-graph-head)';
const MARGIN = 32;
const HEADING_HEIGHT = 64;
const LEGEND_GAP = 28;
/** Room for the heading and the legend of a slim graph. */
const CONTENT_WIDTH_MIN = 430;

/**
 * The graph as one self-contained SVG document, ending in a newline; the same graph gives the same
 * bytes. It needs no font, style or script from elsewhere and follows the reader's light or dark
 * theme. A task is a card with its place in `order`, name, task type and skill_ref, a gate (C4.G) a
 * diamond; each has a `<title>` with the whole of what may be cut short. Texts of the document stand
 * only where XML text stands, escaped. Layout: see `layOut`, which lays large graphs out plainly.
 */
export function drawSvg(graph: Graph, order: readonly string[]): string {
  const picture = pictureOf(graph, order);
  const sizeOf = sizesFor(picture);
  const layout = layOut(picture, sizeOf);
  const contentWidth = Math.max(layout.width, CONTENT_WIDTH_MIN);
  const legend = legendOf(picture, contentWidth);
  const legendTop = MARGIN + HEADING_HEIGHT + layout.height + LEGEND_GAP;
  const width = px(contentWidth + 2 * MARGIN);
  const height = px(legendTop + legend.height + MARGIN / 2);
  const left = MARGIN + (contentWidth - layout.width) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="${ROOT_CLASS}" role="img"` +
      ` width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"` +
      ` aria-labelledby="task-graph-title task-graph-desc">`,
    `<title id="task-graph-title">${escapeXml(titleOf(graph))}</title>`,
    `<desc id="task-graph-desc">${escapeXml(descriptionOf(graph, order))}</desc>`,
    `<style>\n${STYLE}\n</style>`,
    `<defs><marker id="task-graph-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"` +
      ` markerHeight="7" orient="auto"><path class="head" d="M0 1L10 5L0 9Z"/></marker></defs>`,
    `<rect class="page" width="${width}" height="${height}" rx="12"/>`,
    heading(graph, contentWidth),
    `<g transform="translate(${px(left)} ${MARGIN + HEADING_HEIGHT})">`,
    ...picture.arrows.map((arrow, index) => drawArrow(arrow, layout.lines[index] ?? [])),
    ...picture.nodes.map((node) => drawNode(node, layout.centreOf(node.id), sizeOf(node))),
    ...picture.arrows.flatMap((arrow, index) => drawWord(arrow, layout.lines[index] ?? [])),
    '</g>',
    `<g transform="translate(${MARGIN} ${px(legendTop)})">`,
    legend.svg,
    '</g>',
    '</svg>\n',
  ].join('\n');
}

function titleOf(graph: Graph): string {
  return `Task graph ${graph.graph_id} ${graph.version}`;
}

function countsOf(graph: Graph): string {
  const gates = graph.gates?.length ?? 0;
  return [
    `${graph.tasks.length} ${graph.tasks.length === 1 ? 'task' : 'tasks'}`,
    `${gates === 0 ? 'no' : gates} ${gates === 1 ? 'gate' : 'gates'}`,
    graph.parallel === true ? 'in parallel where independent' : 'one at a time',
  ].join(', ');
}

/** What the picture says, for those who cannot see it. */
function descriptionOf(graph: Graph, order: readonly string[]): string {
  const gates = (graph.gates ?? []).map(
    ({ name, condition, if_true, if_false }) =>
      ` Gate ${name}: if ${condition} then ${if_true}, else ${if_false}.`,
  );
  return `${countsOf(graph)}. In order: ${order.join(', ')}.${gates.join('')}`;
}

function heading(graph: Graph, contentWidth: number): string {
  const columns = Math.floor(contentWidth / COLUMN_PX.graph);
  const name = escapeXml(cut(printable(`${graph.graph_id} ${graph.version}`), columns));
  return (
    `<text class="graph" x="${MARGIN}" y="${MARGIN + 16}">${name}</text>\n` +
    `<text class="small muted" x="${MARGIN}" y="${MARGIN + 37}">${countsOf(graph)}</text>`
  );
}

/** A smooth line: points between the ends pull it towards them, as in a quadratic B-spline. */
function drawArrow({ when }: Arrow, points: readonly Point[]): string {
  const [start, ...pulls] = points;
  const end = pulls.pop();
  if (start === undefined || end === undefined) throw new Error('an arrow needs two ends');
  const curves = pulls.map((pull, index) => {
    const next = pulls[index + 1];
    return `Q${at(pull)} ${at(next === undefined ? end : between(pull, next))}`;
  });
  const style = when === 'false' ? 'line dashed' : 'line';
  return `<path class="${style}" d="M${at(start)}${curves.join('')}" marker-end="${HEAD}"/>`;
}

/** Ground of the word on a gate's arrow. */
const WORD = { width: 40, height: 18 };

/** On a gate's arrow stands the value it goes by. */
function drawWord({ when }: Arrow, points: readonly Point[]): readonly string[] {
  const [, bend, next] = points;
  if (when === 'dependency' || bend === undefined || next === undefined) return [];
  return [
    `<g transform="translate(${at(between(bend, next))})"><rect class="page" ${around(WORD)} rx="4"/>` +
      `<text class="small muted mid" y="4">${when}</text></g>`,
  ];
}

function between(one: Point, other: Point): Point {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

function at({ x, y }: Point): string {
  return `${px(x)} ${px(y)}`;
}
