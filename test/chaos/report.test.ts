import { chaos, type Facts, soundFacts } from './facts';

const PLAN = {
  cycles: [{ n: 0, shape: 'skill', clock: 'right', choice: 'GO_ON', at_ms: 0 }],
  faults: [],
};
const kill = (place: string, refused: string | null) => ({
  kind: 'kill-worker-at',
  place,
  cycle: 0,
  refused,
});

function reportOf(changes: object = {}, doctor: (facts: Facts) => void = () => undefined) {
  const facts = soundFacts();
  doctor(facts);
  return chaos<Record<string, unknown>>('report.mjs', 'reportOf', {
    options: { seed: 7 },
    plan: PLAN,
    done: [],
    facts,
    violations: [],
    disk: 'a disk',
    ...changes,
  });
}

describe('the report', () => {
  it('tells by place how many workers were really killed there, and what found nothing', () => {
    const done = [
      kill('before T1', null),
      kill('before T1', 'no worker came'),
      kill('claimed', 'x'),
    ];
    expect(reportOf({ done })).toMatchObject({
      faults: 3,
      refused: 2,
      kills_by_place: {
        'before T1': { planned: 2, struck: 1 },
        claimed: { planned: 1, struck: 0 },
      },
      found_nothing: [
        'kill-worker-at before T1 on cycle 0: no worker came',
        'kill-worker-at claimed on cycle 0: x',
      ],
    });
  });

  it('tells which full disk it was, and what met it', () => {
    const met = reportOf({}, ({ full }) => full.push({ how: 'refused' }, { how: 'refused' }));
    expect(met['full_disk']).toEqual({ how: 'a disk', 'cut short': 0, refused: 2 });
  });

  it('has the same digests for the same plan and outcomes, and others for others', () => {
    const { plan, decided } = reportOf();
    expect(reportOf()).toMatchObject({ plan, decided });
    const other = { ...PLAN, faults: [{ kind: 'net-cut', cycle: 0 }] };
    expect(reportOf({ plan: other })['plan']).not.toBe(plan);
    const worse = reportOf({}, ({ cycles: [cycle] }) => {
      if (cycle) cycle.result = { ...cycle.result, outcome: 'DEGRADED' };
    });
    expect(worse['plan']).toBe(plan);
    expect(worse['decided']).not.toEqual(decided);
  });

  it('tells of a cycle that lost a worker too often, and has the same digest as where it did not', () => {
    const { decided } = reportOf();
    const lost = reportOf({}, ({ cycles: [cycle] }) => {
      const reasons = [{ code: 'WORKER_LOST', detail: 'its worker was lost 3 times' }];
      if (cycle) cycle.result = { ...cycle.result, outcome: 'DEGRADED', reasons };
    });
    expect(decided).toMatchObject({ cycles: 1, lost: [] });
    expect(lost['decided']).toEqual({ ...(decided as object), lost: [0] });
  });

  it('leaves out of them what a human was to do something to', () => {
    const meddled = { ...PLAN, faults: [{ kind: 'cancel', cycle: 0 }] };
    expect(reportOf({ plan: meddled })['decided']).toMatchObject({ cycles: 0 });
    expect(reportOf()['decided']).toMatchObject({ cycles: 1 });
  });
});
