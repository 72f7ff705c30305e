import type { Tx } from '../../platform/db.ts';
import type { Watch } from './judge.ts';

type Key = { ruleId: string; subjectId: string };

/** One word for a rule and a thing that it watches. */
export function keyOf({ ruleId, subjectId }: Key): string {
  return `${ruleId} ${subjectId}`;
}

/**
 * What rules remember, locked until the end of the transaction, so that of two which cross a threshold
 * together one sees the other's count. Always in the same order, so that nobody waits in a ring. Of rules that
 * were deleted meanwhile there is nothing; the others cannot be before the transaction ends.
 */
export async function lockWatches(tx: Tx, keys: Key[]): Promise<Map<string, Watch>> {
  const rows = await tx.$queryRaw<(Key & Watch)[]>`
    WITH "rule" AS MATERIALIZED (
      SELECT r."id" FROM "AlertRule" r WHERE r."id" = ANY(${[...new Set(keys.map(({ ruleId }) => ruleId))]}::uuid[])
      ORDER BY r."id" FOR KEY SHARE
    )
    INSERT INTO "AlertWatch" ("ruleId", "subjectId")
    SELECT DISTINCT k."ruleId", k."subjectId"
    FROM unnest(${keys.map(({ ruleId }) => ruleId)}::uuid[], ${keys.map(({ subjectId }) => subjectId)}::text[])
      AS k("ruleId", "subjectId") JOIN "rule" r ON r."id" = k."ruleId"
    ORDER BY 1, 2
    ON CONFLICT ("ruleId", "subjectId") DO UPDATE SET "touchedAt" = clock_timestamp()
    RETURNING "ruleId"::text, "subjectId", "counts", "sliceAt", "isOver", "firedAt"`;
  return new Map(
    rows.map(({ counts, sliceAt, isOver, firedAt, ...key }) => [
      keyOf(key),
      { counts: counts ?? [], sliceAt, isOver, firedAt },
    ]),
  );
}

export async function storeWatches(tx: Tx, watches: Map<string, Watch>): Promise<void> {
  const rows = [...watches].map(([key, watch]) => {
    const at = key.indexOf(' ');
    return { ruleId: key.slice(0, at), subjectId: key.slice(at + 1), ...watch };
  });
  await tx.$executeRaw`
    UPDATE "AlertWatch" w
    SET "counts" = g."counts"::int[], "sliceAt" = g."sliceAt", "isOver" = g."isOver", "firedAt" = g."firedAt"
    FROM unnest(
      ${rows.map(({ ruleId }) => ruleId)}::uuid[], ${rows.map(({ subjectId }) => subjectId)}::text[],
      ${rows.map(({ counts }) => `{${counts.join(',')}}`)}::text[],
      ${rows.map(({ sliceAt }) => sliceAt)}::timestamptz[], ${rows.map(({ isOver }) => isOver)}::boolean[],
      ${rows.map(({ firedAt }) => firedAt)}::timestamptz[]
    ) AS g("ruleId", "subjectId", "counts", "sliceAt", "isOver", "firedAt")
    WHERE w."ruleId" = g."ruleId" AND w."subjectId" = g."subjectId"`;
}

/** Rules judge things anew that are over. */
export async function resetWatches(tx: Tx, subjectIds: string[]): Promise<void> {
  await tx.alertWatch.updateMany({
    where: { subjectId: { in: subjectIds } },
    data: { isOver: false, counts: [], sliceAt: null },
  });
  await tx.alertWatchUser.deleteMany({ where: { subjectId: { in: subjectIds } } });
}

/**
 * What was about some things is about another one from now on: the end of that is the end of their alerts.
 * What rules counted of them is forgotten.
 */
export async function handOnAlerts(
  tx: Tx,
  { projectId, from, to }: { projectId: string; from: string[]; to: string },
): Promise<void> {
  await tx.alert.updateMany({
    where: { projectId, subjectId: { in: from }, state: 'OPEN' },
    data: { subjectId: to },
  });
  await tx.alertWatch.deleteMany({ where: { subjectId: { in: from } } });
}
