import { textArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { Transaction } from '../../platform/transactions.ts';
import { compareReleases, type KnownRelease } from '../issues/releases.ts';
import type { JudgedReport, LockedIssue } from './issues.ts';

/** Looks up a release of a project; one that nobody reported from counts as seen never. */
export type Releases = (projectId: string, name: string) => KnownRelease;

/**
 * Moves issues on to the newest release that they were seen in, and reads the releases that resolved ones
 * are compared with. Nearly always there is nothing to do.
 *
 * @param fresh stored before, their releases with them
 */
export async function moveReleases(tx: Transaction, fresh: JudgedReport[]): Promise<Releases> {
  const isMoving = ({ source: { release }, issue }: JudgedReport) =>
    release !== null && release !== issue.lastRelease;
  const isCompared = ({ issue }: JudgedReport) =>
    issue.state === 'RESOLVED' && issue.resolvedRelease !== null;
  const releases = await readReleases(
    tx,
    fresh.filter((report) => isMoving(report) || isCompared(report)),
  );
  const newest = new Map<LockedIssue, string>();
  for (const {
    issue,
    source: { projectId, release },
  } of fresh.filter(isMoving)) {
    const before = newest.get(issue) ?? issue.lastRelease;
    if (release === null) continue;
    const isNewer =
      before === null ||
      compareReleases(releases(projectId, release), releases(projectId, before)) >= 0;
    if (isNewer) newest.set(issue, release);
  }
  if (newest.size > 0)
    await tx.query({
      name: 'report-issues-release',
      text: `
        UPDATE "ErrorIssue" i SET "firstRelease" = coalesce(i."firstRelease", g."release"), "lastRelease" = g."release"
        FROM unnest($1::uuid[], $2::text[]) AS g("id", "release") WHERE i."id" = g."id"`,
      values: [uuidArray([...newest.keys()].map(({ id }) => id)), textArray([...newest.values()])],
    });
  return releases;
}

async function readReleases(tx: Transaction, reports: JudgedReport[]): Promise<Releases> {
  const named = new Map<string, { projectId: string; name: string }>();
  for (const {
    source: { projectId, release },
    issue,
  } of reports)
    for (const name of [release, issue.lastRelease, issue.resolvedRelease])
      if (name !== null) named.set(`${projectId} ${name}`, { projectId, name });
  const known = new Map<string, KnownRelease>();
  if (named.size > 0) {
    const { rows } = await tx.query<{ projectId: string; name: string; firstSeenAt: Date }>({
      name: 'report-releases',
      text: `
        SELECT r."projectId", r."name", r."firstSeenAt" FROM unnest($1::uuid[], $2::text[]) AS g("projectId", "name")
        JOIN "Release" r ON r."projectId" = g."projectId" AND r."name" = g."name"`,
      values: [
        uuidArray([...named.values()].map(({ projectId }) => projectId)),
        textArray([...named.values()].map(({ name }) => name)),
      ],
    });
    for (const { projectId, name, firstSeenAt } of rows)
      known.set(`${projectId} ${name}`, { name, firstSeenMs: firstSeenAt.getTime() });
  }
  return (projectId, name) =>
    known.get(`${projectId} ${name}`) ?? { name, firstSeenMs: Number.POSITIVE_INFINITY };
}
