import { createHash } from 'node:crypto';
import type { SyncIssue } from '../../generated/prisma/client.ts';
import type { SyncSide, SyncStrategy } from '../../generated/prisma/enums.ts';
import type { Viewer } from '../../graphql/context.ts';
import { canonicalJson } from '../../lib/canonical.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { sameBytes } from '../../platform/keys.ts';
import { redactWords } from '../../privacy/redact.ts';
import { keepCopies, type OpenCopy, openCopy } from './copies.ts';
import {
  SyncIssueChangedError,
  SyncIssueNotFoundError,
  SyncIssueStateError,
  SyncStrategyUnfitError,
} from './errors.ts';
import { cancelWaiting, changeIssue, lockIssue } from './issues.ts';
import { planOf, type Step, undoOf } from './plan.ts';

/** What every decision about an issue carries. */
export type Decision = {
  issueId: string;
  /** Made by the caller, new for each decision; a repeat of the same does nothing more. */
  operationId: string;
  /** The version that was looked at: of two who decide at once, one wins. */
  expectedVersion: number;
};

type Needs = Pick<App, 'db' | 'keys' | 'pubsub' | 'queue'>;
type Copies = Partial<Record<SyncSide, OpenCopy>>;

/**
 * Resolves an issue: instructions for its clients, which fetch, carry out and acknowledge them. Nothing is
 * over before the next digest agrees. Where no client takes part, there is nothing to wait for.
 *
 * @param value what both are to hold, for MANUAL; absent to freeze the entity until somebody decides
 * @throws {SyncIssueNotFoundError} @throws {SyncIssueChangedError} @throws {SyncIssueStateError}
 * @throws {SyncStrategyUnfitError} @throws {InvalidInputError} the operationId was used for another decision
 */
export async function resolveSyncIssue(
  app: Needs,
  viewer: Viewer,
  {
    strategy,
    reason,
    ...decision
  }: Decision & { strategy: SyncStrategy; value?: unknown; reason?: string | null },
): Promise<void> {
  const said = redactWords(reason);
  const asked = { strategy, reason: said, value: decision.value };
  await decide(app, viewer, decision, asked, async (tx, issue, copies, operation) => {
    const isFrozen = issue.strategy === 'MANUAL' && issue.state === 'RESOLVING';
    if (issue.state !== 'OPEN' && !isFrozen) throw new SyncIssueStateError(issue.state, 'OPEN');
    const decided = decision.value === undefined ? {} : { decided: { value: decision.value } };
    const plan = planOf({ issue, copies }, strategy, { ...decided, reason: said });
    await cancelWaiting(tx, issue.id);
    const result = plan.result && {
      ...{ side: 'RESULT' as const, format: 'JSON' as const },
      ...plan.result,
    };
    const key = result ? await keepCopies(app, tx, issue, [result]) : null;
    await give(app, tx, issue, plan.steps);
    const isOver = plan.steps.length === 0;
    await changeIssue(app, tx, issue, {
      action: 'RESOLVED',
      set: {
        state: isOver ? 'CLOSED' : 'RESOLVING',
        ...{ strategy: plan.strategy, appliedAt: null, ...key },
        ...(isOver ? { closedAt: new Date() } : {}),
      },
      ...{ signal: isOver ? 'sync.resolved' : 'sync.updated', actorId: viewer.id, operation },
      detail:
        plan.overlaps.length > 0
          ? `${plan.overlaps.length} fields overlap: for a person to decide.`
          : said,
    });
  });
}

/**
 * Gives each side back what it held before the resolution; the issue is open again when they have it.
 *
 * @throws {SyncIssueNotFoundError} @throws {SyncIssueChangedError} @throws {SyncIssueStateError}
 * @throws {SyncStrategyUnfitError} what was replaced is not known here
 */
export async function undoSyncResolution(
  app: Needs,
  viewer: Viewer,
  decision: Decision,
): Promise<void> {
  await decide(app, viewer, decision, { undo: true }, async (tx, issue, copies, operation) => {
    if (issue.strategy === null || issue.state === 'OPEN' || issue.state === 'UNDOING')
      throw new SyncIssueStateError(issue.state, 'resolved');
    const round = await lastRound(tx, issue.id);
    if (round.length === 0)
      throw new SyncStrategyUnfitError('Expected a resolution that clients carried out, got none.');
    const steps = undoOf({ issue, copies }, round);
    await cancelWaiting(tx, issue.id);
    await give(app, tx, issue, steps);
    // What each holds then is on top of what it is given back from.
    for (const { side, vector } of steps)
      if (side && vector)
        await tx.syncCopy.update({
          where: { issueId_side: { issueId: issue.id, side } },
          data: { vector },
          select: { side: true },
        });
    await changeIssue(app, tx, issue, {
      action: 'UNDONE',
      set: { state: 'UNDOING', appliedAt: null, closedAt: null },
      ...{ signal: 'sync.updated', actorId: viewer.id, operation },
    });
  });
}

type Operation = { id: string; inputHash: Uint8Array<ArrayBuffer> };

/** Finds the issue, looks the operation up before the version is compared, locks, decides: one transaction. */
async function decide(
  app: Needs,
  viewer: Viewer,
  { issueId, operationId, expectedVersion }: Decision,
  asked: object,
  apply: (tx: Tx, issue: SyncIssue, copies: Copies, operation: Operation) => Promise<void>,
): Promise<void> {
  const text = canonicalJson({ issueId, ...asked });
  const inputHash = new Uint8Array(createHash('sha256').update(text).digest());
  await app.db.$transaction(async (tx) => {
    const issue = await lockIssue(tx, issueId);
    if (issue?.projectId !== viewer.projectId) throw new SyncIssueNotFoundError(issueId);
    const before = await tx.syncIssueChange.findUnique({
      where: { issueId_operationId: { issueId, operationId } },
      select: { inputHash: true },
    });
    if (before) {
      if (before.inputHash && sameBytes(before.inputHash, inputHash)) return;
      throw new InvalidInputError(
        'input.operationId',
        `Expected a new operationId for a new decision, ${operationId} was used for another one.`,
      );
    }
    if (expectedVersion !== issue.version)
      throw new SyncIssueChangedError(issueId, expectedVersion, issue.version);
    const rows = await tx.syncCopy.findMany({ where: { issueId } });
    const copies = Object.fromEntries(rows.map((row) => [row.side, openCopy(app, issue, row)]));
    await apply(tx, issue, copies, { id: operationId, inputHash });
  });
}

async function give(
  { pubsub }: Pick<App, 'pubsub'>,
  tx: Tx,
  issue: SyncIssue,
  steps: Step[],
): Promise<void> {
  const { projectId } = issue;
  await tx.syncInstruction.createMany({
    data: steps.map(({ vector, ...step }) => ({
      ...{ id: newId(), issueId: issue.id, round: issue.version + 1, keys: issue.keys },
      ...step,
      ...(vector ? { vector } : {}),
    })),
  });
  for (const { clientId } of steps)
    await pubsub.notify(tx, { topic: 'instructions', projectId, subjectId: clientId });
}

/** What the last resolution asked for, whether it was carried out or not. */
async function lastRound(tx: Tx, issueId: string) {
  const rows = await tx.syncInstruction.findMany({
    where: { issueId },
    orderBy: { id: 'desc' },
    take: 20,
    select: { clientId: true, kind: true, side: true, round: true },
  });
  return rows.filter(({ round }) => round === rows[0]?.round);
}
