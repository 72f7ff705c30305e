import type { ReportCategory, ReportOutcome } from '../../contract/report.ts';
import type { App } from '../../platform/app.ts';
import { type Bucket, periodOf } from './period.ts';

/** So many reports came to this in one stretch of time. */
export type LedgerSum = {
  at: Date;
  outcome: ReportOutcome;
  reason: string;
  category: ReportCategory;
  count: bigint;
};

/**
 * What became of reports, by the hour of their arrival, whole buckets of UTC. The sum of all outcomes
 * but DISCARDED is what arrived; with it, what clients captured.
 *
 * @throws {InvalidInputError} the period is none
 */
export async function reportLedger(
  { db }: Pick<App, 'db'>,
  projectId: string,
  where: { from?: Date | null | undefined; to?: Date | null | undefined },
  bucket: Bucket,
): Promise<LedgerSum[]> {
  const { from, to } = periodOf(where, bucket);
  return db.$queryRaw`
    SELECT date_trunc(${bucket === 'HOUR' ? 'hour' : 'day'}::text, "hour") AS "at", "outcome"::text, "reason", "category"::text,
      sum("count")::bigint AS "count"
    FROM "ReportLedger" WHERE "projectId" = ${projectId}::uuid AND "hour" >= ${from} AND "hour" < ${to}
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;
}
