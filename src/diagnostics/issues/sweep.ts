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
        SELECT "id", "state"::text, "stateSince", "resolvedIn"::text, "resolvedAt", "resolvedRelease", "archivedUntil"::text,
          "archivedUntilAt", "archivedUntilCount", "archivedUntilUsers", "hourLimit"
        FROM "ErrorIssue"
        WHERE ("state" IN ('NEW', 'REGRESSED', 'ESCALATING') AND "stateSince" <= ${before})
          OR ("state" = 'ARCHIVED' AND "archivedUntilAt" <= ${now})
        ORDER BY "id" LIMIT ${atOnce} FOR UPDATE SKIP LOCKED`;
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
 * escalates: the arithmetic of `forecastLimit`, in the database.
 */
export async function forecastLimits({ db }: Pick<App, 'db'>, now = new Date()): Promise<number> {
  return db.$executeRaw`
    WITH "span" AS (
      SELECT date_trunc('hour', ${now}::timestamptz) AS "end", date_trunc('hour', ${now}::timestamptz) - interval '168 hours' AS "begin"
    ), "hour" AS (
      SELECT f."issueId", h."hour", sum(h."count")::float8 AS "count"
      FROM "span", "FingerprintHour" h JOIN "Fingerprint" f ON f."id" = h."fingerprintId"
      WHERE h."hour" >= "span"."begin" AND h."hour" < "span"."end"
      GROUP BY f."issueId", h."hour"
    ), "past" AS (
      SELECT h."issueId", sum(h."count") AS "sum", sum(h."count" * h."count") AS "squares", max(h."count") AS "most",
        extract(epoch FROM s."end" - greatest(s."begin", date_trunc('hour', i."firstSeenAt"))) / 3600 AS "hours"
      FROM "hour" h JOIN "ErrorIssue" i ON i."id" = h."issueId" CROSS JOIN "span" s
      GROUP BY h."issueId", s."end", s."begin", i."firstSeenAt"
    ), "limit" AS (
      SELECT "issueId", CASE WHEN "hours" < 24 THEN NULL ELSE
        ceil(greatest(10, "sum" / "hours" + 5 * sqrt(greatest(0, "squares" / "hours" - ("sum" / "hours") ^ 2)), "most"))::int END AS "limit"
      FROM "past"
    )
    UPDATE "ErrorIssue" i SET "hourLimit" = l."limit" FROM "limit" l
    WHERE i."id" = l."issueId" AND i."hourLimit" IS DISTINCT FROM l."limit"`;
}
