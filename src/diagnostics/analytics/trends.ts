import type { ReportCategory, ReportPlatform, ReportSeverity } from '../../contract/report.ts';
import { Prisma } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
import { type Bucket, changeOf, periodOf } from './period.ts';

export type Dimension = 'CATEGORY' | 'SEVERITY' | 'PLATFORM' | 'SERVICE' | 'RELEASE';

export type TrendPoint = { at: Date; count: number; users: number };

/** Reports of one value of a dimension over time. */
export type TrendSeries = {
  /** The value; empty for reports that name none; `null` for all reports. */
  key: string | null;
  count: number;
  users: number;
  countBefore: number;
  usersBefore: number;
  /** `null` when there were none before. */
  change: number | null;
  points: TrendPoint[];
};

export type TrendFilter = {
  from?: Date | null | undefined;
  to?: Date | null | undefined;
  categories?: ReportCategory[] | null | undefined;
  severities?: ReportSeverity[] | null | undefined;
  platforms?: ReportPlatform[] | null | undefined;
  services?: string[] | null | undefined;
  releases?: string[] | null | undefined;
};

/** Series that one answer holds, the largest first. */
const maxSeries = 30;

const columns: Record<Dimension, Prisma.Sql> = {
  CATEGORY: Prisma.sql`h."category"`,
  SEVERITY: Prisma.sql`h."severity"`,
  PLATFORM: Prisma.sql`h."platform"`,
  SERVICE: Prisma.sql`h."service"`,
  RELEASE: Prisma.sql`h."release"`,
};

/** Totals of a series where `at` is null, else one of its points. */
type Row = {
  key: string;
  at: Date | null;
  count: number;
  users: number;
  countBefore: number;
  usersBefore: number;
};

/**
 * Counts and users over time, by a dimension, beside the week before. Read from hourly counts, never
 * from reports, and each hour once.
 *
 * @param by `null` for one series of all reports
 * @throws {InvalidInputError} the period is none
 */
export async function errorTrends(
  { db }: Pick<App, 'db'>,
  projectId: string,
  { where, by, bucket }: { where: TrendFilter; by: Dimension | null; bucket: Bucket },
): Promise<TrendSeries[]> {
  const period = periodOf(where, bucket);
  const key = by ? columns[by] : Prisma.sql`''::text`;
  const at =
    bucket === 'HOUR' ? Prisma.sql`h."hour"` : Prisma.sql`date_bin('1 day', h."hour", 'epoch')`;
  const matching = conditionOf(where);
  const now = Prisma.sql`h."projectId" = ${projectId}::uuid AND h."hour" >= ${period.from} AND h."hour" < ${period.to} ${matching}`;
  const then = Prisma.sql`h."projectId" = ${projectId}::uuid AND h."hour" >= ${period.beforeFrom} AND h."hour" < ${period.beforeTo} ${matching}`;
  const rows = await db.$queryRaw<Row[]>`
    WITH "count" AS MATERIALIZED (
      SELECT ${key} AS "key", ${at} AS "at", sum(h."count") AS "count" FROM "ReportHour" h WHERE ${now} GROUP BY 1, 2
    ), "user" AS MATERIALIZED (
      SELECT ${key} AS "key", ${at} AS "at", h."userHash" FROM "ReportUserHour" h WHERE ${now} GROUP BY 1, 2, 3
    ), "now" AS (
      SELECT c."key", sum(c."count")::float8 AS "count" FROM "count" c GROUP BY 1
    ), "then" AS (
      SELECT ${key} AS "key", sum(h."count")::float8 AS "count" FROM "ReportHour" h WHERE ${then} GROUP BY 1
    ), "nowUser" AS (
      SELECT d."key", count(*)::int AS "users" FROM (SELECT DISTINCT u."key", u."userHash" FROM "user" u) d GROUP BY 1
    ), "thenUser" AS (
      SELECT d."key", count(*)::int AS "users"
      FROM (SELECT DISTINCT ${key} AS "key", h."userHash" FROM "ReportUserHour" h WHERE ${then}) d GROUP BY 1
    ), "series" AS MATERIALIZED (
      SELECT "key", coalesce(n."count", 0) AS "count", coalesce(t."count", 0) AS "countBefore", coalesce(nu."users", 0) AS "users",
        coalesce(tu."users", 0) AS "usersBefore"
      FROM "now" n FULL JOIN "then" t USING ("key") LEFT JOIN "nowUser" nu USING ("key") LEFT JOIN "thenUser" tu USING ("key")
      ORDER BY 2 DESC, 3 DESC, "key"::text LIMIT ${maxSeries}
    ), "pointUser" AS (
      SELECT u."key", u."at", count(*)::int AS "users" FROM "user" u GROUP BY 1, 2
    )
    SELECT s."key"::text, NULL AS "at", s."count", s."countBefore", s."users", s."usersBefore" FROM "series" s
    UNION ALL
    SELECT "key"::text, "at", c."count"::float8, 0, coalesce(u."users", 0), 0
    FROM "series" s JOIN "count" c USING ("key") LEFT JOIN "pointUser" u USING ("key", "at")
    ORDER BY "at" NULLS FIRST, "count" DESC, "countBefore" DESC, "key"`;
  const points = Map.groupBy(rows, (row) => row.key);
  return rows
    .filter(({ at }) => at === null)
    .map(({ key, at: _none, ...totals }) => ({
      key: by ? key : null,
      ...totals,
      change: changeOf(totals.count, totals.countBefore),
      points: (points.get(key) ?? []).flatMap(({ at, count, users }) =>
        at ? [{ at, count, users }] : [],
      ),
    }));
}

/** How often an issue was reported over time. */
export async function issueTrend(
  { db }: Pick<App, 'db'>,
  projectId: string,
  {
    issueId,
    where,
    bucket,
  }: {
    issueId: string;
    where: { from?: Date | null | undefined; to?: Date | null | undefined };
    bucket: Bucket;
  },
): Promise<{ at: Date; count: number }[]> {
  const { from, to } = periodOf(where, bucket);
  return db.$queryRaw`
    SELECT date_trunc(${bucket === 'HOUR' ? 'hour' : 'day'}::text, h."hour") AS "at", sum(h."count")::float8 AS "count"
    FROM "Fingerprint" f JOIN "FingerprintHour" h ON h."fingerprintId" = f."id"
    WHERE f."issueId" = ${issueId}::uuid AND f."projectId" = ${projectId}::uuid AND h."hour" >= ${from} AND h."hour" < ${to}
    GROUP BY 1 ORDER BY 1`;
}

function conditionOf({
  categories,
  severities,
  platforms,
  services,
  releases,
}: TrendFilter): Prisma.Sql {
  const conditions = [
    categories && Prisma.sql`AND h."category"::text = ANY(${categories}::text[])`,
    severities && Prisma.sql`AND h."severity"::text = ANY(${severities}::text[])`,
    platforms && Prisma.sql`AND h."platform"::text = ANY(${platforms}::text[])`,
    services && Prisma.sql`AND h."service" = ANY(${services}::text[])`,
    releases && Prisma.sql`AND h."release" = ANY(${releases}::text[])`,
  ].filter((condition) => condition != null);
  return conditions.length > 0 ? Prisma.join(conditions, ' ') : Prisma.empty;
}
