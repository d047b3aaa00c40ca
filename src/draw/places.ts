import type { Arrow } from './picture';

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Size {
  readonly width: number;
  readonly height: number;
}
/** Where a node stands: its centre, and the heights at which arrows reach and leave it. */
export interface Place extends Point {
  readonly head: number;
  readonly foot: number;
}
/** Places of nodes by id, and the arrows in the picture's order. */
export interface Layout extends Size {
  readonly places: ReadonlyMap<string, Place>;
  readonly arrows: readonly RoutedArrow[];
}
export interface RoutedArrow extends Arrow {
  readonly start: Point;
  readonly end: Point;
  /** Not on the line: they pull it towards them, as in a B-spline. */
  readonly pulls: readonly Point[];
  /** On the line, near its end: where arrows that leave one node have parted. */
  readonly word: Point;
}

/** Pixels between neighbours in a row, and between two rows. */
export const COLUMN_GAP = 36;
export const ROW_GAP = 64;

export function placeOf({ x, y }: Point, { height }: Size): Place {
  return { x, y, head: y - height / 2, foot: y + height / 2 };
}

/** The arrow from a node's foot to another's head, leaving and arriving upright. */
export function route(
  arrow: Arrow,
  from: Place,
  to: Place,
  passing: readonly Point[],
): RoutedArrow {
  const below = { x: from.x, y: from.foot + ROW_GAP / 2 };
  const above = { x: to.x, y: to.head - ROW_GAP / 2 };
  return {
    ...arrow,
    start: { x: from.x, y: from.foot },
    end: { x: to.x, y: to.head },
    pulls: [below, ...passing, above],
    word: between(passing.at(-1) ?? below, above),
  };
}

export function between(one: Point, other: Point): Point {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

/** What pulls an arrow onto a vertical line between two heights, to pass nodes beside it. */
export function upright(x: number, from: number, to: number): readonly Point[] {
  const reach = ROW_GAP / 4;
  return [from - reach, from + reach, to - reach, to + reach].map((y) => ({ x, y }));
}
