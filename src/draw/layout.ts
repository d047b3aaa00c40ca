import { Graph as DagreGraph, layout as runDagre } from '@dagrejs/dagre';
import { got, type Picture, type PictureNode } from './picture';

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Size {
  readonly width: number;
  readonly height: number;
}
/**
 * Centres of nodes by id; for each arrow, in the picture's order, at least four points: the first and
 * the last are its ends, the others bend it.
 */
export interface Layout extends Size {
  readonly centreOf: (id: string) => Point;
  readonly lines: readonly (readonly Point[])[];
}

/** Pixels between neighbours in a row, and between two rows. */
const COLUMN_GAP = 36;
const ROW_GAP = 64;

/**
 * Rows that all arrows together may span, and nodes of one row, up to which dagre lays out: within
 * them it takes at most a second or so; 1 000 tasks with five dependencies each take it a minute.
 */
const DAGRE_ROWS_SPANNED_MAX = 900;
const DAGRE_ROW_NODES_MAX = 20;
/** Nodes side by side in the plain grid; a longer row goes on below. */
const GRID_COLUMNS = 12;

/**
 * Places a picture's nodes top down. Small and middling pictures are laid out by dagre; large or
 * dense ones, where dagre takes too long and grows too wide to read, go to a plain grid by depth, whose
 * long arrows run between the columns. The choice depends on the graph alone: the same picture gives
 * the same layout.
 */
export function layOut(picture: Picture, sizeOf: (node: PictureNode) => Size): Layout {
  const rows = rowsOf(picture);
  const rowOf = new Map(rows.flatMap((row, depth) => row.map(({ id }) => [id, depth] as const)));
  const spanned = picture.arrows.reduce(
    (sum, { from, to }) => sum + got(rowOf, to) - got(rowOf, from),
    0,
  );
  const widest = Math.max(...rows.map((row) => row.length));
  return spanned <= DAGRE_ROWS_SPANNED_MAX && widest <= DAGRE_ROW_NODES_MAX
    ? byDagre(picture, sizeOf)
    : byGrid(picture, rows, sizeOf);
}

/** Nodes by depth: each task below all it depends on, a gate just above the first task it rules. */
function rowsOf({ nodes, arrows }: Picture): readonly (readonly PictureNode[])[] {
  const depthOf = new Map<string, number>();
  const at = (id: string): number => depthOf.get(id) ?? 0;
  const branches = arrows.filter(({ when }) => when !== 'dependency');
  const skips = new Set(nodes.filter(({ kind }) => kind === 'skip').map(({ id }) => id));
  for (const { from, to, when } of arrows) {
    if (when === 'dependency') depthOf.set(to, Math.max(at(to), at(from) + 1));
  }
  for (const { from, to } of branches.filter((branch) => !skips.has(branch.to))) {
    const above = Math.max(at(to) - 1, 0);
    depthOf.set(from, Math.min(depthOf.get(from) ?? above, above));
  }
  for (const { from, to } of branches.filter((branch) => skips.has(branch.to))) {
    depthOf.set(to, at(from) + 1);
  }
  const rows: PictureNode[][] = [];
  for (const node of nodes) {
    const depth = at(node.id);
    while (rows.length <= depth) rows.push([]);
    rows[depth]?.push(node);
  }
  return rows;
}

/** What is used of a dagre graph; the package's own types do not resolve under Node's rules. */
interface Dagre {
  setGraph(label: object): void;
  graph(): Size;
  setNode(id: string, label: Size): void;
  node(id: string): Point;
  setEdge(from: string, to: string, label: object, name: string): void;
  edge(from: string, to: string, name: string): { readonly points: readonly Point[] };
}

function byDagre({ nodes, arrows }: Picture, sizeOf: (node: PictureNode) => Size): Layout {
  const dagre: Dagre = new DagreGraph({ multigraph: true });
  dagre.setGraph({ rankdir: 'TB', nodesep: COLUMN_GAP, ranksep: ROW_GAP, edgesep: COLUMN_GAP / 2 });
  for (const node of nodes) dagre.setNode(node.id, { ...sizeOf(node) });
  for (const [index, { from, to }] of arrows.entries()) {
    dagre.setEdge(from, to, {}, String(index));
  }
  runDagre(dagre);
  const centres = new Map(
    nodes.map(({ id }) => [id, { x: dagre.node(id).x, y: dagre.node(id).y }] as const),
  );
  const heights = new Map(nodes.map((node) => [node.id, sizeOf(node).height]));
  const lines = arrows.map(({ from, to }, index) => {
    const bends = dagre.edge(from, to, String(index)).points.slice(1, -1);
    // Every other bend lies between two rows; without these a line swings less.
    const passing = bends.filter((_, place) => place % 2 === 1);
    return lineOf(from, to, passing, centres, heights);
  });
  const { width, height } = dagre.graph();
  return { width, height, centreOf: (id) => got(centres, id), lines };
}

function byGrid(
  { nodes, arrows }: Picture,
  rows: readonly (readonly PictureNode[])[],
  sizeOf: (node: PictureNode) => Size,
): Layout {
  const cell = Math.max(...nodes.map((node) => sizeOf(node).width)) + COLUMN_GAP;
  const columns = Math.min(GRID_COLUMNS, Math.max(...rows.map((row) => row.length)));
  const centres = new Map<string, Point>();
  const lineOfNode = new Map<string, number>();
  let top = 0;
  for (const [line, row] of rows.flatMap((row) => inPieces(row, GRID_COLUMNS)).entries()) {
    const tallest = Math.max(...row.map((node) => sizeOf(node).height));
    const first = Math.floor((columns - row.length) / 2);
    for (const [column, { id }] of row.entries()) {
      const x = (first + column) * cell + (cell - COLUMN_GAP) / 2;
      centres.set(id, { x, y: top + tallest / 2 });
      lineOfNode.set(id, line);
    }
    top += tallest + ROW_GAP;
  }
  const heights = new Map(nodes.map((node) => [node.id, sizeOf(node).height]));
  const lines = arrows.map(({ from, to }) => {
    const [line, last] = [got(lineOfNode, from), got(lineOfNode, to)];
    if (last - line < 2) return lineOf(from, to, [], centres, heights);
    // Five lanes between two columns, so that arrows from neighbouring rows do not merge.
    const lane = got(centres, from).x + cell / 2 + ((line % 5) - 2) * (COLUMN_GAP / 8);
    const [below, above] = [footOf(from, centres, heights), headOf(to, centres, heights)];
    const passing = [
      { x: lane, y: below + ROW_GAP / 2 },
      { x: lane, y: above - ROW_GAP / 2 },
    ];
    return lineOf(from, to, passing, centres, heights);
  });
  const width = columns * cell - COLUMN_GAP;
  return { width, height: top - ROW_GAP, centreOf: (id) => got(centres, id), lines };
}

function inPieces<T>(row: readonly T[], length: number): readonly (readonly T[])[] {
  const count = Math.ceil(row.length / length);
  return Array.from({ length: count }, (_, piece) =>
    row.slice(piece * length, (piece + 1) * length),
  );
}
