// Where a worker is killed: every boundary of a task, every activity of a cycle, every writing of its record. A table, without
// clock or chance. `in`: the shapes of cycles that come there; `lead`: what leads such a cycle there, where it does not come by itself.

const ALL = ['plain', 'skill', 'parallel', 'gated', 'held'];
const NOTING = ['skill', 'parallel', 'held'];

/** Held at that place until people have done that to the cycle. */
const HALTED = { at: 'before T2', does: 'hold', deed: 'halt' };
const HALTED_IN_T4 = { at: 'before T4', does: 'hold', deed: 'halt' };
const HALTED_IN_NOTE = { at: 'before note', does: 'hold', deed: 'halt' };
const RUNG = { at: 'before T2', does: 'hold', deed: 'ring' };
const EARLY = { at: 'before T1', does: 'hold', deed: 'early-messages' };
/** The harness itself fails there. */
const TROUBLE = { at: 'before T2', does: 'fail', deed: null };
/** T1 cannot build the graph along the way, so it is built in a step of its own. */
const UNBUILT = { at: 'registry', does: 'fail', deed: null };
const REGISTERED = { at: null, does: null, deed: 'register' };

const place = (at, shapes, lead = null) => ({ at, in: shapes, lead });
const both = (what, shapes, lead) => [
  place(`begin ${what}`, shapes, lead),
  place(`end ${what}`, shapes, lead),
];
/** Half of its bytes are written; it stands, and nobody has heard of it. */
const written = (what, shapes, lead) => [
  place(`amid ${what}`, shapes, lead),
  place(`behind ${what}`, shapes, lead),
];

export const PLACES = [
  // An attempt has begun, its start is not on record.
  place('begin validate_state', ALL),
  place('begin check_regime', ALL),
  place('begin filter_beliefs', ALL),
  place('begin emit_actions', ALL),
  place('begin skill', NOTING),
  // The start is on record; the body is done, and nobody has heard of it.
  ...['T1', 'T2', 'T3', 'T4'].flatMap((task) => [
    place(`before ${task}`, ALL),
    place(`after ${task}`, ALL),
  ]),
  place('before note', NOTING),
  place('after note', NOTING),
  // The batches of entries, by what they are written for.
  ...written('CYCLE_OPENED', ALL),
  ...written('TASK_STARTED', ALL),
  ...written('ACTION_EMITTED', ALL),
  ...written('HALT_RAISED', ALL, HALTED),
  ...written('CYCLE_ENDED', ALL),
  // T4 claims, and then records.
  place('amid claim', ALL),
  place('claimed', ALL),
  // An effect of a skill: intent, act, receipt.
  place('amid INTENT', NOTING),
  place('begin effect', NOTING),
  place('amid effect', NOTING),
  place('end effect', NOTING),
  ...written('RECEIPT', NOTING),
  // FINALIZE, around its entries.
  ...both('closeCycle', ALL),
  ...written('result', ALL),
  // The other activities of a cycle.
  ...both('recordEntries', ALL, HALTED),
  ...both('buildGraph', NOTING, UNBUILT),
  ...both('lookAtRecord', ALL, RUNG),
  ...both('raiseLatch', ALL, TROUBLE),
  ...both('checkDecision', ALL, EARLY),
  ...both('settleEmission', ALL, HALTED_IN_T4),
  ...both('settleEffects', NOTING, HALTED_IN_NOTE),
  // A cycle that a schedule starts: it reads its source, and opens then.
  ...both('readSnapshot', ['scheduled']),
  place('before source', ['scheduled']),
  place('after source', ['scheduled']),
  ...both('openTick', ['scheduled']),
  // People are told of a halt, beside the cycle.
  ...both('notify', ALL, HALTED),
  // A violation, and the registry, which is a workflow of its own.
  ...written('violation', ['rogue']),
  ...both('changeRegistry', ['plain'], REGISTERED),
  ...both('publish', ['plain'], REGISTERED),
];

/** Of which task, activity or writing it is. */
export const placeNamed = (at) => PLACES.find((each) => each.at === at);
