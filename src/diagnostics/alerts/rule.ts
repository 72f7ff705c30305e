import * as z from 'zod';
import {
  type ReportCategory,
  type ReportSeverity,
  reportSeverities,
} from '../../contract/report.ts';
import type { AlertTrigger } from '../../generated/prisma/enums.ts';
import type { Signal, SignalKind } from '../signals.ts';

/** Tags that a report must have, as a rule's row keeps them. */
export const Tags = z.array(z.object({ name: z.string(), value: z.string() }));

/** When an alert is raised, as far as that can be judged. */
export type Rule = {
  id: string;
  projectId: string;
  trigger: AlertTrigger;
  /** What must be passed: a count, users, percent, a share of the budget or a mean score. */
  threshold: number | null;
  windowSeconds: number | null;
  /** Sessions whose mean score counts. */
  sessions: number | null;
  minSeverity: ReportSeverity | null;
  categories: ReportCategory[];
  sources: string[];
  tags: z.output<typeof Tags>;
  minAgeSeconds: number | null;
  maxAgeSeconds: number | null;
  intervalSeconds: number;
  channelIds: string[];
};

const kindOf: Record<AlertTrigger, SignalKind> = {
  ISSUE_NEW: 'issue.new',
  ISSUE_REGRESSED: 'issue.regressed',
  ISSUE_ESCALATING: 'issue.escalating',
  COUNT_OVER: 'report',
  USERS_OVER: 'report',
  CHANGE_OVER: 'report',
  CONTRACT_BROKEN: 'contract.broken',
  SYNC_DIVERGED: 'sync.diverged',
  QUEUE_STALLED: 'queue.stalled',
  HEALTH: 'health',
  COST: 'cost',
  QUALITY: 'quality',
};

/** Whether a signal is of the kind that a trigger is about. Pure. */
export function isTriggeredBy(trigger: AlertTrigger, signal: Signal): boolean {
  return kindOf[trigger] === signal.kind;
}

/** Whether a signal is one that a rule judges: its trigger's, and all its conditions hold. Pure. */
export function concerns(rule: Rule, signal: Signal, at: Date): boolean {
  return (
    rule.projectId === signal.projectId &&
    isTriggeredBy(rule.trigger, signal) &&
    signal.detail.isArchived !== true &&
    (rule.trigger !== 'QUALITY' || rule.sessions === signal.detail.sessions) &&
    isAtLeast(signal.severity, rule.minSeverity) &&
    (rule.categories.length === 0 ||
      (signal.category !== null && rule.categories.includes(signal.category))) &&
    (rule.sources.length === 0 ||
      (signal.source !== null && rule.sources.includes(signal.source))) &&
    rule.tags.every(({ name, value }) => signal.tags?.[name] === value) &&
    isOfAge(rule, signal, at)
  );
}

function isAtLeast(severity: ReportSeverity, least: ReportSeverity | null): boolean {
  if (least === null) return true;
  return reportSeverities.indexOf(severity) <= reportSeverities.indexOf(least); // most severe first
}

function isOfAge({ minAgeSeconds, maxAgeSeconds }: Rule, { seen }: Signal, at: Date): boolean {
  if (minAgeSeconds === null && maxAgeSeconds === null) return true;
  if (!seen) return false;
  const age = (at.getTime() - seen.firstAt.getTime()) / 1_000;
  return age >= (minAgeSeconds ?? 0) && age <= (maxAgeSeconds ?? Number.POSITIVE_INFINITY);
}
