import { haltAll, resumeAll } from '../client/latch';
import type { JsonObject } from '../core/json';
import { parseInstant } from '../core/time';
import { Problem } from '../problem';
import type { CycleRecord } from '../store/store';
import { decided, decision, DRILLER, entriesOf, evidence, halt, settled, shown } from './cycles';
import { standingOf, start, startRaw, until, untilStarted } from './cycles';
import { bundle, graph, policy, ungated } from './documents';
import type { Evidence, Expectation } from './grade';
import type { Site } from './site';
import type { SkillName } from './skill';

/** One violation or fault, injected for real, and what has to be seen of it. */
export interface Drill {
  readonly name: string;
  /** What it injects, in a few words. */
  readonly injects: string;
  /** What it expects, in a few words; `expected` is what counts. */
  readonly shows: string;
  /** Drills of one stage run at the same time; what touches all cycles has a stage of its own. */
  readonly stage: 1 | 2 | 3;
  /** The skill that it needs, registered before. */
  readonly skill?: SkillName;
  readonly expected: Expectation;
  run(site: Site): Promise<Evidence>;
}

/** Long enough to be interrupted while it runs, on a slow machine too. */
const NAP = [['nap', 4_000]] as const;
const patient = (): JsonObject => graph('patient', [{ name: 'skill', steps: NAP }]);

const expects = (facts: readonly string[], notice = false): Expectation => ({ facts, notice });

/** The negative control: nothing is wrong, and nothing may be raised. */
export const CLEAN: Drill = {
  name: 'clean-cycle',
  injects: 'nothing: the control, which must raise nothing',
  shows: 'COMPLETED, nothing raised',
  stage: 1,
  expected: expects(['outcome COMPLETED']),
  run: async (site) => evidence(site, await start(site, {})),
};

/** Halted while its skill runs, and no sooner. */
async function halted(site: Site, changes: JsonObject | null = null): Promise<CycleRecord> {
  const documents = { graph: patient(), ...(changes === null ? {} : { policy: changes }) };
  const record = await start(site, documents);
  await untilStarted(site, record, 'skill');
  await halt(site, record);
  await settled(site, record);
  return record;
}

/** The answer's code, where the act is refused. */
async function refusal(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
    return 'nothing was refused';
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return `refused ${error.code}`;
  }
}

export const DRILLS: readonly Drill[] = [
  CLEAN,
  {
    name: 'operator-halt',
    injects: 'an operator halts a cycle in the middle of a task, then RESUME',
    shows: 'halt, notice, RESUME, COMPLETED',
    stage: 1,
    skill: 'patient',
    expected: expects(
      ['outcome COMPLETED', 'halt OPERATOR_HALT', 'decision RESUME', 'task skill SUCCESS'],
      true,
    ),
    async run(site) {
      const record = await halted(site);
      await decided(site, record, 'RESUME');
      return evidence(site, record);
    },
  },
  {
    name: 'undeclared-effect',
    injects: 'a skill asks for an effect that it has not declared, then RESUME',
    shows: 'quarantine, halt, notice, RESUME',
    stage: 1,
    skill: 'undeclared',
    expected: expects(
      [
        'outcome COMPLETED',
        'halt UNDECLARED_SIDE_EFFECT',
        'decision RESUME',
        'violation UNDECLARED_SIDE_EFFECT: QUARANTINE, HALT',
        'task skill FAILED UNDECLARED_SIDE_EFFECT',
        'skill QUARANTINED',
      ],
      true,
    ),
    async run(site) {
      const steps = [['trespass', 'elsewhere']] as const;
      const record = await start(site, { graph: graph('undeclared', [{ name: 'skill', steps }]) });
      await settled(site, record);
      const standing = await standingOf(site.harness, 'undeclared');
      await decided(site, record, 'RESUME');
      return evidence(site, record, [standing]);
    },
  },
  {
    name: 'layer-bypass',
    injects: 'a skill reads a state that it has not declared',
    shows: 'quarantine, the cycle goes on',
    stage: 1,
    skill: 'layer',
    expected: expects([
      'outcome COMPLETED',
      'violation LAYER_BYPASS: QUARANTINE, REVIEW',
      'task skill FAILED LAYER_BYPASS',
      'skill QUARANTINED',
    ]),
    async run(site) {
      const steps = [['peek', 'regime_state']] as const;
      const record = await start(site, { graph: graph('layer', [{ name: 'skill', steps }]) });
      await settled(site, record);
      return evidence(site, record, [await standingOf(site.harness, 'layer')]);
    },
  },
  {
    name: 'permission-bypass',
    injects: "a task leaves out a permission of its skill's that is not granted",
    shows: 'REJECT, the cycle goes on',
    stage: 1,
    skill: 'permission',
    expected: expects([
      'outcome COMPLETED',
      'violation PERMISSION_BYPASS: REJECT',
      'task skill FAILED PERMISSION_BYPASS',
      'skill GOOD',
    ]),
    async run(site) {
      const record = await start(site, {
        graph: graph('permission', [{ name: 'skill', steps: [] }]),
      });
      await settled(site, record);
      return evidence(site, record, [await standingOf(site.harness, 'permission')]);
    },
  },
  {
    name: 'repeated-violations',
    injects: 'the same skill violates three times',
    shows: 'DEREGISTERED',
    stage: 1,
    skill: 'repeated',
    expected: expects([
      'outcome COMPLETED',
      'violation PERMISSION_BYPASS: REJECT',
      'violation PERMISSION_BYPASS: REJECT, DEREGISTER',
      'task first FAILED PERMISSION_BYPASS',
      'task second FAILED PERMISSION_BYPASS',
      'task third FAILED PERMISSION_BYPASS',
      'skill DEREGISTERED',
    ]),
    async run(site) {
      const tasks = ['first', 'second', 'third'].map((name) => ({ name, steps: [] }));
      const record = await start(site, { graph: graph('repeated', tasks) });
      await settled(site, record);
      return evidence(site, record, [await standingOf(site.harness, 'repeated')]);
    },
  },
  {
    name: 'timeout',
    injects: 'a skill breaks its time',
    shows: 'FAILED, counted',
    stage: 1,
    skill: 'patient',
    expected: expects([
      'outcome COMPLETED',
      'violation TIMEOUT: COUNT',
      'task skill FAILED TIMEOUT',
    ]),
    async run(site) {
      const late = { name: 'skill', steps: NAP, timeout_ms: 500 };
      return evidence(site, await start(site, { graph: graph('patient', [late]) }));
    },
  },
  {
    name: 'override-attempt',
    injects: 'a decision that asks for staleness to be ignored',
    shows: 'refused, a violation, stays halted',
    stage: 1,
    skill: 'patient',
    expected: expects(
      [
        'outcome HALTED',
        'reason OPERATOR_HALT',
        'halt OPERATOR_HALT',
        'violation OVERRIDE_ATTEMPT: REJECT, HALT',
        'refused OVERRIDE_ATTEMPT',
        'stays HALTED',
        'decision ABORT',
        'task skill SKIPPED OPERATOR_HALT',
      ],
      true,
    ),
    async run(site) {
      const record = await halted(site);
      const relaxed = { ignore_staleness: true };
      const refused = await refusal(() => decided(site, record, 'RESUME', relaxed));
      const { phase } = await shown(site, record);
      await decided(site, record, 'ABORT');
      await site.harness.client.workflow.getHandle(record.workflow_id).result();
      return evidence(site, record, [refused, `stays ${String(phase)}`]);
    },
  },
  {
    name: 'stale-bundle',
    injects: 'a bundle that is an hour old',
    shows: 'REJECTED',
    stage: 1,
    expected: expects(['outcome REJECTED', 'reason STATE_STALE']),
    run: async (site) => evidence(site, await start(site, { bundle: bundle({}, 3_600_000) })),
  },
  {
    name: 'missing-state',
    injects: 'a bundle without its regime',
    shows: 'HALTED',
    stage: 1,
    expected: expects(['outcome HALTED', 'reason STATE_MISSING']),
    run: async (site) =>
      evidence(site, await start(site, { bundle: bundle({ regime_state: null }) })),
  },
  {
    name: 'graph-without-gate',
    injects: 'a graph without the regime gate, by a client that is not ours',
    shows: 'HALTED, a violation',
    stage: 1,
    expected: expects([
      'outcome HALTED',
      'reason GRAPH_INVALID',
      'violation GRAPH_INVALID: REJECT, HALT',
    ]),
    run: async (site) => evidence(site, await startRaw(site, ungated())),
  },
  {
    name: 'halt-expiry',
    injects: 'a halt that nobody answers',
    shows: 'notice, HALTED at its expiry',
    stage: 1,
    skill: 'patient',
    expected: expects(
      [
        'outcome HALTED',
        'reason HALT_EXPIRED',
        'halt OPERATOR_HALT',
        'halt expired',
        'task skill SKIPPED HALT_EXPIRED',
      ],
      true,
    ),
    async run(site) {
      const record = await halted(site, policy({ halt_expiry_ms: 2_000 }));
      await site.harness.client.workflow.getHandle(record.workflow_id).result();
      return evidence(site, record);
    },
  },
  {
    name: 'worker-killed',
    injects: 'SIGKILL for the worker in the middle of a task, and another worker',
    shows: 'another ends it, each effect once',
    stage: 2,
    skill: 'patient',
    expected: expects([
      'outcome COMPLETED',
      'task skill SUCCESS',
      'attempt 2',
      '2 of 2 effects performed',
    ]),
    async run(site) {
      const steps = [
        ['note', 1],
        ['nap', 2_000],
        ['note', 2],
      ] as const;
      const record = await start(site, { graph: graph('patient', [{ name: 'skill', steps }]) });
      await until(
        site,
        'the first effect is performed',
        async () => site.notesOf(record.cycle_id) > 0,
      );
      await site.killWorkers();
      await site.startWorker();
      await settled(site, record);
      const ended = (await entriesOf(site, record)).find(
        ({ type, task }) => type === 'TASK_ENDED' && task === 'skill',
      );
      return evidence(site, record, [
        `attempt ${String(ended?.data['attempt'])}`,
        `${site.notesOf(record.cycle_id)} of 2 effects performed`,
      ]);
    },
  },
  {
    name: 'halt-all',
    injects: '`halt --all` while a task runs, then `resume --all`',
    shows: 'no task starts, then COMPLETED',
    stage: 3,
    skill: 'patient',
    expected: expects([
      'outcome COMPLETED',
      'halt OPERATOR_HALT',
      'decision RESUME',
      'task skill SUCCESS',
      'refused HARNESS_HALTED',
      '0 tasks started while halted',
      'suspended HALTED',
    ]),
    run: haltAllDrill,
  },
];

async function haltAllDrill(site: Site): Promise<Evidence> {
  const reach = { harness: site.harness, store: site.harness.store };
  const record = await start(site, { graph: patient() });
  await untilStarted(site, record, 'skill');
  await haltAll(reach, { reason: 'a drill of the kill switch', by: DRILLER });
  const fromMs = Date.now();
  const refused = await refusal(() => start(site, {}));
  const { phase } = await settled(site, record);
  const untilMs = Date.now();
  await resumeAll(reach, decision('RESUME'));
  await settled(site, record);
  const slipped = (await entriesOf(site, record)).filter(({ type, at }) => {
    const ms = parseInstant(at) ?? 0;
    return type === 'TASK_STARTED' && ms > fromMs && ms < untilMs;
  });
  return evidence(site, record, [
    refused,
    `suspended ${String(phase)}`,
    `${slipped.length} tasks started while halted`,
  ]);
}
