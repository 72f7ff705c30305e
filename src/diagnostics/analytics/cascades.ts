import type { ErrorIssue } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
import { periodOf } from './period.ts';

/** Two issues whose reports share traces, of which one came first. */
export type Cascade = {
  cause: ErrorIssue;
  effect: ErrorIssue;
  /** Traces in which the cause came before the effect. */
  traces: number;
  /** Of the effect's traces the share in which the cause came before it, 0 to 1. */
  share: number;
  /** From the cause's first report to the effect's, the middle one of the traces, in milliseconds. */
  medianDelayMs: number;
};

/** Reports with a trace that are looked at, the latest first. */
export const reportsConsidered = 20_000;

/**
 * Which issues follow which: reports of one trace belong together, and the earlier is taken for the
 * cause. Of equal instants neither is. The most frequent pairs first.
 *
 * @throws {InvalidInputError} the period is none
 */
export async function errorCascades(
  { db }: Pick<App, 'db'>,
  projectId: string,
  {
    where,
    minTraces,
    first,
  }: {
    where: { from?: Date | null | undefined; to?: Date | null | undefined };
    minTraces: number;
    first: number;
  },
): Promise<Cascade[]> {
  const { from, to } = periodOf(where, 'HOUR');
  const rows = await db.$queryRaw<
    { causeId: string; effectId: string; traces: number; share: number; medianDelayMs: number }[]
  >`
    WITH "traced" AS (
      SELECT e."correlationId", e."fingerprintId", e."occurredAt" FROM "ErrorEvent" e
      WHERE e."projectId" = ${projectId}::uuid AND e."occurredAt" >= ${from} AND e."occurredAt" < ${to} AND e."correlationId" IS NOT NULL
      ORDER BY e."occurredAt" DESC LIMIT ${reportsConsidered}
    ), "seen" AS (
      SELECT t."correlationId", f."issueId", min(t."occurredAt") AS "at"
      FROM "traced" t JOIN "Fingerprint" f ON f."id" = t."fingerprintId" GROUP BY 1, 2
    ), "total" AS (
      SELECT "issueId", count(*) AS "traces" FROM "seen" GROUP BY 1
    )
    SELECT c."issueId" AS "causeId", e."issueId" AS "effectId", count(*)::int AS "traces",
      (count(*)::float8 / max(t."traces"))::float8 AS "share",
      percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM e."at" - c."at") * 1000)::float8 AS "medianDelayMs"
    FROM "seen" c JOIN "seen" e ON e."correlationId" = c."correlationId" AND e."issueId" <> c."issueId" AND e."at" > c."at"
    JOIN "total" t ON t."issueId" = e."issueId"
    GROUP BY 1, 2 HAVING count(*) >= ${minTraces}
    ORDER BY 3 DESC, 4 DESC, 1, 2 LIMIT ${first}`;
  const ids = rows.flatMap(({ causeId, effectId }) => [causeId, effectId]);
  const issues = await db.errorIssue.findMany({ where: { projectId, id: { in: ids } } });
  const byId = new Map(issues.map((issue) => [issue.id, issue]));
  return rows.flatMap(({ causeId, effectId, ...figures }) => {
    const [cause, effect] = [byId.get(causeId), byId.get(effectId)];
    return cause && effect ? [{ cause, effect, ...figures }] : [];
  });
}
