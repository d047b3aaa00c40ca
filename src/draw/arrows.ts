import { between, type Point, type RoutedArrow } from './places';
import { around, px } from './shapes';

const WORD = { width: 40, height: 18 };

/** The definition that each arrow's end refers to. */
export const ARROW_HEAD =
  `<defs><marker id="task-graph-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"` +
  ` markerHeight="7" orient="auto"><path class="head" d="M0 1L10 5L0 9Z"/></marker></defs>`;

/** Attributes of every arrow's path. */
export function arrowStyle(when: RoutedArrow['when']): string {
  const style = when === 'false' ? 'line dashed' : 'line';
  return `class="${style}" marker-end="url(#task-graph-head)"`;
}

/** A smooth line: a quadratic B-spline. Which nodes it joins stands in its data attribute. */
export function drawArrow({ from, to, when, start, end, pulls }: RoutedArrow): string {
  const curves = pulls.map((pull, index) => {
    const next = pulls[index + 1];
    return `Q${at(pull)} ${at(next === undefined ? end : between(pull, next))}`;
  });
  return `<path ${arrowStyle(when)} data-arrow="${from} ${to}" d="M${at(start)}${curves.join('')}"/>`;
}

/** On a gate's arrow stands the value it goes by. */
export function drawWord({ when, word }: RoutedArrow): readonly string[] {
  if (when === 'dependency') return [];
  return [
    `<g transform="translate(${at(word)})">` +
      `<rect class="page" ${around(WORD)} rx="4"/>` +
      `<text class="small muted mid" y="4">${when}</text></g>`,
  ];
}

function at({ x, y }: Point): string {
  return `${px(x)} ${px(y)}`;
}
