import type { App } from '../../platform/app.ts';

const keptDays = 90;
/** Longer than the longest interval of a rule. */
const watchedDays = 31;
/** Longer than the longest window of a rule. */
const userDays = 8;
const dayMs = 86_400_000;

/** Forgets alerts and messages after 90 days, and what rules remember of things that are quiet for 31. */
export async function deleteOldAlerts({ db }: Pick<App, 'db'>, now: Date): Promise<void> {
  const before = new Date(now.getTime() - keptDays * dayMs);
  await db.delivery.deleteMany({ where: { createdAt: { lt: before } } });
  await db.alert.deleteMany({ where: { raisedAt: { lt: before } } });
  await db.alertWatchUser.deleteMany({
    where: { lastAt: { lt: new Date(now.getTime() - userDays * dayMs) } },
  });
  await db.alertWatch.deleteMany({
    where: { touchedAt: { lt: new Date(now.getTime() - watchedDays * dayMs) } },
  });
}
