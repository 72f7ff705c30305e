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
  const [old, veryOld] = [before(retentionDays), before(countsRetentionDays)];
  const reports = await removeArrived(app, 'ErrorEvent', old, signal);
  const counts =
    (await removeArrived(app, 'ReportChunk', old, signal)) +
    (await removeUncounted(app, old)) +
    (await removeHours(app, 'ReportUserHour', old, signal)) +
    (await removeArrived(app, 'ClientReportTaken', old, signal)) +
    (await removeHours(app, 'FingerprintHour', veryOld, signal)) +
    (await removeUsers(app, veryOld, signal)) +
    (await removeHours(app, 'ReportHour', veryOld, signal)) +
    (await removeHours(app, 'ReportLedger', veryOld, signal));
  return { reports, counts };
}

/** What could not be counted in all that time never will be. Its ids begin with their instant (RFC 9562, section 5.7). */
function removeUncounted({ db }: Pick<App, 'db'>, before: Date): Promise<number> {
  const hex = before.getTime().toString(16).padStart(12, '0');
  const first = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
  return db.$executeRaw`DELETE FROM "ReportBatch" WHERE "id" < ${first}::uuid`;
}

function removeArrived(
  { db }: Pick<App, 'db'>,
  table: 'ErrorEvent' | 'ReportChunk' | 'ClientReportTaken',
  before: Date,
  signal: AbortSignal | undefined,
): Promise<number> {
  const of = Prisma.raw(`"${table}"`);
  return removeInPieces(
    (atOnce) => db.$executeRaw`DELETE FROM ${of} WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM ${of} WHERE "receivedAt" < ${before} ORDER BY "receivedAt" LIMIT ${atOnce}))`,
    signal,
  );
}

/** Project by project, as their keys begin: an index by the hour alone would cost every report more. */
function removeHours(
  { db }: Pick<App, 'db'>,
  table: 'FingerprintHour' | 'ReportHour' | 'ReportUserHour' | 'ReportLedger',
  before: Date,
  signal: AbortSignal | undefined,
): Promise<number> {
  const of = Prisma.raw(`"${table}"`);
  return removeInPieces(
    (atOnce) => db.$executeRaw`DELETE FROM ${of} WHERE ctid = ANY(ARRAY(
      SELECT r."place" FROM "Project" p CROSS JOIN LATERAL (
        SELECT h.ctid AS "place" FROM ${of} h WHERE h."projectId" = p."id" AND h."hour" < ${before} LIMIT ${atOnce}
      ) r LIMIT ${atOnce}))`,
    signal,
  );
}

const pagesAtOnce = 5_000;

/** Reads the whole table once, in the order in which it lies: an index by age would cost every report more. */
async function removeUsers(
  { db }: Pick<App, 'db'>,
  before: Date,
  signal: AbortSignal | undefined,
): Promise<number> {
  const [size] = await db.$queryRaw<{ pages: number }[]>`
    SELECT (pg_relation_size('"FingerprintUser"') / current_setting('block_size')::int)::int AS "pages"`;
  let removed = 0;
  for (let page = 0; page < (size?.pages ?? 0); page += pagesAtOnce) {
    signal?.throwIfAborted();
    removed += await db.$executeRaw`
      DELETE FROM "FingerprintUser" WHERE "lastSeenAt" < ${before}
        AND ctid >= ${`(${page},0)`}::tid AND ctid < ${`(${page + pagesAtOnce},0)`}::tid`;
  }
  return removed;
}
