import type { Graph } from '../core/graph';
import { ARROW_HEAD, drawArrow, drawWord } from './arrows';
import { layOut } from './layout';
import { legendOf } from './legend';
import { got, pictureOf } from './picture';
import { COLUMN_PX, drawNode, px, sizesFor } from './shapes';
import { ROOT_CLASS, STYLE } from './style';
import { cut, escapeXml, printable } from './text';

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
    ARROW_HEAD,
    `<rect class="page" width="${width}" height="${height}" rx="12"/>`,
    heading(graph, contentWidth),
    `<g transform="translate(${px(left)} ${MARGIN + HEADING_HEIGHT})">`,
    ...layout.arrows.map(drawArrow),
    ...picture.nodes.map((node) => drawNode(node, got(layout.places, node.id), sizeOf(node))),
    ...layout.arrows.flatMap(drawWord),
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
