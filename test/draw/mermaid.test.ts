import { V1_GRAPH, type Graph } from '../../src/core/graph';
import { drawMermaid } from '../../src/draw/mermaid';
import { BRANCHED, HOSTILE_GRAPH, largeGraph, orderOf } from './graphs';

const draw = (graph: Graph): string => drawMermaid(graph, orderOf(graph));

const V1 = `flowchart TD
  n1["1 · T1 · critical<br/>validate_state<br/>harness.validate-state"]:::builtinCritical
  n2["2 · T2 · critical<br/>check_regime<br/>harness.check-regime"]:::builtinCritical
  n3["3 · T3 · critical<br/>filter_beliefs<br/>harness.filter-beliefs"]:::builtinCritical
  n4["4 · T4 · critical<br/>emit_actions<br/>harness.emit-actions"]:::builtinCritical
  n1 --> n2
  n2 --> n3
  n3 --> n4
  classDef builtinCritical fill:#eef4fb,stroke:#2f5584,stroke-width:3px,color:#1f2933
`;

test('the v1 graph is drawn as exactly this flowchart', () => {
  expect(draw(V1_GRAPH)).toBe(V1);
});

test('C4.G a gate is a diamond with its condition, a solid true and a dashed false branch', () => {
  const lines = draw(BRANCHED).split('\n');
  expect(lines).toContain(
    '  g1{"trending<br/>regime.behavior #61;#61; #39;TRENDING_NORMAL_VOL#39;"}:::gate',
  );
  expect(lines).toContain('  g1 -->|true| n5');
  expect(lines).toContain('  g1 -.->|false| n6');
});

test('C4.G a false branch that names no task ends in SKIP', () => {
  const lines = draw(BRANCHED).split('\n');
  expect(lines).toContain('  s2(["SKIP"]):::skip');
  expect(lines).toContain('  g2 -->|true| n7');
  expect(lines).toContain('  g2 -.->|false| s2');
});

test('C4.O tasks are numbered by the order, not by their declaration', () => {
  const order = ['T1', 'T2', 'T3', 'range', 'trend', 'T4', 'merge'];
  const drawn = drawMermaid(BRANCHED, order);
  expect(drawn).toContain('n4["4 · range<br/>range<br/>acme.range#64;1.0.0"]:::skill\n');
  expect(drawn).toContain('n7["7 · merge · critical<br/>merge<br/>acme.merge"]:::skillCritical\n');
});

test('every line of a hostile graph is a line that the drawing itself would write', () => {
  const label = String.raw`(?:[A-Za-z0-9 ]|(?<=[A-Za-z0-9])[._-](?=[A-Za-z0-9])|#\d+;)*`;
  const shapes = [
    String.raw`flowchart TD`,
    String.raw`  n\d+\["\d+ · ${label}( · critical)?<br/>${label}<br/>${label}"\]:::(builtin|skill)(Critical)?`,
    String.raw`  g\d+\{"${label}<br/>${label}"\}:::gate`,
    String.raw`  s\d+\(\["SKIP"\]\):::skip`,
    String.raw`  [ng]\d+ (-->|-->\|true\||-\.->\|false\|) [ns]\d+`,
    String.raw`  classDef \w+ [a-z0-9#:,-]+`,
  ];
  const line = new RegExp(`^(${shapes.join('|')})$`);
  const lines = draw(HOSTILE_GRAPH).trimEnd().split('\n');
  expect(lines.filter((text) => !line.test(text))).toEqual([]);
});

test('what Mermaid would make an icon, a formula or an entity of after decoding is kept apart', () => {
  const drawn = draw(HOSTILE_GRAPH);
  expect(drawn).toContain('fa#58;#8288;fa-car');
  expect(drawn).toContain('#36;#8288;#36;x#94;2');
  expect(drawn).toContain('#64258;#8288;#176;');
  expect(drawn).not.toContain('www.');
});

test('the same graph gives the same bytes, and 1 000 tasks all appear', () => {
  const graph = largeGraph(1_000, 5, 50);
  const drawn = draw(graph);
  expect(draw(graph)).toBe(drawn);
  expect(drawn.match(/^ {2}n\d+\[/gm)).toHaveLength(1_000);
  const dependencies = graph.tasks.flatMap(({ depends_on }) => depends_on);
  expect(drawn.match(/^ {2}n\d+ --> n\d+$/gm)).toHaveLength(dependencies.length);
});

test('an order that is no execution order of the graph throws', () => {
  expect(() => drawMermaid(V1_GRAPH, ['T2', 'T1', 'T3', 'T4'])).toThrow('T2 before T1');
  expect(() => drawMermaid(V1_GRAPH, ['T1', 'T2', 'T3'])).toThrow('3 tasks, the graph 4');
  expect(() => drawMermaid(V1_GRAPH, ['T1', 'T2', 'T3', 'T5'])).toThrow('T5');
  expect(() => drawMermaid(V1_GRAPH, ['T1', 'T2', 'T3', 'T4', 'T4'])).toThrow('5 tasks');
});
