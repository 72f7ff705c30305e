import { Prisma } from '../generated/prisma/client.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';

/**
 * Sessions that count for a request `r`: READY, so good enough for the project, begun on its site, come since,
 * with an example at least of what is wanted.
 */
const counting = Prisma.sql`s."projectId" = r."projectId" AND s."site" = r."site" AND s."state" = 'READY' AND s."source" = 'RECORDED'
  AND s."createdAt" > r."createdAt" AND EXISTS (SELECT 1 FROM "Example" e
    WHERE e."sessionId" = s."id" AND e."operation" = r."operation")`;

/** How many sessions have come for each request, in one statement. */
export async function collectedFor(
  { db }: Pick<App, 'db'>,
  requestIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db.$queryRaw<{ id: string; count: number }[]>`
    SELECT r."id", count(s."id")::int AS "count" FROM "DataRequest" r JOIN "Session" s ON ${counting}
    WHERE r."id" = ANY(${[...requestIds]}::uuid[]) GROUP BY r."id"`;
  return new Map(rows.map(({ id, count }) => [id, count]));
}

/** Open requests for which a session counts, and how many there are by now. */
export function openRequestsFor(
  tx: Tx,
  { projectId, sessionId }: { projectId: string; sessionId: string },
): Promise<{ id: string; sessions: number; collected: number }[]> {
  return tx.$queryRaw`
    SELECT r."id", r."sessions",
      (SELECT count(*)::int FROM "Session" s WHERE ${counting}) AS "collected"
    FROM "DataRequest" r
    WHERE r."projectId" = ${projectId}::uuid AND r."state" = 'OPEN'
      AND EXISTS (SELECT 1 FROM "Session" s WHERE s."id" = ${sessionId}::uuid AND ${counting})
    ORDER BY r."id" FOR UPDATE OF r`;
}
