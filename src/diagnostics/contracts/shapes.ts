import { Prisma } from '../../generated/prisma/client.ts';
import { type Drift, driftBetween } from '../../lib/contracts/shape.ts';
import { newId } from '../../lib/ids.ts';
import type { Tx } from '../../platform/db.ts';
import { addShapes, type Shape } from '../../reporter/shapes.ts';

/** How answers to one contract looked. */
export type Sampled = { contractId: string; count: number; shape: Shape };
/** What shows of a contract now and did not before. */
export type Shown = Pick<Drift, 'kind' | 'pointer' | 'type'> & { contractId: string };

type Kept = {
  id: string;
  baselineSamples: number;
  baselineShape: Shape;
  recentSamples: number;
  recentShape: Shape;
};

/** Answers from before count as the baseline until there are so many samples. */
const baselineSamples = 20;
/** What is recent begins anew after so many. */
const recentSamples = 1_000;

/**
 * Adds samples, in their order, to what is known of their contracts, which the caller has locked. Three
 * statements, however many contracts.
 *
 * @returns the drift that shows for the first time
 */
export async function compareShapes(
  tx: Pick<Tx, '$queryRaw' | '$executeRaw'>,
  samples: Sampled[],
): Promise<Shown[]> {
  if (samples.length === 0) return [];
  const ids = [...new Set(samples.map(({ contractId }) => contractId))];
  // The shapes are written below and nowhere else.
  const rows = await tx.$queryRaw<Kept[]>`
    SELECT "id"::text, "baselineSamples", "baselineShape", "recentSamples", "recentShape"
    FROM "Contract" WHERE "id" = ANY(${ids}::uuid[])`;
  const kept = new Map(rows.map((row) => [row.id, row]));
  const drifts = new Map<string, Drift & { contractId: string }>();
  for (const { contractId, ...sample } of samples) {
    const before = kept.get(contractId);
    if (!before) continue;
    const { drifts: found, ...after } = added(before, sample);
    kept.set(contractId, after);
    for (const drift of found)
      drifts.set([contractId, drift.kind, drift.pointer, drift.type].join('\0'), {
        contractId,
        ...drift,
      });
  }
  await tx.$executeRaw(keepStatement([...kept.values()]));
  if (drifts.size === 0) return [];
  return await tx.$queryRaw<Shown[]>(driftStatement([...drifts.values()]));
}

/** Pure. */
function added(
  before: Kept,
  { count, shape }: { count: number; shape: Shape },
): Kept & { drifts: Drift[] } {
  if (before.baselineSamples < baselineSamples)
    return {
      ...before,
      baselineSamples: before.baselineSamples + count,
      baselineShape: addShapes(before.baselineShape, shape),
      drifts: [],
    };
  const goesOn = before.recentSamples < recentSamples;
  const after = {
    ...before,
    recentSamples: goesOn ? before.recentSamples + count : count,
    recentShape: goesOn ? addShapes(before.recentShape, shape) : shape,
  };
  const drifts = driftBetween(
    { samples: after.baselineSamples, shape: after.baselineShape },
    { samples: after.recentSamples, shape: after.recentShape },
  );
  return { ...after, drifts };
}

function keepStatement(rows: Kept[]): Prisma.Sql {
  const columns = [
    Prisma.sql`${rows.map(({ id }) => id)}::uuid[]`,
    Prisma.sql`${rows.map((row) => row.baselineSamples)}::int[]`,
    Prisma.sql`${rows.map((row) => JSON.stringify(row.baselineShape))}::text[]`,
    Prisma.sql`${rows.map((row) => row.recentSamples)}::int[]`,
    Prisma.sql`${rows.map((row) => JSON.stringify(row.recentShape))}::text[]`,
  ];
  return Prisma.sql`
    UPDATE "Contract" c SET "baselineSamples" = n."base", "baselineShape" = n."baseShape"::jsonb,
      "recentSamples" = n."recent", "recentShape" = n."recentShape"::jsonb
    FROM unnest(${Prisma.join(columns)}) AS n("id", "base", "baseShape", "recent", "recentShape")
    WHERE c."id" = n."id"`;
}

/** Answers with those that were not there. */
function driftStatement(drifts: (Drift & { contractId: string })[]): Prisma.Sql {
  const columns = [
    Prisma.sql`${drifts.map(() => newId())}::uuid[]`,
    Prisma.sql`${drifts.map(({ contractId }) => contractId)}::uuid[]`,
    Prisma.sql`${drifts.map(({ kind }) => kind)}::text[]`,
    Prisma.sql`${drifts.map(({ pointer }) => pointer)}::text[]`,
    Prisma.sql`${drifts.map(({ type }) => type)}::text[]`,
    Prisma.sql`${drifts.map(({ seen }) => seen)}::int[]`,
  ];
  return Prisma.sql`
    WITH "told" AS (
      INSERT INTO "ContractDrift" ("id", "contractId", "kind", "pointer", "type", "seenCount")
      SELECT n."id", n."contractId", n."kind"::"DriftKind", n."pointer", n."type", n."seen"
      FROM unnest(${Prisma.join(columns)}) AS n("id", "contractId", "kind", "pointer", "type", "seen")
      ORDER BY 2, 3, 4, 5
      ON CONFLICT ("contractId", "kind", "pointer", "type") DO UPDATE SET
        "seenCount" = EXCLUDED."seenCount", "lastSeenAt" = now()
      RETURNING "contractId"::text, "kind"::text, "pointer", "type", xmax = 0 AS "isNew" -- 0: nobody had it before
    )
    SELECT "contractId", "kind", "pointer", "type" FROM "told" WHERE "isNew"`;
}
