import type { GateNode, Picture, PictureNode, TaskNode } from './picture';
import type { Point, Size } from './places';
import { columnsOf, cut, escapeXml, printable, wrap } from './text';

/** Pixels that one column of text takes, by style class. */
export const COLUMN_PX = { graph: 11.5, name: 8.8, small: 7.2, code: 6.8 } as const;

const CARD_HEIGHT = 74;
const CARD_WIDTH_MIN = 176;
const CARD_WIDTH_MAX = 300;
/** Left of a card's texts stands the badge, right of them nothing. */
const TEXT_LEFT = 58;
const TEXT_RIGHT = 14;

const GATE: Size = { width: 320, height: 136 };
/** Columns that fit into the diamond at the height of its name and of the condition's two lines. */
const GATE_NAME_COLUMNS = 18;
const CONDITION_COLUMNS = [36, 28] as const;

const SKIP: Size = { width: 76, height: 30 };

/** Sizes in pixels. All cards of a picture are as wide as its longest text wants, within bounds. */
export function sizesFor(picture: Picture): (node: PictureNode) => Size {
  const wanted = picture.nodes.flatMap((node) =>
    node.kind === 'task' ? textsOf(node).map((line) => columnsOf(line.text) * line.px) : [],
  );
  const widest = Math.ceil(Math.max(0, ...wanted)) + TEXT_LEFT + TEXT_RIGHT;
  const width = Math.min(Math.max(widest, CARD_WIDTH_MIN), CARD_WIDTH_MAX);
  const card = { width, height: CARD_HEIGHT };
  return ({ kind }) => (kind === 'task' ? card : kind === 'gate' ? GATE : SKIP);
}

/** One node around `centre`. Its `<title>` says all of it, also what is cut off in the drawing. */
export function drawNode(node: PictureNode, centre: Point, size: Size): string {
  const at = `data-id="${node.id}" transform="translate(${px(centre.x)} ${px(centre.y)})"`;
  if (node.kind === 'task') return drawCard(node, at, size);
  if (node.kind === 'gate') return drawGate(node, at);
  return (
    `<g class="skip" ${at}>` +
    `<title>SKIP: this branch names no task</title>` +
    `<rect class="box" ${around(size)} rx="${px(size.height / 2)}"/>` +
    `<text class="small muted mid" y="4">SKIP</text></g>`
  );
}

/** A diamond around the origin. */
export function diamond({ width, height }: Size): string {
  const [x, y] = [px(width / 2), px(height / 2)];
  return `<path class="box" d="M0 -${y}L${x} 0L0 ${y}L-${x} 0Z"/>`;
}

/** Position and size of a rectangle around the origin, as attributes. */
export function around({ width, height }: Size): string {
  const corner = `x="${px(-width / 2)}" y="${px(-height / 2)}"`;
  return `${corner} width="${px(width)}" height="${px(height)}"`;
}

/** Pixels to a tenth: finer cannot be seen, and short numbers keep the file small. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function drawCard(node: TaskNode, at: string, size: Size): string {
  const { task, number, origin } = node;
  const left = -size.width / 2;
  const badge = { width: 34, height: 24 };
  const texts = textsOf(node).map(({ text, style, px: columnPx, y }) => {
    const columns = (size.width - TEXT_LEFT - TEXT_RIGHT) / columnPx;
    const shown = escapeXml(cut(text, columns));
    return `<text class="${style}" x="${px(left + TEXT_LEFT)}" y="${y}">${shown}</text>`;
  });
  const after = task.depends_on.length === 0 ? 'first' : `after ${task.depends_on.join(', ')}`;
  const title =
    `${number}. ${task.name}${task.critical === true ? ' (critical)' : ''}: ` +
    `${task.task_type} by ${task.skill_ref}, ${after}`;
  return (
    `<g class="${origin}${task.critical === true ? ' critical' : ''}" ${at}>` +
    `<title>${escapeXml(title)}</title>` +
    `<rect class="box" ${around(size)} rx="10"/>` +
    `<g transform="translate(${px(left + 12 + badge.width / 2)} 0)">` +
    `<rect class="badge" ${around(badge)} rx="12"/>` +
    `<text class="small number mid" y="4">${number}</text></g>` +
    `${texts.join('')}</g>`
  );
}

function drawGate({ gate }: GateNode, at: string): string {
  const condition = wrap(printable(gate.condition), CONDITION_COLUMNS);
  const lines = condition.map(
    (line, index) => `<text class="code mid" y="${4 + index * 16}">${escapeXml(line)}</text>`,
  );
  const title = `gate ${gate.name}: ${gate.condition}; if true ${gate.if_true}, if false ${gate.if_false}`;
  return (
    `<g class="gate" ${at}><title>${escapeXml(title)}</title>` +
    `${diamond(GATE)}<text class="name mid" y="-17">` +
    `${escapeXml(cut(printable(gate.name), GATE_NAME_COLUMNS))}</text>${lines.join('')}</g>`
  );
}

function textsOf({ task }: TaskNode) {
  return [
    { text: printable(task.name), style: 'name', px: COLUMN_PX.name, y: -12 },
    { text: printable(task.task_type), style: 'small', px: COLUMN_PX.small, y: 7 },
    { text: printable(task.skill_ref), style: 'code muted', px: COLUMN_PX.code, y: 24 },
  ] as const;
}
