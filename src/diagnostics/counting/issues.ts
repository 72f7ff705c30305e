import type { ErrorIssue } from '../../generated/prisma/client.ts';
import { uuidArray } from '../../lib/pg-arrays.ts';
import type { Transaction } from '../../platform/transactions.ts';
import type { Living } from '../issues/life-cycle.ts';
import type { CountedReport } from './summary.ts';

/** An issue as it was before the reports, locked for this transaction. */
export type LockedIssue = Living &
  Pick<ErrorIssue, 'id' | 'projectId' | 'title' | 'count' | 'lastRelease'>;

/** A report with the issue that its fingerprint leads to. */
export type JudgedReport = CountedReport & { issue: LockedIssue };

/** Counts and limits come as text: they may be above what a number holds. */
type Row = Omit<LockedIssue, 'count' | 'archivedUntilCount'> & {
  fingerprintId: string;
  count: string;
  archivedUntilCount: string | null;
};

/**
 * The issues that fingerprints lead to, locked in the order of their ids, so that of two changes of an
 * issue's state one comes first. `OF i, f`: a merge that commits while we wait moves the fingerprint, and
 * the row drops out; such are looked for again.
 *
 * @throws {Error} a fingerprint does not exist, or keeps changing hands
 */
export async function lockIssues(
  tx: Transaction,
  fingerprintIds: readonly string[],
): Promise<Map<string, LockedIssue>> {
  const found = new Map<string, LockedIssue>();
  const issues = new Map<string, LockedIssue>();
  for (let round = 0; round < 5 && found.size < fingerprintIds.length; round += 1) {
    const { rows } = await tx.query<Row>({
      name: 'report-issues-lock',
      text: `
        SELECT f."id" AS "fingerprintId", i."id", i."projectId", i."title", i."count", i."state"::text, i."stateSince",
          i."lastRelease", i."resolvedIn"::text, i."resolvedRelease", i."resolvedAt", i."archivedUntil"::text,
          i."archivedUntilAt", i."archivedUntilCount", i."archivedUntilUsers", i."hourLimit"
        FROM "Fingerprint" f JOIN "ErrorIssue" i ON i."id" = f."issueId"
        WHERE f."id" = ANY($1::uuid[])
        ORDER BY i."id", f."id"
        FOR NO KEY UPDATE OF i, f`,
      values: [uuidArray(fingerprintIds.filter((id) => !found.has(id)))],
    });
    for (const { fingerprintId, count, archivedUntilCount: until, ...row } of rows) {
      const issue = issues.get(row.id) ?? {
        ...row,
        count: BigInt(count),
        archivedUntilCount: until === null ? null : BigInt(until),
      }; // several fingerprints may lead to one issue
      issues.set(row.id, issue);
      found.set(fingerprintId, issue);
    }
  }
  if (found.size < fingerprintIds.length)
    throw new Error(
      `Expected an issue for each of ${fingerprintIds.length} fingerprints, got ${found.size}.`,
    );
  return found;
}
