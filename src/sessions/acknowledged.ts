import { LRUCache } from 'lru-cache';
import type { App } from '../platform/app.ts';

/**
 * Knows for each session the highest sequence up to which everything is stored. It remembers what
 * this process has seen stored and asks the database for the rest; what it says never goes back.
 */
export type Acknowledgements = {
  /** Takes note of stored sequences, none to ask only, and answers with the highest contiguous one. */
  advance(session: { projectId: string; sessionId: string }, stored: number[]): Promise<number>;
  forget(sessionId: string): void;
};

type Known = { upTo: number; beyond: Set<number> };

export function makeAcknowledgements({ sql }: Pick<App, 'sql'>): Acknowledgements {
  const cache = new LRUCache<string, Known>({ max: 20_000, ttl: 3_600_000, updateAgeOnGet: true });

  const readUpTo = async (
    { projectId, sessionId }: { projectId: string; sessionId: string },
    from: number,
  ) => {
    const { rows } = await sql.query<{ upTo: number | null }>({
      name: 'acknowledged-from',
      // Reads to the first gap and no further, however much lies beyond it.
      text: `SELECT CASE WHEN "gap" = $3 THEN "sequence" END AS "upTo" FROM (
               SELECT "sequence", "sequence" - row_number() OVER w AS "gap", lead("sequence") OVER w AS "next"
               FROM "Interaction" WHERE "projectId" = $1 AND "sessionId" = $2 AND "sequence" > $3
               WINDOW w AS (ORDER BY "sequence")
             ) t WHERE "gap" <> $3 OR "next" IS DISTINCT FROM "sequence" + 1
             ORDER BY "sequence" LIMIT 1`,
      values: [projectId, sessionId, from],
    });
    return rows[0]?.upTo ?? from;
  };

  const raise = (known: Known, upTo: number) => {
    known.upTo = Math.max(known.upTo, upTo);
    for (let next = known.upTo + 1; known.beyond.delete(next); next += 1) known.upTo = next;
    for (const sequence of known.beyond) if (sequence <= known.upTo) known.beyond.delete(sequence);
  };

  return {
    async advance(session, stored) {
      const remembered = cache.get(session.sessionId);
      const known = remembered ?? { upTo: 0, beyond: new Set<number>() };
      if (!remembered) cache.set(session.sessionId, known);
      for (const sequence of stored)
        if (sequence === known.upTo + 1 && known.beyond.size === 0) known.upTo = sequence;
        else if (sequence > known.upTo) known.beyond.add(sequence);
      raise(known, known.upTo);
      // Another replica may have stored what is missing here, or more than this one has seen.
      const isUnsure = !remembered || stored.length === 0 || known.beyond.size > 0;
      if (isUnsure) raise(known, await readUpTo(session, known.upTo));
      return known.upTo;
    },
    forget: (sessionId) => void cache.delete(sessionId),
  };
}

/** The same for many sessions at once, from the database alone. Sessions without interactions are left out. */
export async function readAcknowledged(
  { sql }: Pick<App, 'sql'>,
  projectId: string,
  sessionIds: string[],
): Promise<Map<string, number>> {
  const { rows } = await sql.query<{ sessionId: string; upTo: number }>({
    name: 'acknowledged-many',
    text: `SELECT "sessionId", max("sequence") AS "upTo" FROM (
             SELECT "sessionId", "sequence", "sequence" - row_number() OVER (PARTITION BY "sessionId" ORDER BY "sequence") AS "gap"
             FROM "Interaction" WHERE "projectId" = $1 AND "sessionId" = ANY($2::uuid[])
           ) t WHERE "gap" = 0 GROUP BY "sessionId"`,
    values: [projectId, sessionIds],
  });
  return new Map(rows.map(({ sessionId, upTo }) => [sessionId, upTo]));
}
