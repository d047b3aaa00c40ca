import { got, type Picture, type PictureNode } from './picture';
import { COLUMN_GAP, placeOf, route, ROW_GAP, upright } from './places';
import type { Layout, Place, Size } from './places';

/** Nodes side by side; what a row has beyond these goes on in the lines below. */
const COLUMNS_MAX = 12;
/** Between two columns, so that arrows from neighbouring lines do not merge. */
const LANES = 5;

/** A node's place, and the line of the grid that it stands in. */
interface Cell extends Place {
  readonly line: number;
}

/** Every node in a cell of equal width, row by row; arrows over several lines take the lanes. */
export function layOutInGrid(
  { nodes, arrows }: Picture,
  rows: readonly (readonly PictureNode[])[],
  sizeOf: (node: PictureNode) => Size,
): Layout {
  const step = Math.max(...nodes.map((node) => sizeOf(node).width)) + COLUMN_GAP;
  const columns = Math.min(COLUMNS_MAX, Math.max(...rows.map((row) => row.length)));
  const places = new Map<string, Cell>();
  let top = 0;
  for (const [line, row] of rows.flatMap(broken).entries()) {
    const tallest = Math.max(...row.map((node) => sizeOf(node).height));
    const first = Math.floor((columns - row.length) / 2);
    for (const [column, node] of row.entries()) {
      const centre = { x: (first + column + 0.5) * step - COLUMN_GAP / 2, y: top + tallest / 2 };
      places.set(node.id, { ...placeOf(centre, sizeOf(node)), line });
    }
    top += tallest + ROW_GAP;
  }
  const routed = arrows.map((arrow) => {
    const [from, to] = [got(places, arrow.from), got(places, arrow.to)];
    if (to.line - from.line < 2) return route(arrow, from, to, []);
    const lane = (from.line % LANES) - (LANES - 1) / 2;
    const x = from.x + step / 2 + (lane * COLUMN_GAP) / (LANES + 3);
    const bend = (ROW_GAP * 3) / 4;
    return route(arrow, from, to, upright(x, from.foot + bend, to.head - bend));
  });
  return { width: columns * step - COLUMN_GAP, height: top - ROW_GAP, places, arrows: routed };
}

function broken(row: readonly PictureNode[]): readonly (readonly PictureNode[])[] {
  const count = Math.ceil(row.length / COLUMNS_MAX);
  return Array.from({ length: count }, (_, part) =>
    row.slice(part * COLUMNS_MAX, (part + 1) * COLUMNS_MAX),
  );
}
