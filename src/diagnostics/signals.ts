import type { ReportCategory, ReportSeverity } from '../contract/report.ts';
import type { Tx } from '../platform/db.ts';

/** What diagnostics found out, in the words of the rules that alerts follow. */
export type Signal = {
  projectId: string;
  kind: SignalKind;
  /** What it is about: the issue, contract, sync issue or client. */
  subjectId: string;
  /** For people: a title without personal data, at most 200 characters. */
  title: string;
  severity: ReportSeverity;
  category: ReportCategory | null;
  /** Name of the service, platform or client that it comes from. `null` when unknown. */
  source: string | null;
  /** W3C trace id of what led to it. `null` when unknown. */
  correlationId: string | null;
  /** Redacted details for the live stream and for messages: numbers and short words. */
  detail: Record<string, string | number | boolean | null>;
};

export type SignalKind =
  /** A report was stored; `detail.count` of them at once when equal ones came together. */
  | 'report'
  | 'issue.new'
  | 'issue.regressed'
  | 'issue.escalating'
  | 'issue.resolved'
  /** A contract was checked and held. */
  | 'contract.checked'
  | 'contract.broken'
  | 'sync.updated'
  | 'sync.diverged'
  | 'sync.resolved'
  | 'queue.stalled'
  | 'health'
  | 'performance';

/**
 * States what was found inside the transaction that stores it: followers of the debug stream see it, and
 * alert rules that match leave their deliveries, all or nothing with it.
 */
export type StateSignals = (tx: Tx, signals: Signal[]) => Promise<void>;
