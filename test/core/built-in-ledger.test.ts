import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILT_INS } from '../../src/core/graph';
import { authorises, readLedger } from '../../src/documents/ledger';

const ledger = readLedger(readFileSync(join(__dirname, '..', '..', 'DECISION_LEDGER.md'), 'utf8'));

test.each(Object.entries(BUILT_INS))(
  "R27, C7.SK5: %s is authorised by the project's own ledger",
  (_ref, { decision_ledger_ref }) => {
    expect(authorises(ledger, decision_ledger_ref)).toBeNull();
  },
);
