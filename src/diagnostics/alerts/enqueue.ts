import type { Prisma } from '../../generated/prisma/client.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { admit, type Cap } from './caps.ts';
import { deliverJob } from './jobs.ts';
import type { Raised } from './raise.ts';

type New = Prisma.DeliveryCreateManyInput & { id: string; projectId: string; dueAt: Date };

/** What goes and comes back in one transaction is told in this order. */
const followUpAfterMs = 1_000;

/**
 * Writes the deliveries of new alerts into the outbox and sends for whoever delivers them. What is over
 * the cap of a rule and a channel is held for its digest.
 */
export async function enqueueAlerts(
  app: Pick<App, 'queue'>,
  tx: Tx,
  raised: Raised[],
): Promise<void> {
  const pairs = raised.flatMap(({ rule }) =>
    rule.channelIds.map((channelId) => ({ ruleId: rule.id, channelId })),
  );
  if (pairs.length === 0) return;
  const open = await tx.channel.findMany({
    where: { id: { in: pairs.map(({ channelId }) => channelId) }, enabled: true },
    select: { id: true },
  });
  const isOpen = new Set(open.map(({ id }) => id));
  const caps = await lockCaps(tx, pairs);
  const deliveries: New[] = [];
  for (const { id: alertId, rule, at } of raised)
    for (const channelId of rule.channelIds) {
      if (!isOpen.has(channelId)) continue;
      const key = `${rule.id} ${channelId}`;
      const { how, cap, digestDueAt } = admit(
        caps.get(key) ?? { sentAt: [], digestId: null },
        at,
        newId(),
      );
      caps.set(key, cap);
      const own = { projectId: rule.projectId, channelId, createdAt: at };
      if (how === 'BEGIN_DIGEST' && cap.digestId)
        deliveries.push({
          ...own,
          id: cap.digestId,
          kind: 'DIGEST',
          state: 'PENDING',
          ruleId: rule.id,
          dueAt: digestDueAt,
        });
      deliveries.push({
        ...own,
        id: newId(),
        kind: 'ALERT',
        state: how === 'SEND' ? 'PENDING' : 'HELD',
        alertId,
        digestId: cap.digestId,
        dueAt: how === 'SEND' ? at : digestDueAt,
      });
    }
  await storeCaps(tx, caps);
  await enqueue(app, tx, deliveries, raised[0]?.at ?? new Date());
}

/** Tells where an alert was told that it is over. Alerts that only a digest told of are not followed up. */
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
      channel: { enabled: true },
    },
    select: { projectId: true, channelId: true, alertId: true },
  });
  const deliveries = told.map((where) => ({
    ...where,
    id: newId(),
    kind: 'FOLLOW_UP' as const,
    state: 'PENDING' as const,
    dueAt: new Date(at.getTime() + followUpAfterMs),
    createdAt: at,
  }));
  await enqueue(app, tx, deliveries, at);
}

async function enqueue(
  { queue }: Pick<App, 'queue'>,
  tx: Tx,
  deliveries: New[],
  at: Date,
): Promise<void> {
  if (deliveries.length === 0) return;
  await tx.delivery.createMany({ data: deliveries });
  for (const { id, projectId, state, dueAt } of deliveries)
    if (state === 'PENDING')
      await queue.send(
        tx,
        deliverJob,
        { projectId, deliveryId: id },
        { afterSeconds: Math.max(0, Math.ceil((dueAt.getTime() - at.getTime()) / 1_000)) },
      );
}

async function lockCaps(
  tx: Tx,
  pairs: { ruleId: string; channelId: string }[],
): Promise<Map<string, Cap>> {
  const rows = await tx.$queryRaw<(Cap & { ruleId: string; channelId: string })[]>`
    INSERT INTO "AlertCap" ("ruleId", "channelId")
    SELECT DISTINCT p."ruleId", p."channelId"
    FROM unnest(${pairs.map(({ ruleId }) => ruleId)}::uuid[], ${pairs.map(({ channelId }) => channelId)}::uuid[])
      AS p("ruleId", "channelId")
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
