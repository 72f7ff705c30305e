import type { Tx } from '../../platform/db.ts';
import { compareReleases, type KnownRelease } from '../issues/releases.ts';
import type { PlacedReport } from './issues-of.ts';
import { pgArray } from './rows.ts';

/** The releases that matter to some reports and their issues. */
export type Releases = {
  /** A release of a project; one that nobody reported from counts as seen never. */
  of(projectId: string, name: string): KnownRelease;
  /** The newer one; `null` only when both are. */
  newer(projectId: string, a: string | null, b: string | null): string | null;
};

/** Writes down the releases that reports name, and reads those that their issues are compared with. */
export async function takeReleases(tx: Tx, reports: PlacedReport[]): Promise<Releases> {
  const named = new Map<string, { projectId: string; name: string; at: Date | null }>();
  const note = (projectId: string, name: string | null, at: Date | null) => {
    if (name === null) return;
    const key = `${projectId} ${name}`;
    const known = named.get(key);
    if (!known) named.set(key, { projectId, name, at });
    else if (at && (!known.at || at < known.at)) known.at = at;
  };
  for (const { projectId, release, occurredAt, issue } of reports) {
    note(projectId, release, occurredAt);
    note(projectId, issue.lastRelease, null);
    note(projectId, issue.resolvedRelease, null);
  }
  const known = await store(tx, [...named.values()]);
  const of = (projectId: string, name: string): KnownRelease =>
    known.get(`${projectId} ${name}`) ?? { name, firstSeenMs: Number.POSITIVE_INFINITY };
  return {
    of,
    newer(projectId, a, b) {
      if (a === null || b === null) return a ?? b;
      return compareReleases(of(projectId, a), of(projectId, b)) >= 0 ? a : b;
    },
  };
}

/** Only what is new or older than known is written: a release is named by every report. */
async function store(
  tx: Tx,
  named: { projectId: string; name: string; at: Date | null }[],
): Promise<Map<string, KnownRelease>> {
  if (named.length === 0) return new Map();
  const rows = await tx.$queryRaw<{ projectId: string; name: string; firstSeenAt: Date }[]>`
    WITH "given" AS MATERIALIZED (
      SELECT g."projectId", g."name", g."at", r."firstSeenAt" FROM unnest(
        ${pgArray(named.map(({ projectId }) => projectId))}::uuid[],
        ${pgArray(named.map(({ name }) => name))}::text[],
        ${pgArray(named.map(({ at }) => at?.toISOString() ?? null))}::timestamptz[]) AS g("projectId", "name", "at")
      LEFT JOIN "Release" r ON r."projectId" = g."projectId" AND r."name" = g."name"
    ), "written" AS (
      INSERT INTO "Release" AS r ("projectId", "name", "firstSeenAt")
      SELECT g."projectId", g."name", g."at" FROM "given" g
      WHERE g."at" IS NOT NULL AND (g."firstSeenAt" IS NULL OR g."firstSeenAt" > g."at")
      ORDER BY g."projectId", g."name"
      ON CONFLICT ("projectId", "name") DO UPDATE SET "firstSeenAt" = LEAST(r."firstSeenAt", EXCLUDED."firstSeenAt")
    )
    SELECT g."projectId", g."name", LEAST(g."firstSeenAt", g."at") AS "firstSeenAt" FROM "given" g
    WHERE g."firstSeenAt" IS NOT NULL OR g."at" IS NOT NULL`;
  return new Map(
    rows.map(({ projectId, name, firstSeenAt }) => [
      `${projectId} ${name}`,
      { name, firstSeenMs: firstSeenAt.getTime() },
    ]),
  );
}
