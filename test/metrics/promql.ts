import { parser } from '@prometheus-io/lezer-promql';

/** One metric that an expression asks for, and the labels that it names: in matchers, and to group by. */
export interface Asked {
  readonly metric: string;
  readonly matchers: Readonly<Record<string, string>>;
  readonly grouping: readonly string[];
}

/** Grafana's own variables are not PromQL. */
function plain(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m');
}

/** @throws Error for what is no PromQL, by Prometheus's own grammar */
export function askedBy(text: string): Asked[] {
  const expr = plain(text);
  const tree = parser.parse(expr);
  const textOf = (node: { from: number; to: number }): string => expr.slice(node.from, node.to);
  const found: { metric: string; matchers: Record<string, string> }[] = [];
  const grouping = new Set<string>();
  tree.iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${expr}`);
      const { name } = node.type;
      if (name === 'VectorSelector') found.push({ metric: '', matchers: {} });
      const last = found.at(-1);
      if (name === 'Identifier' && node.node.parent?.name === 'VectorSelector' && last)
        last.metric = textOf(node);
      if (name === 'UnquotedLabelMatcher' && last) {
        const [, label = '', operator = '', value = ''] =
          /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/.exec(textOf(node)) ?? [];
        last.matchers[label] = operator === '=' || operator === '!=' ? value : '';
      }
      if (name === 'LabelName' && node.node.parent?.name === 'GroupingLabels')
        grouping.add(textOf(node));
    },
  });
  return found.map((each) => ({ ...each, grouping: [...grouping] }));
}
