import type { Delivery } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { digestOf, type Message, messageOf } from './message.ts';

/** What a delivery says; the same at every attempt. */
export async function composeMessage(
  app: Pick<App, 'db' | 'config'>,
  delivery: Delivery,
): Promise<Message> {
  const publicUrl = publicUrlOf(app);
  if (delivery.kind === 'DIGEST') return composeDigest(app, delivery, publicUrl);
  const alert = await app.db.alert.findUniqueOrThrow({ where: { id: delivery.alertId ?? '' } });
  const resolvedAt =
    delivery.kind === 'FOLLOW_UP' ? (alert.resolvedAt ?? delivery.createdAt) : null;
  return messageOf({ ...alert, resolvedAt }, publicUrl);
}

/** Where people reach the server. */
export function publicUrlOf({ config }: Pick<App, 'config'>): string {
  return (config.publicUrl ?? `http://${config.host}:${config.port}`).replace(/\/+$/, '');
}

/** What comes from now on is sent for itself again, or begins the next digest. */
export async function closeDigest(db: Pick<Tx, 'alertCap'>, digestId: string): Promise<void> {
  await db.alertCap.updateMany({ where: { digestId }, data: { digestId: null } });
}

async function composeDigest(
  { db }: Pick<App, 'db'>,
  { id, ruleId, dueAt }: Delivery,
  publicUrl: string,
): Promise<Message> {
  await closeDigest(db, id);
  const held = await db.delivery.findMany({
    where: { digestId: id, state: 'HELD' },
    select: { kind: true, alert: { select: { title: true, severity: true, ruleName: true } } },
  });
  const byTitle = Map.groupBy(
    held.flatMap(({ kind, alert }) => (alert ? [kind === 'FOLLOW_UP' ? over(alert) : alert] : [])),
    ({ title }) => title,
  );
  const lines = [...byTitle.values()]
    .flatMap((alerts) => (alerts[0] ? [{ ...alerts[0], count: alerts.length }] : []))
    .sort((a, b) => b.count - a.count || (a.title < b.title ? -1 : 1));
  const ruleName = lines[0]?.ruleName ?? '';
  return digestOf(lines, { ruleName, ruleId: ruleId ?? '', at: dueAt, publicUrl });
}

function over<T extends { title: string }>(alert: T) {
  return { ...alert, title: `Resolved: ${alert.title}`, severity: 'INFO' as const };
}
