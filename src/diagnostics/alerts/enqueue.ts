import type { Delivery, Prisma } from '../../generated/prisma/client.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { admit, type Cap } from './caps.ts';
import { deliverJob } from './jobs.ts';
import type { Raised } from './raise.ts';

type New = Prisma.DeliveryCreateManyInput &
  Pick<Delivery, 'id' | 'projectId' | 'dueAt' | 'createdAt'>;

/** What goes and comes back in one transaction is told in this order. */
const followUpAfterMs = 1_000;

/** A message that wants to go out. */
type Wanted = Pick<Delivery, 'projectId' | 'channelId' | 'dueAt' | 'createdAt'> & {
  kind: 'ALERT' | 'FOLLOW_UP';
  alertId: string;
  /** `null` when it was deleted meanwhile: then nothing caps it. */
  ruleId: string | null;
};

/**
 * Writes the deliveries of new alerts into the outbox and sends for whoever delivers them. What is over
 * the cap of a rule and a channel is held for its digest.
 */
export async function enqueueAlerts(
  app: Pick<App, 'queue'>,
  tx: Tx,
  raised: Raised[],
): Promise<void> {
  const wanted = raised.flatMap(({ id: alertId, rule, at }) =>
    rule.channelIds.map((channelId): Wanted => {
      const when = { dueAt: at, createdAt: at };
      return {
        ...when,
        projectId: rule.projectId,
        channelId,
        alertId,
        ruleId: rule.id,
        kind: 'ALERT',
      };
    }),
  );
  await enqueueWithinCaps(app, tx, wanted);
}

/**
 * Tells where an alert was told that it is over, within the same caps. Alerts that only a digest told of
 * are not followed up.
 */
export async function enqueueFollowUps(
  app: Pick<App, 'queue'>,
  tx: Tx,
  alerts: { id: string; projectId: string }[],
  at: Date,
): Promise<void> {
  if (alerts.length === 0) return;
  const told = await tx.delivery.findMany({
    where: {
      alertId: { in: alerts.map(({ id }) => id) },
      kind: 'ALERT',
      state: { in: ['PENDING', 'SENT'] },
    },
    select: { projectId: true, channelId: true, alert: { select: { id: true, ruleId: true } } },
    orderBy: { id: 'asc' },
  });
  const dueAt = new Date(at.getTime() + followUpAfterMs);
  const wanted = told.flatMap(({ alert, ...where }): Wanted[] => {
    if (!alert) return [];
    const about = { alertId: alert.id, ruleId: alert.ruleId, kind: 'FOLLOW_UP' as const };
    return [{ ...where, ...about, dueAt, createdAt: at }];
  });
  await enqueueWithinCaps(app, tx, wanted);
}

async function enqueueWithinCaps(app: Pick<App, 'queue'>, tx: Tx, all: Wanted[]): Promise<void> {
  const channels = await keepChannels(
    tx,
    all.map(({ channelId }) => channelId),
  );
  const wanted = all.filter(({ channelId }) => channels.get(channelId)?.enabled);
  const pairs = wanted.flatMap(({ ruleId, channelId }) => (ruleId ? [{ ruleId, channelId }] : []));
  const caps = pairs.length > 0 ? await lockCaps(tx, pairs) : new Map<string, Cap>();
  const deliveries: New[] = [];
  for (const { ruleId, ...message } of wanted) {
    const { projectId, channelId, createdAt, dueAt } = message;
    const key = `${ruleId} ${channelId}`;
    const known = caps.get(key);
    const { how, cap, digestDueAt } = known
      ? admit(known, createdAt, newId())
      : { how: 'SEND', cap: uncapped, digestDueAt: dueAt };
    if (known) caps.set(key, cap);
    const digest = { projectId, channelId, createdAt, ruleId, dueAt: digestDueAt };
    if (how === 'BEGIN_DIGEST' && cap.digestId)
      deliveries.push({ ...digest, id: cap.digestId, kind: 'DIGEST', state: 'PENDING' });
    deliveries.push({
      ...message,
      id: newId(),
      state: how === 'SEND' ? 'PENDING' : 'HELD',
      digestId: cap.digestId,
      dueAt: how === 'SEND' ? dueAt : digestDueAt,
    });
  }
  if (caps.size > 0) await storeCaps(tx, caps);
  await enqueue(app, tx, deliveries);
}

const uncapped: Cap = { sentAt: [], digestId: null };

type Kept = { id: string; projectId: string; enabled: boolean };

/** Channels that are there, and cannot be deleted before the transaction ends. */
export async function keepChannels(
  tx: Pick<Tx, '$queryRaw'>,
  ids: string[],
): Promise<Map<string, Kept>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.$queryRaw<Kept[]>`
    SELECT "id"::text, "projectId"::text, "enabled" FROM "Channel" WHERE "id" = ANY(${ids}::uuid[])
    ORDER BY "id" FOR KEY SHARE`;
  return new Map(rows.map((row) => [row.id, row]));
}

async function enqueue({ queue }: Pick<App, 'queue'>, tx: Tx, deliveries: New[]): Promise<void> {
  if (deliveries.length === 0) return;
  await tx.delivery.createMany({ data: deliveries });
  await queue.sendAll(
    tx,
    deliverJob,
    deliveries
      .filter(({ state }) => state === 'PENDING')
      .map(({ id, projectId, dueAt, createdAt }) => ({
        payload: { projectId, deliveryId: id },
        afterSeconds: Math.max(0, Math.ceil((dueAt.getTime() - createdAt.getTime()) / 1_000)),
      })),
  );
}

/** What rules have sent, locked until the transaction ends; of deleted rules there is nothing. */
async function lockCaps(
  tx: Tx,
  pairs: { ruleId: string; channelId: string }[],
): Promise<Map<string, Cap>> {
  const rows = await tx.$queryRaw<(Cap & { ruleId: string; channelId: string })[]>`
    WITH "rule" AS MATERIALIZED (
      SELECT r."id" FROM "AlertRule" r WHERE r."id" = ANY(${pairs.map(({ ruleId }) => ruleId)}::uuid[])
      ORDER BY r."id" FOR KEY SHARE
    )
    INSERT INTO "AlertCap" ("ruleId", "channelId")
    SELECT DISTINCT p."ruleId", p."channelId"
    FROM unnest(${pairs.map(({ ruleId }) => ruleId)}::uuid[], ${pairs.map(({ channelId }) => channelId)}::uuid[])
      AS p("ruleId", "channelId") JOIN "rule" r ON r."id" = p."ruleId"
    ORDER BY 1, 2
    ON CONFLICT ("ruleId", "channelId") DO UPDATE SET "digestId" = "AlertCap"."digestId"
    RETURNING "ruleId"::text, "channelId"::text, "sentAt", "digestId"::text`;
  return new Map(
    rows.map(({ ruleId, channelId, sentAt, digestId }) => [
      `${ruleId} ${channelId}`,
      { sentAt: sentAt ?? [], digestId },
    ]),
  );
}

async function storeCaps(tx: Tx, caps: Map<string, Cap>): Promise<void> {
  const rows = [...caps].map(([key, { sentAt, digestId }]) => {
    const [ruleId = '', channelId = ''] = key.split(' ');
    const instants = sentAt.map((at) => at.toISOString()).join(',');
    return { ruleId, channelId, sentAt: `{${instants}}`, digestId };
  });
  await tx.$executeRaw`
    UPDATE "AlertCap" c SET "sentAt" = g."sentAt"::timestamptz[], "digestId" = g."digestId"
    FROM unnest(
      ${rows.map(({ ruleId }) => ruleId)}::uuid[], ${rows.map(({ channelId }) => channelId)}::uuid[],
      ${rows.map(({ sentAt }) => sentAt)}::text[], ${rows.map(({ digestId }) => digestId)}::uuid[]
    ) AS g("ruleId", "channelId", "sentAt", "digestId")
    WHERE c."ruleId" = g."ruleId" AND c."channelId" = g."channelId"`;
}
