import { Prisma } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
import { removeInPieces } from '../../platform/pieces.ts';

/** What a clean-up of diagnostics removed, in rows. */
export type ReportCleanUp = { reports: number; counts: number };

/**
 * Removes reports after their retention and hourly counts after theirs, a piece at a time. Issues and
 * fingerprints stay, with exact totals, so that a trouble that comes back is known.
 */
export async function deleteOldReports(
  app: Pick<App, 'db' | 'config'>,
  now = new Date(),
  signal?: AbortSignal,
): Promise<ReportCleanUp> {
  const { retentionDays, countsRetentionDays } = app.config.reports;
  const before = (days: number) => new Date(now.getTime() - days * 86_400_000);
  const remove = (table: string, column: string, limit: Date) => {
    const [of, at] = [Prisma.raw(`"${table}"`), Prisma.raw(`"${column}"`)];
    return removeInPieces(
      (atOnce) => app.db.$executeRaw`DELETE FROM ${of} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${of} WHERE ${at} < ${limit} ORDER BY ${at} LIMIT ${atOnce}))`,
      signal,
    );
  };
  const [old, veryOld] = [before(retentionDays), before(countsRetentionDays)];
  const reports = await remove('ErrorEvent', 'receivedAt', old);
  const counts =
    (await remove('ReportUserHour', 'hour', old)) +
    (await remove('ClientReportTaken', 'receivedAt', old)) +
    (await remove('FingerprintHour', 'hour', veryOld)) +
    (await remove('FingerprintUser', 'lastSeenAt', veryOld)) +
    (await remove('ReportHour', 'hour', veryOld)) +
    (await remove('ReportLedger', 'hour', veryOld));
  return { reports, counts };
}
