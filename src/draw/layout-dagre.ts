import { Graph as DagreGraph, layout as runDagre, type GraphLabel } from '@dagrejs/dagre';
import { got, type Picture, type PictureNode } from './picture';
import { COLUMN_GAP, placeOf, route, ROW_GAP, upright } from './places';
import type { Layout, Point, Size } from './places';

/** About half of most nodes' height. */
const ROW_HALF = 42;

/** Few crossings, short arrows; the time it takes grows fast with the rows that arrows span. */
export function layOutByDagre(picture: Picture, sizeOf: (node: PictureNode) => Size): Layout {
  const { nodes, arrows } = picture;
  type Node = Size & Point;
  type Edge = { readonly points: readonly Point[] };
  const dagre = new DagreGraph<GraphLabel & Size, Node, Edge>({ multigraph: true });
  // Zeroes and empty lists: dagre fills them in.
  const gaps = { nodesep: COLUMN_GAP, edgesep: COLUMN_GAP / 2, ranksep: ROW_GAP };
  dagre.setGraph({ rankdir: 'TB', ...gaps, width: 0, height: 0 });
  for (const node of nodes) dagre.setNode(node.id, { ...sizeOf(node), x: 0, y: 0 });
  for (const [index, { from, to }] of arrows.entries()) {
    dagre.setEdge(from, to, { points: [] }, String(index));
  }
  runDagre(dagre);
  const places = new Map(
    nodes.map((node) => [node.id, placeOf(dagre.node(node.id), sizeOf(node))] as const),
  );
  const routed = arrows.map((arrow, index) => {
    const { from, to } = arrow;
    const bends = dagre.edge(from, to, String(index)).points.slice(1, -1);
    // Every other bend lies between two rows; without these a line swings less.
    const passing = bends
      .filter((_, position) => position % 2 === 1)
      .flatMap(({ x, y }) => upright(x, y - ROW_HALF, y + ROW_HALF));
    return route(arrow, got(places, from), got(places, to), passing);
  });
  const { width, height } = dagre.graph();
  return { width, height, places, arrows: routed };
}
