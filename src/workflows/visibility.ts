import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import type { Cycle } from '../core/cycle';
import type { AuditHead } from '../core/entry';
import { tellingReason } from '../core/outcome';
import { cycleReport } from '../core/report';
import { HARNESS_KEYS } from '../search-attributes';

/** What a person sees of a cycle in the Web UI, besides the names and summaries of what it runs. */
export class Visibility {
  private readonly cycle: Cycle;
  private shown = '';

  constructor(cycle: Cycle) {
    this.cycle = cycle;
  }

  /** The live report in the current details: no event, it is asked for when somebody looks. */
  report(): void {
    setCurrentDetails(cycleReport(this.cycle));
  }

  /** The search attributes, when they have changed: each upsert is an event of the history. */
  phase(): void {
    const { phase, outcome, halt, haltOpen, reasons } = this.cycle;
    const told = outcome === null ? undefined : tellingReason(this.cycle, outcome, reasons);
    const reason = (haltOpen ? halt?.code : told?.code) ?? null;
    const showing = JSON.stringify([phase, outcome, reason]);
    if (showing === this.shown) return;
    this.shown = showing;
    upsertSearchAttributes([
      { key: HARNESS_KEYS.phase, value: phase },
      { key: HARNESS_KEYS.outcome, value: outcome },
      { key: HARNESS_KEYS.reason, value: reason },
    ]);
  }

  /** C1.1: the memo keeps outcome and audit head where they can be read with no worker up. */
  end(audit: AuditHead): void {
    this.phase();
    const { outcome, summary } = this.cycle;
    upsertMemo({ outcome, summary, audit_entries: audit.entries, audit_head: audit.head });
    this.report();
  }
}
