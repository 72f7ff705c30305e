import { type ErrorIssue, Prisma } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
import { changeOf, type Period, periodOf } from './period.ts';

/** An issue that comes more or less often than the week before. */
export type Mover = {
  issue: ErrorIssue;
  count: number;
  countBefore: number;
  /** `null` when there were none before. */
  change: number | null;
};

/** Time that resolutions took. */
export type ResolutionTimes = {
  /** Category; `null` for all. */
  category: string | null;
  resolved: number;
  meanSeconds: number;
  medianSeconds: number;
};

type Range = { from?: Date | null | undefined; to?: Date | null | undefined };

/** Issues that are looked at first, for each that is asked for. */
const headFactor = 10;

/**
 * The issues that moved most against the week before, whichever way: by the difference over the square
 * root of the sum, so that neither noise among many nor a doubling of one leads the list.
 *
 * No measure is above the square root of an issue's reports in all. So the most frequent issues are measured first,
 * and what the last one wanted of them has keeps out all issues with fewer reports than its square: nearly all.
 *
 * @throws {InvalidInputError} the period is none
 */
export async function errorMovers(
  { db }: Pick<App, 'db'>,
  projectId: string,
  { where, first }: { where: Range; first: number },
): Promise<Mover[]> {
  const period = periodOf(where, 'HOUR');
  const head = await moversAmong(db, projectId, period, {
    issues: Prisma.sql`ORDER BY i."count" DESC LIMIT ${first * headFactor}`,
    first,
  });
  const bar = head[first - 1]?.measure ?? 0;
  const rows = await moversAmong(db, projectId, period, {
    issues: Prisma.sql`AND i."count" >= ${Math.floor(bar ** 2)}`,
    first,
  });
  const issues = await db.errorIssue.findMany({
    where: { projectId, id: { in: rows.map(({ issueId }) => issueId) } },
  });
  const byId = new Map(issues.map((issue) => [issue.id, issue]));
  return rows.flatMap(({ issueId, count, countBefore }) => {
    const issue = byId.get(issueId);
    return issue ? [{ issue, count, countBefore, change: changeOf(count, countBefore) }] : [];
  });
}

/** @param issues which of the project's issues, as the rest of a condition */
async function moversAmong(
  db: App['db'],
  projectId: string,
  { from, to, beforeFrom, beforeTo }: Period,
  { issues, first }: { issues: Prisma.Sql; first: number },
): Promise<{ issueId: string; count: number; countBefore: number; measure: number }[]> {
  return db.$queryRaw`
    WITH "fingerprint" AS MATERIALIZED (
      SELECT f."id", f."issueId" FROM "Fingerprint" f WHERE f."issueId" IN (
        SELECT i."id" FROM "ErrorIssue" i WHERE i."projectId" = ${projectId}::uuid AND i."mergedIntoId" IS NULL ${issues})
    ), "issue" AS (
      SELECT f."issueId",
        coalesce(sum(h."count") FILTER (WHERE h."hour" >= ${from} AND h."hour" < ${to}), 0)::float8 AS "count",
        coalesce(sum(h."count") FILTER (WHERE h."hour" >= ${beforeFrom} AND h."hour" < ${beforeTo}), 0)::float8 AS "countBefore"
      FROM "fingerprint" f JOIN "FingerprintHour" h ON h."fingerprintId" = f."id"
      WHERE h."projectId" = ${projectId}::uuid AND h."hour" >= ${beforeFrom} AND h."hour" < ${to}
      GROUP BY f."issueId"
    )
    SELECT *, abs("count" - "countBefore") / sqrt("count" + "countBefore") AS "measure" FROM "issue" WHERE "count" <> "countBefore"
    ORDER BY "measure" DESC, "issueId" LIMIT ${first}`;
}

/**
 * How long issues were open that were resolved in the period: from their first report, or from when
 * they came back or were opened again, to their resolution. In all and by category.
 *
 * @throws {InvalidInputError} the period is none
 */
export async function resolutionTimes(
  { db }: Pick<App, 'db'>,
  projectId: string,
  where: Range,
): Promise<ResolutionTimes[]> {
  const { from, to } = periodOf(where, 'HOUR');
  return db.$queryRaw`
    WITH "resolution" AS (
      SELECT i."category"::text AS "category",
        greatest(0, extract(epoch FROM c."at" - coalesce((
          SELECT max(o."at") FROM "ErrorIssueChange" o
          WHERE o."issueId" = c."issueId" AND o."version" < c."version" AND o."state" = 'REGRESSED'
            OR o."issueId" = c."issueId" AND o."version" < c."version" AND o."state" = 'ONGOING' AND EXISTS (
              SELECT 1 FROM "ErrorIssueChange" p WHERE p."issueId" = o."issueId" AND p."version" = o."version" - 1
                AND p."state" IN ('RESOLVED', 'ARCHIVED'))), i."firstSeenAt")))::float8 AS "seconds"
      FROM "ErrorIssueChange" c JOIN "ErrorIssue" i ON i."id" = c."issueId"
      WHERE i."projectId" = ${projectId}::uuid AND c."state" = 'RESOLVED' AND c."at" >= ${from} AND c."at" < ${to}
    )
    SELECT "category", count(*)::int AS "resolved", avg("seconds")::float8 AS "meanSeconds",
      percentile_cont(0.5) WITHIN GROUP (ORDER BY "seconds")::float8 AS "medianSeconds"
    FROM "resolution" GROUP BY GROUPING SETS ((), ("category")) HAVING count(*) > 0
    ORDER BY "category" NULLS FIRST`;
}
