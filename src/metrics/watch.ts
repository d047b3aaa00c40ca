import type { Watch } from '../activities/dependencies';
import { BUILT_INS } from '../core/graph';
import type { CycleResult } from '../core/result';
import type { Registry } from '../core/registry';
import type { Store } from '../store/store';
import type { Meters } from './meters';

const BUILT_IN_TYPES = new Set<string>(Object.values(BUILT_INS).map(({ task_type }) => task_type));

/** Counts what the activities of one worker see. */
export function openWatch(meters: Meters, store: Pick<Store, 'registry'>): Watch {
  return {
    taskRan({ activityType, seconds }) {
      const task_type = BUILT_IN_TYPES.has(activityType) ? activityType : 'skill';
      meters.observe('harness_task_latency_seconds', { task_type }, seconds);
    },
    cycleEnded(result) {
      const { mode, outcome } = result;
      meters.count('harness_cycles_ended_total', { mode, outcome: outcome ?? 'none' });
      void registeredTypes(result, store).then((types) => countTasks(meters, result, types));
    },
    skillRan(skillRef, ending) {
      const [skill = skillRef] = skillRef.split('@');
      meters.count('harness_skill_runs_total', { skill, ending });
    },
    noticeTried(delivered) {
      const result = delivered ? 'delivered' : 'failed';
      meters.count('harness_notice_attempts_total', { result });
    },
  };
}

function countTasks(meters: Meters, { tasks }: CycleResult, known: ReadonlySet<string>): void {
  for (const { task_type, outcome, reason } of tasks) {
    meters.count('harness_tasks_ended_total', {
      task_type: known.has(task_type) ? task_type : 'other',
      outcome: outcome ?? 'none',
      reason: reason?.code ?? 'none',
    });
  }
}

/** A graph may name any task type; only those of registered skills become a series. */
async function registeredTypes(
  { tasks }: CycleResult,
  { registry }: Pick<Store, 'registry'>,
): Promise<ReadonlySet<string>> {
  if (tasks.every(({ task_type }) => BUILT_IN_TYPES.has(task_type))) return BUILT_IN_TYPES;
  const types = await registry.now().then(
    ({ registry: known }) => typesIn(known),
    () => [],
  );
  return new Set([...BUILT_IN_TYPES, ...types]);
}

function typesIn({ skills }: Registry): string[] {
  return Object.values(skills).flatMap(({ versions }) =>
    Object.values(versions).flatMap(({ manifest }) => manifest.task_types),
  );
}
