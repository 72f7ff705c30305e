import type { ReportCategory } from '../../contract/report.ts';
import { syncLimits } from '../../contract/sync.ts';
import type { SyncIssue } from '../../generated/prisma/client.ts';
import type {
  SyncIssueAction,
  SyncIssueState,
  SyncIssueType,
  SyncStrategy,
} from '../../generated/prisma/enums.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import type { Signal } from '../signals.ts';
import { stateSignals } from '../state-signals.ts';

/** This server, as one of two sides. */
export const thisServer = '00000000-0000-0000-0000-000000000000';

/** What disagrees, and between whom. */
export type Disagreement = {
  projectId: string;
  type: SyncIssueType;
  entityType: string;
  entityId: string;
  /** What was seen, without any content. */
  message: string;
  /** The client whose copy or operation it is about, and the one with the other copy; `null` for this server. */
  sourceId?: string | null;
  targetId?: string | null;
  operation?: number | null;
  keys?: string[];
};

type Needs = Pick<App, 'pubsub' | 'queue'>;

/**
 * Keeps that two copies disagree; the same disagreement again only raises its count. The message says
 * what was seen and never holds content.
 */
async function recordSyncIssue(
  tx: Pick<Tx, 'syncIssue'>,
  disagreement: Disagreement,
): Promise<SyncIssue> {
  const { projectId, type, entityType, entityId, message } = disagreement;
  const { sourceId = null, targetId = null, operation = null } = disagreement;
  const between = sourceId ? `${sourceId}/${targetId ?? thisServer}` : '';
  const keys = (disagreement.keys ?? []).slice(0, syncLimits.keys);
  return tx.syncIssue.upsert({
    where: {
      projectId_type_entityType_entityId_between: {
        ...{ projectId, type, entityType, entityId, between },
      },
    },
    create: {
      ...{ id: newId(), projectId, type, entityType, entityId, between, message },
      ...{ sourceId, targetId, operation, keys },
    },
    update: {
      seenCount: { increment: 1 },
      lastSeenAt: new Date(),
      ...(operation === null ? {} : { operation }),
      ...(keys.length > 0 ? { keys } : {}),
    },
  });
}

/**
 * Records the disagreement with its history, and says so to followers and alert rules when it is new, was
 * closed, or is there still though its resolution was applied. One whose resolution is under way stays as
 * it is.
 */
export async function openIssue(
  app: Needs,
  tx: Tx,
  disagreement: Disagreement,
): Promise<SyncIssue> {
  const issue = await recordSyncIssue(tx, disagreement);
  const isNew = issue.seenCount === 1;
  if (!isNew && issue.state !== 'CLOSED' && issue.state !== 'APPLIED') return issue;
  return changeIssue(app, tx, issue, {
    action: isNew ? 'OPENED' : 'REOPENED',
    set: { state: 'OPEN', ...(isNew ? {} : { strategy: null, appliedAt: null, closedAt: null }) },
    signal: 'sync.diverged',
  });
}

export type IssueChange = {
  action: SyncIssueAction;
  set: Partial<
    Pick<
      SyncIssue,
      'state' | 'strategy' | 'appliedAt' | 'closedAt' | 'generation' | 'wrapped' | 'operation'
    >
  > & { state: SyncIssueState; strategy?: SyncStrategy | null };
  signal: Signal['kind'] | null;
  actorId?: string | null;
  operation?: { id: string; inputHash: Uint8Array<ArrayBuffer> };
  detail?: string | null;
};

/** Changes an issue that this transaction holds: its version, its history, its followers, its alerts. */
export async function changeIssue(
  app: Needs,
  tx: Tx,
  before: SyncIssue,
  { action, set, signal, actorId, operation, detail }: IssueChange,
): Promise<SyncIssue> {
  const { id, projectId } = before;
  const { wrapped, ...fields } = set;
  const issue = await tx.syncIssue.update({
    where: { id },
    data: {
      ...fields,
      ...(wrapped ? { wrapped: new Uint8Array(wrapped) } : {}),
      version: { increment: action === 'OPENED' ? 0 : 1 },
    },
  });
  await tx.syncIssueChange.create({
    data: {
      ...{ id: newId(), issueId: id, version: issue.version, action, state: issue.state },
      ...{ strategy: issue.strategy, actorId: actorId ?? null, detail: detail ?? null },
      operationId: operation?.id ?? null,
      inputHash: operation?.inputHash ?? null,
    },
    select: { id: true },
  });
  await app.pubsub.notify(tx, { topic: 'sync', projectId, subjectId: id });
  if (signal) await stateSignals(app, tx, [await signalOf(tx, issue, signal)]);
  return issue;
}

/** Takes the issue's row for this transaction. */
export async function lockIssue(tx: Tx, issueId: string): Promise<SyncIssue | null> {
  await tx.$queryRaw`SELECT 1 FROM "SyncIssue" WHERE "id" = ${issueId}::uuid FOR NO KEY UPDATE`;
  return tx.syncIssue.findUnique({ where: { id: issueId } });
}

/** Two sides that hold the same of an entity. The empty entity id stands for all of the type. */
export type Agreement = { entityType: string; entityId: string; sides: [string, string] };

/**
 * Digests agree again: issues of the entities between the two sides are over, resolved or not. What froze
 * is thawed.
 *
 * @param at when the newer of the takes arrived: what was seen or applied later is not over
 */
export async function closeAgreed(
  app: Needs,
  tx: Tx,
  { projectId, agreed, at }: { projectId: string; agreed: Agreement[]; at: Date },
): Promise<number> {
  if (agreed.length === 0) return 0;
  const found = await tx.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT i."id" FROM "SyncIssue" i
    JOIN unnest(
      ${agreed.map(({ entityType }) => entityType)}::text[], ${agreed.map(({ entityId }) => entityId)}::text[],
      ${agreed.map(({ sides: [a, b] }) => `${a}/${b}`)}::text[], ${agreed.map(({ sides: [a, b] }) => `${b}/${a}`)}::text[]
    ) AS g("type", "id", "there", "back")
      ON i."entityType" = g."type" AND (g."id" = '' OR i."entityId" = g."id")
        -- An issue without another side that is known is over when its client agrees with any.
        AND (i."between" IN (g."there", g."back")
          OR i."targetId" IS NULL AND i."sourceId"::text IN (split_part(g."there", '/', 1), split_part(g."back", '/', 1)))
    WHERE i."projectId" = ${projectId}::uuid AND i."state" <> 'CLOSED' AND i."lastSeenAt" <= ${at}
      AND (i."appliedAt" IS NULL OR i."appliedAt" <= ${at})
    ORDER BY i."id" LIMIT 1000`;
  return closeIssues(
    app,
    tx,
    found.map(({ id }) => id),
  );
}

/** A client's sequence of which a checkpoint shows nothing more of these kinds. */
export type Continued = { clientId: string; stream: string; types: SyncIssueType[] };

/** What a checkpoint no longer shows of sequences is over, resolved or not. */
export async function closeContinued(
  app: Needs,
  tx: Tx,
  { entityType, continued }: { entityType: string; continued: Continued[] },
): Promise<number> {
  const pairs = continued.flatMap(({ types, ...one }) => types.map((type) => ({ ...one, type })));
  if (pairs.length === 0) return 0;
  const found = await tx.$queryRaw<{ id: string }[]>`
    SELECT i."id" FROM "SyncIssue" i
    JOIN unnest(
      ${pairs.map(({ clientId }) => clientId)}::uuid[], ${pairs.map(({ stream }) => stream)}::text[],
      ${pairs.map(({ type }) => type)}::text[]
    ) AS g("client", "stream", "type")
      ON i."sourceId" = g."client" AND i."entityId" = g."stream" AND i."type" = g."type"::"SyncIssueType"
    WHERE i."entityType" = ${entityType} AND i."state" <> 'CLOSED'
    ORDER BY i."id" LIMIT 1000`;
  return closeIssues(
    app,
    tx,
    found.map(({ id }) => id),
  );
}

/** Closes issues, in the order of their ids. What is being carried out would change a copy that agrees now, and what froze is thawed. */
async function closeIssues(app: Needs, tx: Tx, ids: string[]): Promise<number> {
  let closed = 0;
  for (const id of ids) {
    const issue = await lockIssue(tx, id);
    if (!issue || issue.state === 'CLOSED') continue;
    await cancelWaiting(tx, id);
    if (issue.strategy === 'MANUAL' && issue.sourceId)
      await tx.syncInstruction.create({
        data: {
          ...{ id: newId(), issueId: id, clientId: issue.sourceId },
          ...{ round: issue.version + 1, kind: 'THAW' as const, keys: [] },
        },
        select: { id: true },
      });
    await changeIssue(app, tx, issue, {
      action: 'CLOSED',
      set: { state: 'CLOSED', closedAt: new Date() },
      signal: 'sync.resolved',
    });
    closed += 1;
  }
  return closed;
}

/** What was asked of clients and not carried out yet is asked no more. */
export async function cancelWaiting(tx: Tx, issueId: string): Promise<void> {
  await tx.syncInstruction.updateMany({
    where: { issueId, state: 'WAITING', kind: { not: 'THAW' } },
    data: { state: 'CANCELLED', answeredAt: new Date() },
  });
}

const categories: Record<SyncIssueType, ReportCategory> = {
  CONFLICT: 'SYNC_CONFLICT',
  DIVERGENCE: 'SYNC_CONFLICT',
  MISSING_DATA: 'SYNC_CONFLICT',
  ORDER_VIOLATION: 'SYNC_CONFLICT',
  VALIDATION_FAILED: 'VALIDATION_FAILED',
};

async function signalOf(tx: Tx, issue: SyncIssue, kind: Signal['kind']): Promise<Signal> {
  const { projectId, id, type, entityType, sourceId, createdAt, lastSeenAt, seenCount } = issue;
  const source = sourceId ? await tx.syncClient.findUnique({ where: { id: sourceId } }) : null;
  const conflicts = await tx.syncIssue.count({
    where: { projectId, sourceId, type: 'CONFLICT', state: { not: 'CLOSED' } },
  });
  return {
    ...{ projectId, kind, subjectId: id, category: categories[type] },
    title: `${type} of ${entityType}${source ? ` on ${source.name}` : ''}`.slice(0, 200),
    severity: kind === 'sync.resolved' ? 'INFO' : type === 'VALIDATION_FAILED' ? 'MEDIUM' : 'HIGH',
    source: source?.name ?? null,
    correlationId: null,
    clientId: sourceId,
    detail: {
      type,
      state: issue.state,
      strategy: issue.strategy,
      entityType,
      pendingOperations: source?.queueDepth ?? 0,
      lastSyncTimestamp: source?.agreedAt?.toISOString() ?? null,
      conflictCount: conflicts,
      offlineQueue: source && !source.isOnline ? source.queueDepth : 0,
    },
    seen: { count: seenCount, users: 0, firstAt: createdAt, lastAt: lastSeenAt },
  };
}
