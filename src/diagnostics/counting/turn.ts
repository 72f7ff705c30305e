import { instantArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { Transaction } from '../../platform/transactions.ts';
import { hourOf } from '../intake/clock.ts';
import { applyTurns } from '../issues/apply-turns.ts';
import { type Turn, turnOnReports } from '../issues/life-cycle.ts';
import type { Signal } from '../signals.ts';
import type { JudgedReport, LockedIssue } from './issues.ts';
import type { Releases } from './release-rows.ts';
import type { IssueTotals } from './write-counts.ts';

/**
 * What fresh reports make of their issues, which are locked: their state, and the signals of all that.
 * Whoever holds the lock is the one that states a change.
 */
export async function turnIssues(
  tx: Transaction,
  {
    reports: all,
    totals: totalsOf,
    releases,
  }: {
    reports: JudgedReport[];
    totals: Map<string, IssueTotals>;
    releases: Releases;
  },
): Promise<Signal[]> {
  const byIssue = Map.groupBy(all, ({ issue }) => issue.id);
  const busy = await countsOfHour(tx, [...byIssue.values()]);
  const turns: { issue: LockedIssue; turn: Turn }[] = [];
  const signals: Signal[] = [];
  for (const [id, reports] of byIssue) {
    const first = reports[0];
    const totals = totalsOf.get(id);
    if (!first || !totals) continue;
    const { issue } = first;
    const turn = turnOnReports(issue, {
      sightings: reports.map(({ occurredAt, source: { release } }) => ({ occurredAt, release })),
      count: totals.count,
      users: totals.users,
      thisHour: busy.get(id) ?? 0,
      release: (name) => releases(issue.projectId, name),
    });
    if (turn) turns.push({ issue, turn });
    signals.push(...signalsOf(issue, reports, totals, { isNew: issue.count === 0n, turn }));
  }
  if (turns.length > 0) await tx.models((models) => applyTurns(models, turns));
  return signals;
}

/** Reports of the present hour, of issues that have a measure for it. */
async function countsOfHour(
  tx: Transaction,
  groups: JudgedReport[][],
): Promise<Map<string, number>> {
  // By when they arrived: what waited to be counted is of then.
  const arrivals = groups.flat().map(({ source }) => source.receivedAt.getTime());
  const hour = hourOf(new Date(arrivals.reduce((a, b) => Math.max(a, b), 0)));
  const watched = groups.flatMap(([first, ...others]) => {
    if (!first) return [];
    const { state, hourLimit, archivedUntil, id } = first.issue;
    const isMeasured =
      state === 'ARCHIVED'
        ? archivedUntil === 'ESCALATION'
        : hourLimit !== null && state !== 'RESOLVED' && state !== 'ESCALATING';
    const isNow = [first, ...others].some(({ occurredAt }) => occurredAt >= hour);
    return isMeasured && isNow ? [id] : [];
  });
  if (watched.length === 0) return new Map();
  const { rows } = await tx.query<{ issueId: string; count: number }>({
    name: 'report-issues-hour',
    text: `
      SELECT f."issueId", sum(h."count")::int AS "count"
      FROM "Fingerprint" f JOIN "FingerprintHour" h ON h."fingerprintId" = f."id" AND h."hour" = ($2::timestamptz[])[1]
      WHERE f."issueId" = ANY($1::uuid[]) GROUP BY f."issueId"`,
    values: [uuidArray(watched), instantArray([hour])],
  });
  return new Map(rows.map(({ issueId, count }) => [issueId, count]));
}

function signalsOf(
  issue: LockedIssue,
  reports: JudgedReport[],
  { count, users, firstSeenAt, lastSeenAt }: IssueTotals,
  { isNew, turn }: { isNew: boolean; turn: Turn | null },
): Signal[] {
  const last = reports.reduce((a, b) => (b.occurredAt >= a.occurredAt ? b : a));
  const made = (kind: Signal['kind'], detail: Signal['detail']): Signal => ({
    projectId: issue.projectId,
    kind,
    subjectId: issue.id,
    title: issue.title,
    severity: last.source.severity,
    category: last.source.category,
    source: last.source.service ?? last.source.platform,
    correlationId: last.correlationId,
    tags: last.tags ?? {},
    clientId: last.tags?.client ?? null,
    userHashes: reports.flatMap(({ user }) => (user === null ? [] : Buffer.from(user, 'base64'))),
    detail,
    seen: { count: Number(count), users, firstAt: firstSeenAt, lastAt: lastSeenAt },
  });
  const signals = [
    made('report', {
      count: reports.length,
      release: last.source.release,
      platform: last.source.platform,
      isArchived: issue.state === 'ARCHIVED' && !turn,
    }),
  ];
  if (isNew)
    signals.push(
      made('issue.new', { release: last.source.release, platform: last.source.platform }),
    );
  if (turn?.state === 'REGRESSED')
    signals.push(made('issue.regressed', { reason: turn.reason, release: last.source.release }));
  if (turn?.state === 'ESCALATING') signals.push(made('issue.escalating', { reason: turn.reason }));
  return signals;
}
