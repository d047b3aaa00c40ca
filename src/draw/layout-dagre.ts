import { Graph as DagreGraph, layout as runDagre } from '@dagrejs/dagre';
import { got, type Picture, type PictureNode } from './picture';
import { COLUMN_GAP, placeOf, route, ROW_GAP, upright } from './places';
import type { Layout, Point, Size } from './places';

/** About half of most nodes' height. */
const ROW_HALF = 42;

/** What is used of a dagre graph; the package's own types do not resolve under Node's rules. */
interface Dagre {
  setGraph(label: object): void;
  graph(): Size;
  setNode(id: string, label: Size): void;
  node(id: string): Point;
  setEdge(from: string, to: string, label: object, name: string): void;
  edge(from: string, to: string, name: string): { readonly points: readonly Point[] };
}

/** Few crossings, short arrows; the time it takes grows fast with the rows that arrows span. */
export function layOutByDagre(picture: Picture, sizeOf: (node: PictureNode) => Size): Layout {
  const { nodes, arrows } = picture;
  const dagre: Dagre = new DagreGraph({ multigraph: true });
  dagre.setGraph({ rankdir: 'TB', nodesep: COLUMN_GAP, ranksep: ROW_GAP, edgesep: COLUMN_GAP / 2 });
  for (const node of nodes) dagre.setNode(node.id, { ...sizeOf(node) });
  for (const [index, { from, to }] of arrows.entries()) {
    dagre.setEdge(from, to, {}, String(index));
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
