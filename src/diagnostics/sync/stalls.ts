import type { App } from '../../platform/app.ts';
import { stallIn, tellHealth } from './clients.ts';

/** Clients that one run looks at; the others come with the next. */
const atOnceMost = 500;
/** A client tries more often than it tells: what it was silent for so long says nothing of attempts. */
const toldEveryMs = 60_000;

/**
 * Finds the queues that stand still of clients that fell silent while they were online: nobody else would
 * say so.
 */
export async function findStalls(app: Pick<App, 'db' | 'pubsub' | 'queue'>): Promise<number> {
  const now = new Date();
  const silent = await app.db.syncClient.findMany({
    where: { isOnline: true, stall: null, queueDepth: { gt: 0 }, health: { not: 'CORRUPT' } },
    orderBy: { lastSeenAt: 'asc' },
    take: atOnceMost,
    select: {
      ...{ id: true, isOnline: true, queueDepth: true },
      ...{ headSince: true, attemptedAt: true, retryIntervalMs: true },
    },
  });
  let found = 0;
  for (const client of silent) {
    if (!stallIn(patient(client), now)) continue;
    await app.db.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM "SyncClient" WHERE "id" = ${client.id}::uuid FOR NO KEY UPDATE`;
      const before = await tx.syncClient.findUnique({ where: { id: client.id } });
      const stall = before && !before.stall ? stallIn(patient(before), now) : null; // it may have reported meanwhile
      if (!before || !stall) return;
      const after = await tx.syncClient.update({
        where: { id: client.id },
        data: { stall, stalledAt: before.stalledAt ?? now, health: 'STALLED' },
      });
      await tellHealth(app, tx, before, after);
      found += 1;
    });
  }
  return found;
}

function patient<T extends { retryIntervalMs: number | null }>(client: T): T {
  const { retryIntervalMs } = client;
  return retryIntervalMs === null
    ? client
    : { ...client, retryIntervalMs: Math.max(retryIntervalMs, toldEveryMs) };
}
