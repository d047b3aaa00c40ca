import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Prepared } from '../client/prepare';
import { messageOf } from '../core/invariant';
import { Problem } from '../problem';
import { contextOf } from './context';
import { table } from './render';

interface PlanOptions {
  readonly input: string;
  readonly graph?: string;
  readonly policy?: string;
  readonly mode: string;
  readonly mermaid?: boolean;
  readonly svg?: string;
}

/** `harness plan`: order, task ids and plan hash, offline. */
export function planCommand(root: Command): void {
  root
    .command('plan')
    .description(
      'show what a cycle would run: order, task ids, plan hash; no server, no state judged',
    )
    .requiredOption('--input <file>', 'the bundle; - for standard input')
    .option('--graph <file>', 'the task graph (default: the v1 graph)')
    .option('--policy <file>', 'the policy (default: the default policy)')
    .option('--mode <mode>', 'shadow', 'shadow')
    .option('--mermaid', 'the graph as a Mermaid flowchart')
    .option('--svg <file>', 'write the graph as an SVG picture')
    .action(async (options: PlanOptions, command: Command) => {
      const context = contextOf(command);
      const { prepare } = await import('../client/prepare');
      const prepared = prepare(
        context.read(options.input),
        context.source(options.graph, 'graph'),
        context.source(options.policy, 'policy'),
        options.mode,
      );
      const order = prepared.tasks.map(({ name }) => name);
      const graph = prepared.graph.document;
      if (options.svg !== undefined) {
        const { drawSvg } = await import('../draw/svg');
        write(options.svg, drawSvg(graph, order));
      }
      if (options.mermaid && !context.json) {
        const { drawMermaid } = await import('../draw/mermaid');
        process.stdout.write(drawMermaid(graph, order));
        return;
      }
      context.print(documentOf(prepared, order), textOf(prepared));
    });
}

function documentOf(prepared: Prepared, order: readonly string[]): object {
  return {
    graph: prepared.graph.value,
    order,
    tasks: prepared.tasks,
    cycle_id: prepared.cycle_id,
    input_hash: prepared.bundle.hash,
    graph_hash: prepared.graph.hash,
    policy_hash: prepared.policy.hash,
    plan_hash: prepared.plan_hash,
  };
}

function textOf(prepared: Prepared): string {
  const rows = prepared.tasks.map(({ name, task_type, skill_ref, task_id }, i) => [
    `${i + 1}`,
    name,
    task_type,
    skill_ref,
    task_id,
  ]);
  return [
    table(['#', 'task', 'type', 'skill', 'task id'], rows),
    `cycle   ${prepared.cycle_id}`,
    `bundle  ${prepared.bundle.hash}`,
    `graph   ${prepared.graph.hash}`,
    `policy  ${prepared.policy.hash}`,
    `plan    ${prepared.plan_hash}`,
  ].join('\n');
}

function write(file: string, content: string): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new Problem('UNREADABLE', `${file} cannot be written: ${messageOf(error)}`, file, error);
  }
}
