import type { App } from '../../platform/app.ts';

const hoursDays = 180; // twice the longest time that health is told over
const receiptsHours = 24;
const versionsDays = 365;
const violationsDays = 180;

/**
 * Deletes counts that nobody can ask for any more, receipts of a day ago, violations that were not seen
 * for half a year, and schemas of a year ago that are not the latest of their service.
 */
export async function cleanContracts({ db }: Pick<App, 'db'>, now: Date): Promise<void> {
  const before = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
  await db.contractHour.deleteMany({ where: { hour: { lt: before(hoursDays * 24) } } });
  await db.contractCheckReceipt.deleteMany({ where: { createdAt: { lt: before(receiptsHours) } } });
  await db.contractViolation.deleteMany({
    where: { lastSeenAt: { lt: before(violationsDays * 24) } },
  });
  await db.$executeRaw`
    DELETE FROM "SchemaVersion" v WHERE v."deployedAt" < ${before(versionsDays * 24)} AND EXISTS (
      SELECT 1 FROM "SchemaVersion" n WHERE n."projectId" = v."projectId" AND n."service" = v."service" AND n."deployedAt" > v."deployedAt")`;
}
