import { SaxesParser } from 'saxes';
import { V1_GRAPH, type Graph } from '../../src/core/graph';
import { drawSvg } from '../../src/draw/svg';
import { printable } from '../../src/draw/text';
import { BRANCHED, graphOf, HOSTILE_GRAPH, largeGraph, orderOf, skillTask } from './graphs';

const draw = (graph: Graph): string => drawSvg(graph, orderOf(graph));

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  text: string;
}

/** Every element of a document, with all text inside it. Throws where it is not well-formed XML. */
function elementsOf(xml: string): readonly Element[] {
  const elements: Element[] = [];
  const open: Element[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: Element = { name, attributes, text: '' };
    elements.push(element);
    open.push(element);
  });
  parser.on('text', (text) => {
    for (const element of open) element.text += text;
  });
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(xml).close();
  return elements;
}

const arrowsOf = (svg: string): readonly string[] =>
  elementsOf(svg).flatMap(({ attributes }) => attributes['data-arrow'] ?? []);

const idsOf = (svg: string): readonly string[] =>
  elementsOf(svg).flatMap(({ attributes }) => attributes['data-id'] ?? []);

/** `n1 n2` for each dependency, as the tasks are numbered. */
function dependenciesOf(graph: Graph): readonly string[] {
  const order = orderOf(graph);
  const id = (name: string): string => `n${order.indexOf(name) + 1}`;
  return graph.tasks.flatMap(({ name, depends_on }) =>
    depends_on.map((dependency) => `${id(dependency)} ${id(name)}`),
  );
}

test('the v1 graph shows every task with its place, name, type and skill_ref', () => {
  const svg = draw(V1_GRAPH);
  expect(idsOf(svg)).toEqual(['n1', 'n2', 'n3', 'n4']);
  expect(arrowsOf(svg)).toEqual(['n1 n2', 'n2 n3', 'n3 n4']);
  const texts = elementsOf(svg).filter(({ name }) => name === 'text');
  const shown = texts.map(({ text }) => text);
  expect(shown).toEqual(expect.arrayContaining(['1', 'T1', 'validate_state']));
  expect(shown).toEqual(expect.arrayContaining(['4', 'emit_actions', 'harness.emit-actions']));
});

test('a picture says in words what it shows', () => {
  const [svg, title, desc] = elementsOf(draw(BRANCHED));
  expect(svg?.attributes).toMatchObject({
    role: 'img',
    'aria-labelledby': `${title?.attributes['id']} ${desc?.attributes['id']}`,
  });
  expect(title?.text).toBe('Task graph drawn 1.0.0');
  expect(desc?.text).toBe(
    '7 tasks, 2 gates, one at a time. In order: T1, T2, T3, T4, trend, range, merge. ' +
      "Gate trending: if regime.behavior == 'TRENDING_NORMAL_VOL' then trend, else range. " +
      'Gate sure: if regime.confidence >= 0.6 then merge, else SKIP.',
  );
});

test('C4.G gates, their branches and SKIP are all there, the false branch dashed', () => {
  const svg = draw(BRANCHED);
  expect(idsOf(svg)).toEqual(expect.arrayContaining(['g1', 'g2', 's2']));
  expect([...arrowsOf(svg)].sort()).toEqual(
    [...dependenciesOf(BRANCHED), 'g1 n5', 'g1 n6', 'g2 n7', 'g2 s2'].sort(),
  );
  const dashed = elementsOf(svg).filter(({ attributes }) => attributes['class'] === 'line dashed');
  expect(dashed.flatMap(({ attributes }) => attributes['data-arrow'] ?? [])).toEqual([
    'g1 n6',
    'g2 s2',
  ]);
});

test('critical tasks, built-ins and skills each have a look of their own', () => {
  const classes = elementsOf(draw(BRANCHED)).flatMap(({ attributes }) =>
    attributes['data-id'] === undefined ? [] : `${attributes['data-id']} ${attributes['class']}`,
  );
  expect(classes).toEqual(
    expect.arrayContaining(['n1 builtin critical', 'n5 skill', 'n7 skill critical', 'g1 gate']),
  );
});

test('a hostile graph gives well-formed XML with no element or attribute of its making', () => {
  const svg = draw(HOSTILE_GRAPH);
  const elements = elementsOf(svg);
  const names = new Set(elements.map(({ name }) => name));
  expect([...names].sort()).toEqual(
    ['defs', 'desc', 'g', 'marker', 'path', 'rect', 'style', 'svg', 'text', 'title'].sort(),
  );
  const attributes = new Set(elements.flatMap((element) => Object.keys(element.attributes)));
  expect([...attributes].filter((name) => name.startsWith('on') || name === 'href')).toEqual([]);
  const titles = elements.filter(({ name }) => name === 'title').map(({ text }) => text);
  for (const { skill_ref, depends_on } of HOSTILE_GRAPH.tasks.slice(4)) {
    const end = printable(`by ${skill_ref}, after ${depends_on.join(', ')}`);
    expect(titles.some((title) => title.endsWith(end))).toBe(true);
  }
  expect(svg.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cs}|[\uffff\u202e]/u);
});

test('a picture refers to nothing outside itself', () => {
  const svg = draw(BRANCHED);
  expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|@import|href/);
  expect(new Set(svg.match(/url\([^)]*\)/g))).toEqual(new Set(['url(#task-graph-head)']));
});

test('a text too long for its place is cut with an ellipsis and stands whole in the title', () => {
  const name = 'a-task-with-a-name-that-is-as-long-as-a-name-may-be-in-any-graph';
  const condition = `regime.behavior in [${Array(20).fill("'TRENDING_NORMAL_VOL'").join(', ')}]`;
  const elements = elementsOf(
    draw(
      graphOf(
        [skillTask(name, ['T3'])],
        [{ name: 'g', condition, if_true: name, if_false: 'SKIP' }],
      ),
    ),
  );
  const texts = elements.filter((element) => element.name === 'text').map(({ text }) => text);
  expect(texts).not.toContain(name);
  expect(texts.filter((text) => text.endsWith('…')).length).toBeGreaterThanOrEqual(2);
  const titles = elements.filter((element) => element.name === 'title').map(({ text }) => text);
  expect(titles.some((title) => title.includes(name))).toBe(true);
  expect(titles.some((title) => title.includes(condition))).toBe(true);
});

test.each([
  ['of 60 tasks', largeGraph(60, 2, 20)],
  ['of 1 000 sparse tasks', largeGraph(1_000, 1, 3)],
  ['of 1 000 tasks with many dependencies', largeGraph(1_000, 5, 50)],
  [
    'of 1 000 tasks side by side',
    graphOf(Array.from({ length: 996 }, (_, at) => skillTask(`t${at}`, ['T3']))),
  ],
])('a graph %s is drawn whole, within its frame, and the same each time', (_, graph) => {
  const svg = draw(graph);
  draw(BRANCHED);
  expect(draw(graph)).toBe(svg);
  expect(idsOf(svg)).toHaveLength(graph.tasks.length);
  expect([...arrowsOf(svg)].sort()).toEqual([...dependenciesOf(graph)].sort());
  const [root, ...elements] = elementsOf(svg);
  const width = Number(root?.attributes['width']);
  const places = elements.flatMap(({ attributes }) =>
    attributes['data-id'] === undefined ? [] : (attributes['transform'] ?? ''),
  );
  expect(new Set(places).size).toBe(graph.tasks.length);
  for (const place of places) {
    const x = Number(/^translate\((-?[\d.]+) /.exec(place)?.[1]);
    expect(x).toBeGreaterThan(0);
    expect(x).toBeLessThan(width);
  }
});
