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

/**
 * Forecasts anew, for every issue that was seen in the past week, above how many reports in an hour it
 * escalates: the arithmetic of `forecastLimit`, in the database. A few at once, in the order of their ids, so
 * that reports wait for a moment at most. Answers with how many limits changed.
 */
export async function forecastLimits(
  { db }: Pick<App, 'db'>,
  now = new Date(),
  issuesAtOnce = 500,
): Promise<number> {
  let changed = 0;
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const [piece] = await db.$queryRaw<{ last: string | null; changed: number }[]>`
      WITH "span" AS (
        SELECT date_trunc('hour', ${now}::timestamptz) AS "end", date_trunc('hour', ${now}::timestamptz) - interval '168 hours' AS "begin"
      ), "piece" AS MATERIALIZED (
        SELECT i."id", i."firstSeenAt", i."hourLimit" FROM "ErrorIssue" i
        WHERE i."id" > ${after}::uuid AND i."lastSeenAt" >= (SELECT "begin" FROM "span")
        ORDER BY i."id" LIMIT ${issuesAtOnce}
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
          ceil(greatest(10, "sum" / "hours" + 5 * sqrt(greatest(0, "squares" / "hours" - ("sum" / "hours") ^ 2)), "most"))::int END AS "limit"
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
