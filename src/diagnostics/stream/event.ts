import * as z from 'zod';
import { type ReportSeverity, reportCategories, reportSeverities } from '../../contract/report.ts';
import type { Signal, SignalKind } from '../signals.ts';

/** What a follower of the debug stream tells events apart by. */
export const debugKinds = {
  ERROR: 'Something failed: a report of severity MEDIUM or above.',
  WARNING:
    'Something may fail: a report of severity LOW, an issue that is new or back, a threshold.',
  INFO: 'Something to know: a report of severity INFO, an issue that is resolved.',
  SYNC_UPDATE:
    'The state of a client that syncs, a disagreement or its end, a queue that stands still.',
  CONTRACT_CHECK: 'A contract was checked, and held or did not.',
  PERFORMANCE: 'An operation or a job took long.',
} as const;
export type DebugKind = keyof typeof debugKinds;

/** An event as the ring keeps it, beside its project, sequence and instant. */
export const DebugBody = z.object({
  kind: z.enum(Object.keys(debugKinds) as [DebugKind, ...DebugKind[]]),
  signal: z.string(),
  subjectId: z.string(),
  title: z.string(),
  severity: z.enum(reportSeverities),
  category: z.enum(reportCategories).nullable(),
  source: z.string().nullable(),
  correlationId: z.string().nullable(),
  clientId: z.string().nullable(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type DebugBody = z.output<typeof DebugBody>;

/** An event of the debug stream. */
export type DebugEvent = DebugBody & {
  /** Grows with each event of the project, by more than one at a time. */
  sequence: bigint;
  at: Date;
};

const ownKinds: Partial<Record<SignalKind, DebugKind>> = {
  'issue.new': 'WARNING',
  'issue.regressed': 'WARNING',
  'issue.escalating': 'WARNING',
  'issue.resolved': 'INFO',
  'contract.checked': 'CONTRACT_CHECK',
  'contract.broken': 'CONTRACT_CHECK',
  'contract.drifted': 'CONTRACT_CHECK',
  'sync.updated': 'SYNC_UPDATE',
  'sync.diverged': 'SYNC_UPDATE',
  'sync.resolved': 'SYNC_UPDATE',
  'queue.stalled': 'SYNC_UPDATE',
  'queue.moved': 'SYNC_UPDATE',
  performance: 'PERFORMANCE',
};

const kindOfSeverity: Record<ReportSeverity, DebugKind> = {
  CRITICAL: 'ERROR',
  HIGH: 'ERROR',
  MEDIUM: 'ERROR',
  LOW: 'WARNING',
  INFO: 'INFO',
};

/** What the ring keeps of a signal. */
export function debugBodyOf(signal: Signal): DebugBody {
  const { kind, subjectId, title, severity, category, source, correlationId, clientId } = signal;
  return {
    kind: ownKinds[kind] ?? kindOfSeverity[severity],
    signal: kind,
    subjectId,
    title,
    severity,
    category,
    source,
    correlationId,
    clientId: clientId ?? null,
    detail: signal.detail,
  };
}
