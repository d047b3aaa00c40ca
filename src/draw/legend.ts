import { arrowStyle } from './arrows';
import type { Arrow, Picture } from './picture';
import { around, COLUMN_PX, diamond, px } from './shapes';
import { columnsOf } from './text';

const SWATCH = { width: 28, height: 16 };
const ITEM_GAP = 20;
const LINE_HEIGHT = 26;

interface Item {
  readonly swatch: string;
  readonly text: string;
}
export interface Legend {
  readonly svg: string;
  readonly height: number;
}

/** The signs that `picture` uses, in lines of at most `width` pixels, from the origin downwards. */
export function legendOf(picture: Picture, width: number): Legend {
  const placed: string[] = [];
  let [left, line] = [0, 0];
  for (const { swatch, text } of itemsOf(picture)) {
    const taken = SWATCH.width + 8 + columnsOf(text) * COLUMN_PX.small;
    if (left > 0 && left + taken > width) {
      left = 0;
      line += 1;
    }
    const middle = line * LINE_HEIGHT + LINE_HEIGHT / 2;
    placed.push(
      `<g transform="translate(${px(left + SWATCH.width / 2)} ${px(middle)})">${swatch}` +
        `<text class="small muted" x="${px(SWATCH.width / 2 + 8)}" y="4">${text}</text></g>`,
    );
    left += taken + ITEM_GAP;
  }
  return { svg: placed.join('\n'), height: (line + 1) * LINE_HEIGHT };
}

function itemsOf({ nodes, arrows }: Picture): readonly Item[] {
  const rect = `<rect class="box" ${around(SWATCH)} rx="4"/>`;
  const arrow = (when: Arrow['when']): string => `<path ${arrowStyle(when)} d="M-14 0H14"/>`;
  const items: readonly (Item & { readonly used: boolean })[] = [
    {
      used: true,
      text: 'place in the order',
      swatch:
        `<g class="skip"><rect class="badge" ${around(SWATCH)} rx="8"/></g>` +
        `<text class="small number mid" y="4">1</text>`,
    },
    {
      used: nodes.some((node) => node.kind === 'task' && node.origin === 'builtin'),
      text: 'built-in task',
      swatch: `<g class="builtin">${rect}</g>`,
    },
    {
      used: nodes.some((node) => node.kind === 'task' && node.origin === 'skill'),
      text: 'skill',
      swatch: `<g class="skill">${rect}</g>`,
    },
    {
      used: nodes.some((node) => node.kind === 'task' && node.task.critical === true),
      text: 'critical',
      swatch: `<g class="skip critical">${rect}</g>`,
    },
    {
      used: nodes.some(({ kind }) => kind === 'gate'),
      text: 'gate, decided before the run',
      swatch: `<g class="gate">${diamond({ width: 28, height: 18 })}</g>`,
    },
    {
      used: arrows.some(({ when }) => when === 'true'),
      text: 'runs only if true',
      swatch: arrow('true'),
    },
    {
      used: arrows.some(({ when }) => when === 'false'),
      text: 'runs only if false',
      swatch: arrow('false'),
    },
  ];
  return items.filter(({ used }) => used);
}
