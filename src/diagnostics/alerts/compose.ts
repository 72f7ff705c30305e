import type { Delivery } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
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

/** Closes the digest first: what comes from now on is sent for itself again, or begins the next one. */
async function composeDigest(
  { db }: Pick<App, 'db'>,
  { id, ruleId, dueAt }: Delivery,
  publicUrl: string,
): Promise<Message> {
  await db.alertCap.updateMany({ where: { digestId: id }, data: { digestId: null } });
  const held = await db.delivery.findMany({
    where: { digestId: id, state: 'HELD' },
    select: { alert: { select: { title: true, severity: true, ruleName: true } } },
  });
  const byTitle = Map.groupBy(
    held.flatMap(({ alert }) => (alert ? [alert] : [])),
    ({ title }) => title,
  );
  const lines = [...byTitle.values()]
    .flatMap((alerts) => (alerts[0] ? [{ ...alerts[0], count: alerts.length }] : []))
    .sort((a, b) => b.count - a.count || (a.title < b.title ? -1 : 1));
  const ruleName = lines[0]?.ruleName ?? '';
  return digestOf(lines, { ruleName, ruleId: ruleId ?? '', at: dueAt, publicUrl });
}
