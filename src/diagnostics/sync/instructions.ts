import type { SyncIssue } from '../../generated/prisma/client.ts';
import type { SyncInstructionState } from '../../generated/prisma/enums.ts';
import type { Instruction, InstructionOutcome } from '../../lib/sync/client.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { redactWords } from '../../privacy/redact.ts';
import { clientOf } from './clients.ts';
import { openCopy } from './copies.ts';
import { SyncIssueNotFoundError } from './errors.ts';
import { cancelWaiting, changeIssue, lockIssue } from './issues.ts';
import { Vector } from './versions.ts';

type Needs = Pick<App, 'db' | 'keys' | 'pubsub' | 'queue'>;
type Proof = { id: string; token: string };

const atOnceMost = 100;

/**
 * What waits for a client, oldest first, with the exact copies: only who knows the client's token gets
 * them.
 *
 * @throws {SyncClientNotFoundError}
 */
export async function waitingInstructions(
  app: Pick<Needs, 'db' | 'keys'>,
  projectId: string,
  proof: Proof,
): Promise<Instruction[]> {
  const client = await clientOf(app, projectId, proof);
  const rows = await app.db.syncInstruction.findMany({
    where: { clientId: client.id, state: 'WAITING' },
    include: { issue: { include: { copies: true } } },
    orderBy: { id: 'asc' },
    take: atOnceMost,
  });
  return rows.map(({ issue, side, vector, ...row }) => {
    const copy = issue.copies.find((one) => one.side === side);
    return {
      ...{ id: row.id, kind: row.kind, entityType: issue.entityType, entityId: issue.entityId },
      value: copy ? openCopy(app, issue, copy).value : null,
      vector: vector === null ? null : Vector.parse(vector),
      ...{ expectedHash: row.expectedHash, operation: row.operation, settlesAs: row.settlesAs },
      ...{ keys: row.keys, reason: row.reason },
    };
  });
}

/**
 * Takes note of what became of an instruction; a repeat, and what was cancelled meanwhile, changes nothing.
 * When all of a resolution are done, it is applied; when a copy had changed, the issue is open again.
 *
 * @throws {SyncClientNotFoundError} @throws {SyncIssueNotFoundError} there is no such instruction for it
 */
export async function acknowledgeSyncInstruction(
  app: Needs,
  projectId: string,
  { client: proof, id, outcome }: { client: Proof; id: string; outcome: InstructionOutcome },
): Promise<{ issueId: string; state: SyncInstructionState }> {
  const client = await clientOf(app, projectId, proof);
  return app.db.$transaction(async (tx) => {
    const given = await tx.syncInstruction.findFirst({ where: { id, clientId: client.id } });
    const issue = given && (await lockIssue(tx, given.issueId));
    if (!issue) throw new SyncIssueNotFoundError(id);
    const detail = redactWords(outcome.detail)?.slice(0, 1_000) ?? null;
    const { count } = await tx.syncInstruction.updateMany({
      where: { id, state: 'WAITING' },
      data: { state: outcome.state, detail, answeredAt: new Date() },
    });
    if (count === 1)
      await advance(app, tx, issue, {
        ...{ clientId: client.id, isDone: outcome.state === 'DONE', detail },
        round: given.round,
      });
    const now = await tx.syncInstruction.findUniqueOrThrow({ where: { id } });
    return { issueId: issue.id, state: now.state };
  });
}

async function advance(
  app: Needs,
  tx: Tx,
  issue: SyncIssue,
  {
    clientId,
    round,
    isDone,
    detail,
  }: { clientId: string; round: number; isDone: boolean; detail: string | null },
): Promise<void> {
  if (issue.state !== 'RESOLVING' && issue.state !== 'UNDOING') return; // closed by a digest meanwhile
  if (!isDone) {
    await cancelWaiting(tx, issue.id);
    await changeIssue(app, tx, issue, {
      action: 'REOPENED',
      set: { state: 'OPEN', strategy: null },
      ...{ signal: 'sync.updated', actorId: clientId },
      detail: detail ?? 'A client could not carry it out.',
    });
    return;
  }
  const left = await tx.syncInstruction.findMany({
    where: { issueId: issue.id, round },
    select: { state: true, kind: true },
  });
  if (left.some(({ state }) => state === 'WAITING')) return;
  // What was compared before says nothing of what they hold now.
  const { projectId, entityType, entityId } = issue;
  await tx.syncPair.updateMany({
    where: { projectId, entityType, entityId: { in: ['', entityId] } },
    data: { streak: 0 },
  });
  const isFreeze = left.every(({ kind }) => kind === 'FREEZE');
  if (isFreeze) return; // a person is still to decide
  await changeIssue(app, tx, issue, {
    action: 'ACKNOWLEDGED',
    set:
      issue.state === 'UNDOING'
        ? { state: 'OPEN', strategy: null }
        : { state: 'APPLIED', appliedAt: new Date() },
    ...{ signal: 'sync.updated', actorId: clientId },
  });
}
