import { layOutByDagre } from './layout-dagre';
import { layOutInGrid } from './layout-grid';
import { got, type Picture, type PictureNode } from './picture';
import type { Layout, Size } from './places';

/**
 * Rows that all arrows together may span, and nodes of one row, up to which dagre lays out: within
 * them it takes a second or so at most; 1 000 tasks with five dependencies each take it far longer.
 */
const DAGRE_ROWS_SPANNED_MAX = 900;
const DAGRE_ROW_NODES_MAX = 20;

/**
 * Places a picture's nodes top down. Small and middling pictures are laid out by dagre; large or
 * dense ones, where dagre takes too long and grows too wide to read, go to a plain grid by depth,
 * whose long arrows run between the columns. The choice depends on the graph alone: the same picture
 * gives the same layout.
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
    ? layOutByDagre(picture, sizeOf)
    : layOutInGrid(picture, rows, sizeOf);
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
