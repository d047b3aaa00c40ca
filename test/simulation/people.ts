import type { People } from '../../src/people/host';
import type { Chance } from './scheduler';

/** Who is told of halts and who may decide: nobody in particular, a desk that is not always there, two operators. */
export function people(chance: Chance): People {
  const kind = chance.of(['none', 'none', 'desk', 'operators', 'both']);
  const sinks =
    kind === 'desk' || kind === 'both'
      ? [
          {
            label: 'desk',
            deliver: () => Promise.resolve(chance.is(0.3) ? 'the desk does not answer' : null),
          },
        ]
      : [];
  const deciders = {
    operators: { count: 2, names: ['ada', 'bob'] },
    required: { default: 1, violation: 2 },
    signed: false,
  };
  const guarded = kind === 'operators' || kind === 'both';
  return {
    sinks: () => sinks,
    told: () =>
      kind === 'none'
        ? undefined
        : {
            ...(sinks.length === 0 ? {} : { sinks: sinks.map(({ label }) => label) }),
            ...(guarded ? { deciders } : {}),
          },
    check: ({ by }) => {
      if (!guarded) return null;
      const check = ['ada', 'bob'].includes(by)
        ? ({ ok: true, person: by, key: null } as const)
        : ({ ok: false, why: `${by} is no operator` } as const);
      return { deciders, check };
    },
  };
}
