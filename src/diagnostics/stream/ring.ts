import type { App } from '../../platform/app.ts';
import { DebugBody, type DebugEvent } from './event.ts';

/** How long an event can be read again, in milliseconds. */
export const ringMs = 5 * 60_000;
const pageSize = 500;
const trimAtOnce = 10_000;
const trimAfterMs = ringMs + 60_000; // by the start of its transaction, which may have been long

type Row = { sequence: string; body: unknown; at: Date };

/**
 * Events of a project after a sequence, in order, a page at a time. Only what is below the oldest
 * running transaction is final: a lower sequence may still commit later.
 */
export async function readRing(
  { sql }: Pick<App, 'sql'>,
  projectId: string,
  after: bigint,
): Promise<{ events: DebugEvent[]; isLastPage: boolean }> {
  const { rows } = await sql.query<Row>({
    name: 'debug-events-after',
    text: `SELECT e."sequence"::text AS "sequence", e."body", e."createdAt" AS "at" FROM "DebugEvent" e
           WHERE e."projectId" = $1 AND e."sequence" > $2::bigint
             AND e."sequence" < pg_snapshot_xmin(pg_current_snapshot())::text::bigint << 20
           ORDER BY e."sequence" LIMIT ${pageSize}`,
    values: [projectId, after],
  });
  const events = rows.map(({ sequence, body, at }) => ({
    ...DebugBody.parse(body),
    sequence: BigInt(sequence),
    at,
  }));
  return { events, isLastPage: rows.length < pageSize };
}

/**
 * Where the ring of a project begins, `null` for an empty one, up to where everything is final, and
 * before which sequence everything is that was ever given.
 */
export async function ringBounds(
  { sql }: Pick<App, 'sql'>,
  projectId: string,
): Promise<{ oldest: bigint | null; final: bigint; next: bigint }> {
  const { rows } = await sql.query<{ oldest: string | null; final: string; next: string }>(
    `SELECT (SELECT min(e."sequence") FROM "DebugEvent" e WHERE e."projectId" = $1)::text AS "oldest",
            (pg_snapshot_xmin(pg_current_snapshot())::text::bigint << 20)::text AS "final",
            (pg_snapshot_xmax(pg_current_snapshot())::text::bigint << 20)::text AS "next"`,
    [projectId],
  );
  const [row] = rows;
  return {
    oldest: row?.oldest ? BigInt(row.oldest) : null,
    final: BigInt(row?.final ?? 0) - 1n,
    next: BigInt(row?.next ?? 0),
  };
}

/**
 * Removes what is older than the ring keeps, and of a project in a storm what is beyond its newest
 * 100,000. From the lower end only, so that what remains is whole.
 */
export async function trimRing({ db }: Pick<App, 'db'>, now: Date): Promise<number> {
  const before = new Date(now.getTime() - trimAfterMs);
  for (let removed = 0; ; ) {
    const count = await db.$executeRaw`
      DELETE FROM "DebugEvent" d USING (
        SELECT e."projectId", e."sequence" FROM "DebugEvent" e
        WHERE e."createdAt" < ${before} ORDER BY e."createdAt" LIMIT ${trimAtOnce}
      ) old WHERE d."projectId" = old."projectId" AND d."sequence" = old."sequence"`;
    removed += count;
    if (count < trimAtOnce) return removed + (await trimStorms(db));
  }
}

const mostEvents = 100_000;

async function trimStorms(db: App['db']): Promise<number> {
  return db.$executeRaw`
    DELETE FROM "DebugEvent" d USING (
      SELECT p."projectId", (
        SELECT e."sequence" FROM "DebugEvent" e WHERE e."projectId" = p."projectId"
        ORDER BY e."sequence" DESC OFFSET ${mostEvents} LIMIT 1) AS "sequence"
      FROM (SELECT DISTINCT "projectId" FROM "DebugEvent") p
    ) over WHERE d."projectId" = over."projectId" AND d."sequence" <= over."sequence"`;
}
