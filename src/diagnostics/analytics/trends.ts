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
  CATEGORY: Prisma.sql`h."category"::text`,
  SEVERITY: Prisma.sql`h."severity"::text`,
  PLATFORM: Prisma.sql`h."platform"::text`,
  SERVICE: Prisma.sql`h."service"`,
  RELEASE: Prisma.sql`h."release"`,
};

/**
 * Counts and users over time, by a dimension, beside the week before. Read from hourly counts, never
 * from reports.
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
  const key = by ? columns[by] : Prisma.sql`NULL::text`;
  const matching = conditionOf(where);
  const unit = Prisma.sql`${bucket === 'HOUR' ? 'hour' : 'day'}::text`;
  const now = Prisma.sql`h."projectId" = ${projectId}::uuid AND h."hour" >= ${period.from} AND h."hour" < ${period.to} ${matching}`;
  const then = Prisma.sql`h."projectId" = ${projectId}::uuid AND h."hour" >= ${period.beforeFrom} AND h."hour" < ${period.beforeTo} ${matching}`;
  const totals = await db.$queryRaw<Omit<TrendSeries, 'points' | 'change'>[]>`
    WITH "now" AS (SELECT ${key} AS "key", sum(h."count")::float8 AS "count" FROM "ReportHour" h WHERE ${now} GROUP BY 1),
      "then" AS (SELECT ${key} AS "key", sum(h."count")::float8 AS "count" FROM "ReportHour" h WHERE ${then} GROUP BY 1),
      "nowUser" AS (SELECT ${key} AS "key", count(DISTINCT h."userHash")::int AS "users" FROM "ReportUserHour" h WHERE ${now} GROUP BY 1),
      "thenUser" AS (SELECT ${key} AS "key", count(DISTINCT h."userHash")::int AS "users" FROM "ReportUserHour" h WHERE ${then} GROUP BY 1),
      "key" AS (SELECT "key" FROM "now" UNION SELECT "key" FROM "then")
    SELECT k."key", coalesce(n."count", 0) AS "count", coalesce(t."count", 0) AS "countBefore", coalesce(nu."users", 0) AS "users",
      coalesce(tu."users", 0) AS "usersBefore"
    FROM "key" k
    LEFT JOIN "now" n ON n."key" IS NOT DISTINCT FROM k."key"
    LEFT JOIN "then" t ON t."key" IS NOT DISTINCT FROM k."key"
    LEFT JOIN "nowUser" nu ON nu."key" IS NOT DISTINCT FROM k."key"
    LEFT JOIN "thenUser" tu ON tu."key" IS NOT DISTINCT FROM k."key"
    ORDER BY 2 DESC, 3 DESC, 1 LIMIT ${maxSeries}`;
  const points = await db.$queryRaw<(TrendPoint & { key: string | null })[]>`
    WITH "count" AS (
      SELECT ${key} AS "key", date_trunc(${unit}, h."hour") AS "at", sum(h."count")::float8 AS "count"
      FROM "ReportHour" h WHERE ${now} GROUP BY 1, 2
    ), "user" AS (
      SELECT ${key} AS "key", date_trunc(${unit}, h."hour") AS "at", count(DISTINCT h."userHash")::int AS "users"
      FROM "ReportUserHour" h WHERE ${now} GROUP BY 1, 2
    )
    SELECT c."key", c."at", c."count", coalesce(u."users", 0) AS "users"
    FROM "count" c LEFT JOIN "user" u ON u."key" IS NOT DISTINCT FROM c."key" AND u."at" = c."at"
    WHERE ${by === null} OR c."key" = ANY(${totals.map((series) => series.key ?? '')}::text[])
    ORDER BY c."at"`;
  const byKey = Map.groupBy(points, (point) => point.key);
  return totals.map((series) => ({
    ...series,
    change: changeOf(series.count, series.countBefore),
    points: (byKey.get(series.key) ?? []).map(({ at, count, users }) => ({ at, count, users })),
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
