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
  if (signal) await stateSignals(app, tx, await signalsOf(tx, [issue], signal));
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

/**
 * Closes issues. What is being carried out would change a copy that agrees now, and what froze is thawed.
 * As many statements for many as for one.
 */
async function closeIssues(app: Needs, tx: Tx, ids: string[]): Promise<number> {
  if (ids.length === 0) return 0;
  await tx.$queryRaw`SELECT 1 FROM "SyncIssue" WHERE "id" = ANY(${ids}::uuid[]) ORDER BY "id" FOR NO KEY UPDATE`;
  const where = { id: { in: ids }, state: { not: 'CLOSED' as const } };
  const before = await tx.syncIssue.findMany({ where, orderBy: { id: 'asc' } });
  const closing = { in: before.map(({ id }) => id) };
  await cancelWaiting(tx, closing);
  const frozen = before.flatMap(({ id, strategy, sourceId, version, projectId }) =>
    strategy === 'MANUAL' && sourceId ? [{ id, clientId: sourceId, version, projectId }] : [],
  );
  await tx.syncInstruction.createMany({
    data: frozen.map(({ id: issueId, clientId, version }) => ({
      ...{ id: newId(), issueId, clientId, round: version + 1, kind: 'THAW' as const, keys: [] },
    })),
  });
  const issues = await tx.syncIssue.updateManyAndReturn({
    where: { id: closing },
    data: { state: 'CLOSED', closedAt: new Date(), version: { increment: 1 } },
  });
  await tx.syncIssueChange.createMany({
    data: issues.map(({ id: issueId, version, state, strategy }) => ({
      ...{ id: newId(), issueId, version, action: 'CLOSED' as const, state, strategy },
    })),
  });
  await app.pubsub.notifyAll(tx, [
    ...issues.map(({ id: subjectId, projectId }) => ({
      ...{ topic: 'sync' as const, projectId, subjectId },
    })),
    ...frozen.map(({ clientId: subjectId, projectId }) => ({
      ...{ topic: 'instructions' as const, projectId, subjectId },
    })),
  ]);
  await stateSignals(app, tx, await signalsOf(tx, issues, 'sync.resolved'));
  return issues.length;
}

/** What was asked of clients and not carried out yet is asked no more. */
export async function cancelWaiting(tx: Tx, issueId: string | { in: string[] }): Promise<void> {
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

/** What is said of issues, with the state of their clients. Two statements for any number. */
async function signalsOf(tx: Tx, issues: SyncIssue[], kind: Signal['kind']): Promise<Signal[]> {
  const sourceIds = [...new Set(issues.flatMap(({ sourceId }) => sourceId ?? []))];
  const sources = await tx.syncClient.findMany({ where: { id: { in: sourceIds } } });
  const conflicts = await tx.syncIssue.groupBy({
    by: ['sourceId'],
    where: { sourceId: { in: sourceIds }, type: 'CONFLICT', state: { not: 'CLOSED' } },
    _count: true,
  });
  const sourceOf = new Map(sources.map((source) => [source.id, source]));
  const conflictsOf = new Map(conflicts.map(({ sourceId, _count }) => [sourceId, _count]));
  return issues.map((issue): Signal => {
    const { projectId, id, type, entityType, sourceId, createdAt, lastSeenAt, seenCount } = issue;
    const source = sourceId ? sourceOf.get(sourceId) : undefined;
    return {
      ...{ projectId, kind, subjectId: id, category: categories[type] },
      title: `${type} of ${entityType}${source ? ` on ${source.name}` : ''}`.slice(0, 200),
      severity:
        kind === 'sync.resolved' ? 'INFO' : type === 'VALIDATION_FAILED' ? 'MEDIUM' : 'HIGH',
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
        conflictCount: conflictsOf.get(sourceId) ?? 0,
        offlineQueue: source && !source.isOnline ? source.queueDepth : 0,
      },
      seen: { count: seenCount, users: 0, firstAt: createdAt, lastAt: lastSeenAt },
    };
  });
}
