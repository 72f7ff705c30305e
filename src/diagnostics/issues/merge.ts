import type { ErrorIssue } from '../../generated/prisma/client.ts';
import type { Viewer } from '../../graphql/context.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { isDuplicate, type Tx } from '../../platform/db.ts';
import { handOnAlerts } from '../alerts/watches.ts';
import { changeIssue, type IssueChangeInput, writeChange } from './change.ts';
import { ErrorIssueIdTakenError, ErrorIssueMergedError } from './errors.ts';
import { newForMs } from './life-cycle.ts';
import { compareReleases } from './releases.ts';

const maxMerged = 50;

/**
 * Gives an issue the reports of others: past ones at once, as their fingerprints move, and future ones
 * with them, as do their alerts. The others stay as pointers.
 *
 * @throws {InvalidInputError} none, too many, or the issue itself among them
 * @throws {ErrorIssueMergedError} one was merged before
 */
export async function mergeErrorIssues(
  app: Pick<App, 'db'>,
  viewer: Viewer,
  input: IssueChangeInput & { sourceIds: string[] },
): Promise<void> {
  const sourceIds = [...new Set(input.sourceIds)].sort();
  if (sourceIds.length === 0 || sourceIds.length > maxMerged)
    throw new InvalidInputError(
      'input.sourceIds',
      `Expected 1 to ${maxMerged} issues, got ${sourceIds.length}.`,
    );
  if (sourceIds.includes(input.issueId))
    throw new InvalidInputError('input.sourceIds', 'Expected other issues, got the issue itself.');
  await changeIssue(
    app,
    viewer,
    { ...input, sourceIds },
    async (tx, target, sources) => {
      for (const { id, mergedIntoId } of sources)
        if (mergedIntoId) throw new ErrorIssueMergedError(id, mergedIntoId);
      await tx.fingerprint.updateMany({
        where: { issueId: { in: sourceIds } },
        data: { issueId: target.id },
      });
      await tx.errorIssue.updateMany({
        where: { id: { in: sourceIds } },
        data: { mergedIntoId: target.id, count: 0n, userCount: 0, version: { increment: 1 } },
      });
      await tx.errorIssueChange.createMany({
        data: sources.map(({ id, state, version }) => ({
          ...{ id: newId(), issueId: id, state, version: version + 1, actorId: viewer.id },
          reason: `It was merged into ${target.id}.`,
        })),
      });
      await handOnAlerts(tx, { projectId: target.projectId, from: sourceIds, to: target.id });
      await recount(tx, [target.id]);
      return {
        data: await releasesOf(tx, [target, ...sources]),
        reason: `It took the reports of ${sourceIds.length} others.`,
      };
    },
    sourceIds,
  );
}

/**
 * Takes fingerprints out of an issue into a new one: past reports move with them, future ones follow.
 *
 * @param newIssueId made by the client
 * @throws {InvalidInputError} a fingerprint is not of this issue, or none would stay
 * @throws {ErrorIssueIdTakenError}
 */
export async function splitErrorIssue(
  app: Pick<App, 'db'>,
  viewer: Viewer,
  input: IssueChangeInput & { newIssueId: string; fingerprintIds: string[] },
): Promise<void> {
  const fingerprintIds = [...new Set(input.fingerprintIds)].sort();
  const { newIssueId } = input;
  await changeIssue(app, viewer, { ...input, fingerprintIds }, async (tx, issue) => {
    const held = await tx.fingerprint.count({ where: { issueId: issue.id } });
    const moving = await tx.fingerprint.findMany({
      where: { issueId: issue.id, id: { in: fingerprintIds } },
      orderBy: [{ lastSeenAt: 'desc' }, { id: 'desc' }],
    });
    const [first] = moving;
    if (!first || moving.length !== fingerprintIds.length)
      throw new InvalidInputError('input.fingerprintIds', 'Expected fingerprints of the issue.');
    if (moving.length === held)
      throw new InvalidInputError('input.fingerprintIds', 'Expected that one fingerprint stays.');
    const now = new Date();
    const firstSeenAt = new Date(Math.min(...moving.map((each) => each.firstSeenAt.getTime())));
    const isNew = now.getTime() - firstSeenAt.getTime() < newForMs;
    try {
      await tx.errorIssue.create({
        data: {
          id: newIssueId,
          projectId: issue.projectId,
          title: first.title,
          culprit: first.culprit,
          category: first.category,
          severity: first.severity,
          platform: first.platform,
          service: first.service,
          state: isNew ? 'NEW' : 'ONGOING',
          stateSince: now,
          firstSeenAt,
          lastSeenAt: first.lastSeenAt,
          firstRelease: issue.firstRelease,
          lastRelease: issue.lastRelease,
        },
        select: { id: true },
      });
    } catch (error) {
      if (isDuplicate(error)) throw new ErrorIssueIdTakenError(newIssueId);
      throw error;
    }
    await tx.fingerprint.updateMany({
      where: { id: { in: fingerprintIds } },
      data: { issueId: newIssueId },
    });
    await writeChange(
      tx,
      { id: newIssueId, version: 0, state: isNew ? 'NEW' : 'ONGOING' },
      { data: {}, reason: `It was split from ${issue.id}.` },
      viewer.id,
    );
    await recount(tx, [issue.id, newIssueId]);
    return { data: {}, reason: `${moving.length} of its fingerprints became ${newIssueId}.` };
  });
}

/** Totals of issues from their fingerprints. */
async function recount(tx: Tx, ids: string[]): Promise<void> {
  await tx.$executeRaw`
    UPDATE "ErrorIssue" i SET "count" = f."count", "severity" = f."severity", "firstSeenAt" = f."first", "lastSeenAt" = f."last",
      "userCount" = (SELECT count(DISTINCT u."userHash") FROM "FingerprintUser" u
        JOIN "Fingerprint" o ON o."id" = u."fingerprintId" WHERE o."issueId" = i."id")
    FROM (
      SELECT "issueId", sum("count") AS "count", min("severity") AS "severity", min("firstSeenAt") AS "first", max("lastSeenAt") AS "last"
      FROM "Fingerprint" WHERE "issueId" = ANY(${ids}::uuid[]) GROUP BY "issueId") f
    WHERE i."id" = f."issueId"`;
}

/** The oldest first and the newest last release of issues that become one. */
async function releasesOf(
  tx: Tx,
  issues: ErrorIssue[],
): Promise<Pick<ErrorIssue, 'firstRelease' | 'lastRelease'>> {
  const names = issues.flatMap(({ firstRelease, lastRelease }) => [firstRelease, lastRelease]);
  const rows = await tx.release.findMany({
    where: {
      projectId: issues[0]?.projectId ?? '',
      name: { in: names.filter((name) => name !== null) },
    },
  });
  const known = rows
    .map(({ name, firstSeenAt }) => ({ name, firstSeenMs: firstSeenAt.getTime() }))
    .sort(compareReleases);
  return { firstRelease: known[0]?.name ?? null, lastRelease: known.at(-1)?.name ?? null };
}
