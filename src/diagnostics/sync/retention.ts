import type { App } from '../../platform/app.ts';
import { removeInPieces } from '../../platform/pieces.ts';

/** What nobody compares with any more, in days. */
const takenDays = 7;
/** Issues that nobody has seen since, closed or not, with their copies and keys; and silent clients. */
const overDays = 90;

/**
 * Trims what sync keeps: takes after a week; issues, versions and clients 90 days after they were seen last.
 * Copies of an issue are dark from then on: its key goes with it. A piece at a time.
 */
export async function trimSync({ db }: Pick<App, 'db'>, signal?: AbortSignal): Promise<number> {
  const before = (days: number) => new Date(Date.now() - days * 86_400_000);
  const [taken, over] = [before(takenDays), before(overDays)];
  const trims = [
    (atOnce: number) => db.$executeRaw`DELETE FROM "SyncDigest" WHERE ctid IN (
      SELECT ctid FROM "SyncDigest" WHERE "createdAt" < ${taken} LIMIT ${atOnce})`,
    (atOnce: number) => db.$executeRaw`DELETE FROM "SyncVersion" WHERE ctid IN (
      SELECT ctid FROM "SyncVersion" WHERE "updatedAt" < ${over} LIMIT ${atOnce})`,
    (atOnce: number) => db.$executeRaw`DELETE FROM "SyncPair" WHERE ctid IN (
      SELECT ctid FROM "SyncPair" WHERE "updatedAt" < ${over} LIMIT ${atOnce})`,
    (atOnce: number) => db.$executeRaw`DELETE FROM "SyncIssue" WHERE "id" IN (
      SELECT "id" FROM "SyncIssue" WHERE "lastSeenAt" < ${over} LIMIT ${atOnce})`,
    (atOnce: number) => db.$executeRaw`DELETE FROM "SyncClient" WHERE "id" IN (
      SELECT "id" FROM "SyncClient" WHERE "lastSeenAt" < ${over} LIMIT ${atOnce})`,
  ];
  let removed = 0;
  for (const trim of trims) removed += await removeInPieces(trim, signal);
  return removed;
}
