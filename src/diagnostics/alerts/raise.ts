import type { AlertRule } from '../../generated/prisma/client.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import type { Signal, SignalKind } from '../signals.ts';
import { enqueueAlerts, enqueueFollowUps } from './enqueue.ts';
import { judge, type Watch } from './judge.ts';
import { concerns, type Rule, Tags } from './rule.ts';
import { countUsers } from './users.ts';
import { keyOf, lockWatches, resetWatches, storeWatches } from './watches.ts';

const endings: ReadonlySet<SignalKind> = new Set([
  'issue.resolved',
  'sync.resolved',
  'queue.moved',
]);
const neverJudged: ReadonlySet<SignalKind> = new Set([
  'contract.checked',
  'sync.updated',
  'performance',
]);

/** An alert to be stored, and where it is told. */
export type Raised = { id: string; rule: Rule & { name: string }; signal: Signal; at: Date };

/**
 * Lets the rules of the signals' projects judge them, in order, in the transaction that states them. An
 * alert is a row with its deliveries; what ends is followed up where it was told.
 */
export async function raiseAlerts(
  app: Pick<App, 'pubsub' | 'queue'>,
  tx: Tx,
  signals: Signal[],
  at: Date,
): Promise<void> {
  const judged = signals.filter(({ kind }) => !neverJudged.has(kind));
  if (judged.length === 0) return;
  const rules = await tx.alertRule.findMany({
    where: {
      projectId: { in: [...new Set(judged.map(({ projectId }) => projectId))] },
      enabled: true,
    },
    orderBy: { id: 'asc' },
  });
  const ended = judged.filter(({ kind }) => endings.has(kind));
  const matches = rules
    .map(ruleOf)
    .flatMap((rule) =>
      judged.flatMap((signal) => (concerns(rule, signal, at) ? [{ rule, signal }] : [])),
    );
  const { raised, clearedBefore, clearedAfter } = await judgeAll(tx, matches, at);
  await endAlerts(app, tx, clearedBefore, at);
  await storeAlerts(app, tx, raised);
  await endAlerts(app, tx, [...clearedAfter, ...ended], at);
}

async function judgeAll(
  tx: Tx,
  matches: { rule: Raised['rule']; signal: Signal }[],
  at: Date,
): Promise<{ raised: Raised[]; clearedBefore: Ended[]; clearedAfter: Ended[] }> {
  const raised: Raised[] = [];
  const clearedBefore: Ended[] = [];
  const clearedAfter: Ended[] = [];
  if (matches.length === 0) return { raised, clearedBefore, clearedAfter };
  const watches = await lockWatches(
    tx,
    matches.map(({ rule, signal }) => ({ ruleId: rule.id, subjectId: signal.subjectId })),
  );
  const live = matches.filter(({ rule, signal }) =>
    watches.has(keyOf({ ruleId: rule.id, subjectId: signal.subjectId })),
  );
  const users = await countUsers(tx, live, at);
  const judged = new Set<string>();
  const fresh = new Set<string>();
  for (const { rule, signal: given } of live) {
    const { subjectId, projectId, seen } = given;
    const key = keyOf({ ruleId: rule.id, subjectId });
    const within = users.get(key);
    const signal = seen && within ? { ...given, seen: { ...seen, users: within.after } } : given;
    const known = watches.get(key) ?? unwatched;
    const usersBefore = judged.has(key) ? within?.after : within?.before;
    const { verdict, watch } = judge(rule, signal, known, at, usersBefore);
    judged.add(key);
    watches.set(key, watch);
    // What ends is an alert from before, or one of this very transaction.
    if (verdict === 'CLEARS' || verdict === 'FIRES_ANEW')
      (fresh.has(key) ? clearedAfter : clearedBefore).push({
        projectId,
        subjectId,
        ruleId: rule.id,
      });
    if (verdict !== 'FIRES' && verdict !== 'FIRES_ANEW') continue;
    fresh.add(key);
    raised.push({ id: newId(), rule, signal, at });
  }
  await storeWatches(tx, watches);
  return { raised, clearedBefore, clearedAfter };
}

const unwatched: Watch = { counts: [], sliceAt: null, isOver: false, firedAt: null };

async function storeAlerts(
  app: Pick<App, 'pubsub' | 'queue'>,
  tx: Tx,
  raised: Raised[],
): Promise<void> {
  if (raised.length === 0) return;
  await tx.alert.createMany({
    data: raised.map(({ id, rule, at, signal }) => ({
      id,
      projectId: rule.projectId,
      ruleId: rule.id,
      ruleName: rule.name,
      trigger: rule.trigger,
      subjectId: signal.subjectId,
      title: signal.title,
      severity: signal.severity,
      category: signal.category,
      source: signal.source,
      correlationId: signal.correlationId,
      count: signal.seen?.count ?? null,
      users: signal.seen?.users ?? null,
      firstSeenAt: signal.seen?.firstAt ?? null,
      lastSeenAt: signal.seen?.lastAt ?? null,
      detail: signal.detail,
      raisedAt: at,
    })),
  });
  await enqueueAlerts(app, tx, raised);
  await announce(
    app,
    tx,
    raised.map(({ id, rule }) => ({ id, projectId: rule.projectId })),
  );
}

/** What is over: everything about a thing, or what one rule said of it. */
type Ended = { projectId: string; subjectId: string; ruleId?: string };

async function endAlerts(
  app: Pick<App, 'pubsub' | 'queue'>,
  tx: Tx,
  ended: Ended[],
  at: Date,
): Promise<void> {
  if (ended.length === 0) return;
  const whole = ended.filter(({ ruleId }) => !ruleId).map(({ subjectId }) => subjectId);
  if (whole.length > 0) await resetWatches(tx, whole);
  const alerts = await tx.alert.updateManyAndReturn({
    where: {
      state: 'OPEN',
      OR: ended.map(({ projectId, subjectId, ruleId }) => ({
        projectId,
        subjectId,
        ...(ruleId ? { ruleId } : {}),
      })),
    },
    data: { state: 'RESOLVED', resolvedAt: at },
    select: { id: true, projectId: true },
  });
  await enqueueFollowUps(app, tx, alerts, at);
  await announce(app, tx, alerts);
}

async function announce(
  { pubsub }: Pick<App, 'pubsub'>,
  tx: Tx,
  alerts: { id: string; projectId: string }[],
): Promise<void> {
  await pubsub.notifyAll(
    tx,
    alerts.map(({ id, projectId }) => ({ topic: 'alert' as const, projectId, subjectId: id })),
  );
}

function ruleOf({ tags, ...rule }: AlertRule): Raised['rule'] {
  return { ...rule, tags: Tags.parse(tags) };
}
