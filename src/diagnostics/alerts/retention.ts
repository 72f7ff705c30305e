import type { App } from '../../platform/app.ts';
import { removeInPieces } from '../../platform/pieces.ts';

const keptDays = 90;
/** Longer than the longest interval of a rule. */
const watchedDays = 31;
/** Longer than the longest window of a rule. */
const userDays = 8;
const dayMs = 86_400_000;

/** Forgets alerts and messages after 90 days, and what rules remember of things that are quiet for 31. */
export async function deleteOldAlerts(
  { db }: Pick<App, 'db'>,
  now: Date,
  signal?: AbortSignal,
): Promise<void> {
  const before = new Date(now.getTime() - keptDays * dayMs);
  await db.delivery.deleteMany({ where: { createdAt: { lt: before } } });
  await db.alert.deleteMany({ where: { raisedAt: { lt: before } } });
  const usersBefore = new Date(now.getTime() - userDays * dayMs);
  await removeInPieces(
    (atOnce) => db.$executeRaw`DELETE FROM "AlertWatchUser" WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM "AlertWatchUser" WHERE "lastAt" < ${usersBefore} LIMIT ${atOnce}))`,
    signal,
  );
  await db.alertWatch.deleteMany({
    where: { touchedAt: { lt: new Date(now.getTime() - watchedDays * dayMs) } },
  });
}
