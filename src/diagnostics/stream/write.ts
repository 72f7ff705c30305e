import { textArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import type { Transaction } from '../../platform/transactions.ts';
import type { Signal } from '../signals.ts';
import { debugBodyOf } from './event.ts';

const placesInTransaction = 2 ** 20 - 1;

const statement = `
WITH "now" AS MATERIALIZED (SELECT pg_current_xact_id()::text::bigint << 20 AS "first"),
"given" AS (
  SELECT g."projectId", g."body", row_number() OVER (PARTITION BY g."projectId" ORDER BY g."place") AS "place"
  FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS g("projectId", "body", "place")
),
"before" AS MATERIALIZED (
  SELECT p."projectId", coalesce((
    SELECT max(e."sequence") FROM "DebugEvent" e
    WHERE e."projectId" = p."projectId"
      AND e."sequence" BETWEEN n."first" AND n."first" + ${placesInTransaction}), n."first") AS "last"
  FROM (SELECT DISTINCT g."projectId" FROM "given" g) p CROSS JOIN "now" n
)
INSERT INTO "DebugEvent" ("projectId", "sequence", "body")
SELECT g."projectId", b."last" + g."place", g."body"::jsonb
FROM "given" g JOIN "before" b ON b."projectId" = g."projectId"`;

/**
 * Writes signals into the ring of the debug stream and says once per project that there is something
 * to read.
 *
 * A sequence is the transaction's id and a place of 20 bits in it. No counter is locked for it, so that
 * reports of one project do not wait for each other; readers go up to the oldest transaction that runs,
 * so that what commits later with a lower sequence is not skipped.
 */
export async function writeDebugEvents(
  { pubsub }: Pick<App, 'pubsub'>,
  tx: Tx,
  signals: Signal[],
): Promise<void> {
  const { projects, bodies } = columnsOf(signals);
  await tx.$executeRawUnsafe(statement, projects, bodies);
  await pubsub.notifyAll(tx, changesOf(projects));
}

/** The same in a transaction of plain statements. */
export async function writeDebugEventsPlainly(
  { pubsub }: Pick<App, 'pubsub'>,
  tx: Transaction,
  signals: Signal[],
): Promise<void> {
  const { projects, bodies } = columnsOf(signals);
  await tx.query({
    name: 'debug-events',
    text: statement,
    values: [uuidArray(projects), textArray(bodies)],
  });
  await pubsub.notifyPlainly(tx, changesOf(projects));
}

function columnsOf(signals: Signal[]): { projects: string[]; bodies: string[] } {
  return {
    projects: signals.map(({ projectId }) => projectId),
    bodies: signals.map((signal) => JSON.stringify(debugBodyOf(signal))),
  };
}

function changesOf(projects: string[]) {
  return [...new Set(projects)].map((projectId) => ({
    topic: 'debug' as const,
    projectId,
    subjectId: projectId,
  }));
}
