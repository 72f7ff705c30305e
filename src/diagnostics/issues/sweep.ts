import { Prisma } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
import { applyTurns } from './apply-turns.ts';
import { type Living, newForMs, turnOnTime } from './life-cycle.ts';

const atOnce = 500;

/** Brings issues on that time alone turns. Answers with how many. May run twice at once. */
export async function turnAged(app: Pick<App, 'db'>, now = new Date()): Promise<number> {
  let turned = 0;
  for (;;) {
    const count = await app.db.$transaction(async (tx) => {
      const before = new Date(now.getTime() - newForMs);
      const rows = await tx.$queryRaw<(Living & { id: string })[]>`
        WITH "due" AS MATERIALIZED (
          (SELECT "id" FROM "ErrorIssue" WHERE "state" IN ('NEW', 'REGRESSED', 'ESCALATING') AND "stateSince" <= ${before} LIMIT ${atOnce})
          UNION ALL
          (SELECT "id" FROM "ErrorIssue" WHERE "state" = 'ARCHIVED' AND "archivedUntilAt" <= ${now} LIMIT ${atOnce})
        )
        SELECT "id", "state"::text, "stateSince", "resolvedIn"::text, "resolvedAt", "resolvedRelease", "archivedUntil"::text,
          "archivedUntilAt", "archivedUntilCount", "archivedUntilUsers", "hourLimit"
        FROM "ErrorIssue" WHERE "id" IN (SELECT d."id" FROM "due" d LIMIT ${atOnce})
        ORDER BY "id" FOR UPDATE SKIP LOCKED`;
      const turns = rows.flatMap((issue) => {
        const turn = turnOnTime(issue, now);
        return turn ? [{ issue, turn }] : [];
      });
      await applyTurns(tx, turns, now);
      return turns.length;
    });
    turned += count;
    if (count < atOnce) return turned;
  }
}

/** Reports in all of an issue that can come to no limit above the least one, whatever their hours. */
const tooFew = 9;

/**
 * Forecasts anew above how many reports in an hour issues escalate: the arithmetic of `forecastLimit`, in the
 * database. A few at once, in the order of their ids, so that reports wait for a moment at most. Answers with how
 * many limits changed.
 *
 * @param which `ALL` that were seen in the past week, or those that were `MOVED` since an hour ago: an hour with
 *   reports came into the week or left it, or the issue is younger than that. A backlog that came late moves none.
 */
export async function forecastLimits(
  { db }: Pick<App, 'db'>,
  now = new Date(),
  which: 'ALL' | 'MOVED' = 'ALL',
  issuesAtOnce = 2_000,
): Promise<number> {
  let changed = 0;
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const [piece] = await db.$queryRaw<{ last: string | null; changed: number }[]>`
      WITH "span" AS MATERIALIZED (
        SELECT date_trunc('hour', ${now}::timestamptz) AS "end", date_trunc('hour', ${now}::timestamptz) - interval '168 hours' AS "begin"
      ), "piece" AS MATERIALIZED (
        SELECT i."id", i."firstSeenAt", i."hourLimit" FROM ${which === 'ALL' ? seen : moved} i
        WHERE i."id" > ${after}::uuid ORDER BY i."id" LIMIT ${issuesAtOnce}
      ), "hour" AS (
        SELECT f."issueId", h."hour", sum(h."count")::float8 AS "count"
        FROM "span" CROSS JOIN "piece" p JOIN "Fingerprint" f ON f."issueId" = p."id"
        JOIN "FingerprintHour" h ON h."fingerprintId" = f."id" AND h."hour" >= "span"."begin" AND h."hour" < "span"."end"
        GROUP BY f."issueId", h."hour"
      ), "past" AS (
        SELECT h."issueId", p."hourLimit", sum(h."count") AS "sum", sum(h."count" * h."count") AS "squares", max(h."count") AS "most",
          extract(epoch FROM s."end" - greatest(s."begin", date_trunc('hour', p."firstSeenAt"))) / 3600 AS "hours"
        FROM "hour" h JOIN "piece" p ON p."id" = h."issueId" CROSS JOIN "span" s
        GROUP BY h."issueId", p."hourLimit", s."end", s."begin", p."firstSeenAt"
      ), "limit" AS (
        SELECT "issueId", "hourLimit", CASE WHEN "hours" < 24 THEN NULL ELSE
          ceil(greatest(10, "sum" / "hours" + 5 * sqrt(greatest(0, "squares" / "hours" - ("sum" / "hours") ^ 2)), "most") - 1e-9)::int END AS "limit"
        FROM "past"
      ), "locked" AS MATERIALIZED (
        SELECT i."id" FROM "ErrorIssue" i
        WHERE i."id" IN (SELECT l."issueId" FROM "limit" l WHERE l."hourLimit" IS DISTINCT FROM l."limit")
        ORDER BY i."id" FOR NO KEY UPDATE
      ), "changed" AS (
        UPDATE "ErrorIssue" i SET "hourLimit" = l."limit" FROM "locked" k JOIN "limit" l ON l."issueId" = k."id"
        WHERE i."id" = k."id" RETURNING 1
      )
      SELECT (SELECT p."id" FROM "piece" p ORDER BY p."id" DESC LIMIT 1) AS "last", (SELECT count(*)::int FROM "changed") AS "changed"`;
    changed += piece?.changed ?? 0;
    if (!piece?.last) return changed;
    after = piece.last;
  }
}

const seen = Prisma.sql`(
  SELECT i.* FROM "ErrorIssue" i WHERE i."lastSeenAt" >= (SELECT "begin" FROM "span"))`;

// Every hour that counts is gone through by its project, as the indexes begin.
const moved = Prisma.sql`(
  SELECT i.* FROM "ErrorIssue" i WHERE i."id" IN (
    SELECT f."issueId" FROM "span" s CROSS JOIN "Project" p
    JOIN "FingerprintHour" h ON h."projectId" = p."id" AND h."hour" IN (s."end" - interval '1 hour', s."begin" - interval '1 hour')
    JOIN "Fingerprint" f ON f."id" = h."fingerprintId"
    UNION ALL
    SELECT y."id" FROM "span" s CROSS JOIN "Project" p
    JOIN "ErrorIssue" y ON y."projectId" = p."id" AND y."firstSeenAt" >= s."begin" - interval '1 hour'
      AND (y."count" > ${tooFew} OR y."hourLimit" IS NULL AND y."firstSeenAt" < s."end" - interval '23 hours')))`;
