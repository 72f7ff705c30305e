import type { ReportCategory, ReportSeverity } from '../contract/report.ts';
import type { App } from '../platform/app.ts';
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
  /**
   * Redacted details for the live stream and for messages: numbers and short words. Followers of the
   * stream look for these names: of sync `pendingOperations`, `lastSyncTimestamp` (ISO 8601),
   * `conflictCount`, `offlineQueue`; of contracts `checked`, `violations`, `lastViolation`; of
   * performance `durationMs`, `memoryDeltaBytes`, `cpuEstimate` (0 to 1, of one processor). A `report`
   * says by `count` how many it stands for; `health` by `ok` whether all is well again; `cost` by
   * `spentRatio` and `quality` by `meanScore` what rules compare with their threshold.
   */
  detail: Record<string, string | number | boolean | null>;
  /**
   * The client that it was seen on: its id in sync, the tag `client` of its reports, the `clientId` of its
   * checks; of an operation the key or user that asked. Absent when unknown.
   */
  clientId?: string | null;
  /** Who met it, as digests; for rules that count users. Never shown. Absent: nobody who is known. */
  userHashes?: Buffer[];
  /** How often and on how many people it was seen so far, this one included. Absent where nobody counts. */
  seen?: { count: number; users: number; firstAt: Date; lastAt: Date };
  /** Redacted tags of the report, for the conditions of rules. Absent: none. */
  tags?: Record<string, string>;
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
  /** Answers came to look otherwise than before. */
  | 'contract.drifted'
  | 'sync.updated'
  /** Two copies disagree, in whatever way. */
  | 'sync.diverged'
  | 'sync.resolved'
  | 'queue.stalled'
  /** A queue that stood still moves again. */
  | 'queue.moved'
  /** A dependency of `/health/ready` went, or came back. */
  | 'health'
  /** What training may cost was spent over a share of the budget. */
  | 'cost'
  /** The last sessions of a project are worth less than they should be. */
  | 'quality'
  | 'performance';

/**
 * States what was found inside the transaction that stores it: followers of the debug stream see it, and
 * alert rules that match leave their deliveries, all or nothing with it. Hand over all signals of a
 * transaction at once: they are a few statements, however many there are.
 */
export type StateSignals = (
  app: Pick<App, 'pubsub' | 'queue'>,
  tx: Tx,
  signals: Signal[],
) => Promise<void>;
