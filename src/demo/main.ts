import { Context } from '../cli/context';
import { haltText, table, text } from '../cli/render';
import { cycleLink, type Harness } from '../client';
import { messageOf } from '../core/invariant';
import type { JsonObject } from '../core/json';
import { startWorker } from '../worker';
import { codesOf, objects, runScenario, SCENARIOS, shortfall } from './scenarios';
import { openServer } from './server';

/** The main job from nothing: a server, a worker, and one cycle of each kind, in one table. */
async function main(): Promise<void> {
  const context = new Context({}, process.env);
  const log = await context.log();
  const server = await openServer(context);
  try {
    const worker = await startWorker(context.connection(), await context.store(), log);
    try {
      const harness = await context.harness();
      const wrong = await runAll(context, harness).finally(() => harness.close());
      context.say(server.afterwards);
      for (const problem of wrong) context.say(`demo: ${problem}`);
      if (wrong.length > 0) process.exitCode = 1;
    } finally {
      await worker.drain();
    }
  } finally {
    await server.stop();
  }
}

/** Runs every scenario, prints the table, and returns what did not end as it must. */
async function runAll(context: Context, harness: Harness): Promise<string[]> {
  const rows: string[][] = [];
  const wrong: string[] = [];
  for (const scenario of SCENARIOS) {
    context.say(`running: ${scenario.title}`);
    const result = await runScenario(harness, scenario, (card) =>
      context.say(`${haltText(card)}\n  … decided: RESUME`),
    );
    rows.push([scenario.title, ...cells(harness, result)]);
    const problem = shortfall(scenario, result);
    if (problem !== null) wrong.push(problem);
  }
  const head = ['scenario', 'outcome', 'tasks', 'actions', 'reason', 'Web UI'];
  process.stdout.write(`${table(head, rows)}\n`);
  return wrong;
}

function cells(harness: Harness, result: JsonObject): string[] {
  return [
    text(result, 'outcome') || text(result, 'phase'),
    tasksText(result),
    String(objects(result['actions']).length),
    codesOf(result).join(', '),
    cycleLink(harness, text(result, 'workflow_id')),
  ];
}

/** `3 SUCCESS, 1 SKIPPED`, or that no graph was built. */
function tasksText(result: JsonObject): string {
  const counts = new Map<string, number>();
  for (const task of objects(result['tasks'])) {
    const outcome = text(task, 'outcome') || 'none';
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ') || 'no graph';
}

main().catch((error: unknown) => {
  process.stderr.write(`demo: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
