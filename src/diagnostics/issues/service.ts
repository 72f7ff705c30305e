import type { ErrorIssue } from '../../generated/prisma/client.ts';
import type { ArchivedUntil, ResolvedIn } from '../../generated/prisma/enums.ts';
import type { Viewer } from '../../graphql/context.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { redactWords } from '../../privacy/redact.ts';
import { stateSignals } from '../state-signals.ts';
import { atWork, changeIssue, type IssueChangeInput } from './change.ts';
import { ErrorIssueStateError } from './errors.ts';
import { compareReleases } from './releases.ts';

type Needs = Pick<App, 'db' | 'pubsub' | 'queue'>;

/** How long an issue may be archived until a time, in days. */
const longestRestDays = 3_650;
const releasesConsidered = 500;

/**
 * Says that an issue is solved: now, by a release, or by the one after the newest known. It comes back
 * only with a report from a newer release, or, without releases, of something that happened later.
 *
 * @param release which one, for THIS_RELEASE; `null` for the newest known
 * @throws {InvalidInputError} a release is needed and none is known
 */
export async function resolveErrorIssue(
  app: Needs,
  viewer: Viewer,
  input: IssueChangeInput & { in: ResolvedIn; release: string | null },
): Promise<void> {
  await changeIssue(app, viewer, input, async (tx, issue) => {
    if (input.release !== null && input.in !== 'THIS_RELEASE')
      throw new InvalidInputError('input.release', 'Expected a release only with THIS_RELEASE.');
    const release = input.release ?? (await newestRelease(tx, issue));
    if (release === null && input.in !== 'NOW')
      throw new InvalidInputError(
        'input.in',
        `Expected NOW: no report of the project names a release, so ${input.in} would never end.`,
      );
    const now = new Date();
    await stateSignals(app, tx, [
      {
        projectId: issue.projectId,
        kind: 'issue.resolved',
        subjectId: issue.id,
        title: issue.title,
        severity: issue.severity,
        category: issue.category,
        source: issue.service ?? issue.platform,
        correlationId: null,
        detail: { in: input.in, release },
        seen: {
          count: Number(issue.count),
          users: issue.userCount,
          firstAt: issue.firstSeenAt,
          lastAt: issue.lastSeenAt,
        },
      },
    ]);
    return {
      data: {
        ...atWork,
        state: 'RESOLVED',
        resolvedIn: input.in,
        resolvedRelease: release,
        resolvedAt: now,
      },
      reason: reasonOf(input.in, release),
    };
  });
}

/**
 * Lays an issue to rest: for ever, or until a time, a number of further reports or users, or until it
 * escalates. Meanwhile it is counted and never regresses.
 *
 * @throws {InvalidInputError} the measure is missing, or there is one that does not belong
 */
export async function archiveErrorIssue(
  app: Needs,
  viewer: Viewer,
  input: IssueChangeInput & {
    until: ArchivedUntil;
    at: Date | null;
    count: number | null;
    users: number | null;
  },
): Promise<void> {
  const { until, at, count, users } = input;
  requireOnly(until, { TIME: ['at', at], COUNT: ['count', count], USERS: ['users', users] });
  const limit = Date.now() + longestRestDays * 86_400_000;
  if (at && !(at.getTime() > Date.now() && at.getTime() < limit))
    throw new InvalidInputError(
      'input.at',
      `Expected an instant in the next ${longestRestDays} days.`,
    );
  for (const [field, value] of [
    ['count', count],
    ['users', users],
  ] as const)
    if (value !== null && !(value >= 1 && value <= 1_000_000_000))
      throw new InvalidInputError(
        `input.${field}`,
        `Expected 1 to 1,000,000,000 for input.${field}, got ${value}.`,
      );
  await changeIssue(
    app,
    viewer,
    { ...input, at: at?.toISOString() ?? null },
    async (_tx, issue) => ({
      data: {
        ...atWork,
        state: 'ARCHIVED',
        archivedUntil: until,
        archivedUntilAt: at,
        archivedUntilCount: count === null ? null : issue.count + BigInt(count),
        archivedUntilUsers: users === null ? null : issue.userCount + users,
      },
      reason: restOf(until, { at, count, users }),
    }),
  );
}

/** Takes a resolution or a rest back. @throws {ErrorIssueStateError} the issue is open */
export async function reopenErrorIssue(
  app: Needs,
  viewer: Viewer,
  input: IssueChangeInput & { reason: string | null },
): Promise<void> {
  await changeIssue(app, viewer, input, async (_tx, { state }) => {
    if (state !== 'RESOLVED' && state !== 'ARCHIVED')
      throw new ErrorIssueStateError(state, 'RESOLVED or ARCHIVED');
    return {
      data: { ...atWork, state: 'ONGOING' },
      reason: redactWords(input.reason?.slice(0, 500)) ?? 'It was opened again.',
    };
  });
}

/** Says who looks after an issue. @throws {InvalidInputError} no member of the project */
export async function assignErrorIssue(
  app: Needs,
  viewer: Viewer,
  input: IssueChangeInput & { assigneeId: string | null },
): Promise<void> {
  const { assigneeId } = input;
  await changeIssue(app, viewer, input, async (tx) => {
    const { projectId } = viewer;
    const member = assigneeId
      ? await tx.membership.findUnique({
          where: { projectId_userId: { projectId, userId: assigneeId } },
        })
      : null;
    if (assigneeId && !member)
      throw new InvalidInputError('input.assigneeId', 'Expected a member of the project.');
    return {
      data: { assigneeId },
      reason: assigneeId ? 'Somebody looks after it.' : 'Nobody looks after it any more.',
    };
  });
}

/** The newest release that reports of the issue's part of the platform name; `null` without any. */
async function newestRelease(
  tx: Tx,
  { projectId, lastRelease }: ErrorIssue,
): Promise<string | null> {
  const rows = await tx.release.findMany({
    where: { projectId },
    orderBy: { firstSeenAt: 'desc' },
    take: releasesConsidered,
  });
  const part = partOf(lastRelease);
  const own = rows
    .filter(({ name }) => lastRelease === null || partOf(name) === part)
    .map(({ name, firstSeenAt }) => ({ name, firstSeenMs: firstSeenAt.getTime() }));
  return (
    own.reduce<(typeof own)[number] | null>(
      (a, b) => (a && compareReleases(a, b) >= 0 ? a : b),
      null,
    )?.name ?? lastRelease
  );
}

/** `web` of `web@1.2.3`; a platform with several parts has releases of each. */
function partOf(release: string | null): string {
  return /^(.+)@/.exec(release ?? '')?.[1] ?? '';
}

function requireOnly(
  until: ArchivedUntil,
  measures: Record<string, [field: string, value: unknown]>,
): void {
  for (const [kind, [field, value]] of Object.entries(measures)) {
    if (kind === until && value === null)
      throw new InvalidInputError(`input.${field}`, `Expected input.${field} with ${until}.`);
    if (kind !== until && value !== null)
      throw new InvalidInputError(
        `input.${field}`,
        `Expected input.${field} only with ${kind}, not with ${until}.`,
      );
  }
}

function reasonOf(way: ResolvedIn, release: string | null): string {
  if (way === 'THIS_RELEASE') return `It is resolved in release ${release}.`;
  if (way === 'NEXT_RELEASE') return `It is resolved in the release after ${release}.`;
  return 'It is resolved.';
}

function restOf(
  until: ArchivedUntil,
  { at, count, users }: { at: Date | null; count: number | null; users: number | null },
): string {
  switch (until) {
    case 'FOREVER':
      return 'It is archived for ever.';
    case 'TIME':
      return `It is archived until ${at?.toISOString()}.`;
    case 'COUNT':
      return `It is archived for ${count} further reports.`;
    case 'USERS':
      return `It is archived for ${users} further users.`;
    case 'ESCALATION':
      return 'It is archived until it escalates.';
  }
}
