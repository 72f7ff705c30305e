import type { Channel, Delivery } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import type { JobRun } from '../../platform/queue.ts';
import { closeDigest, composeMessage } from './compose.ts';
import { type Sent, sendTo } from './send.ts';

/** Attempts before a message is a dead letter: with a delay of 2 s that doubles, 17 minutes. */
const mostAttempts = 10;
const longestDelaySeconds = 600;
/** A channel may ask to be left alone for so long. */
const longestPauseMs = 24 * 3_600_000;

/**
 * One attempt to send a message. What became of it is stored in the transaction that ends the attempt;
 * a process that dies between the two sends it once more, under the same id.
 *
 * @param again enqueues the next attempt
 */
export async function deliver(
  app: App,
  deliveryId: string,
  job: JobRun,
  again: (tx: Tx, afterSeconds: number) => Promise<void>,
): Promise<void> {
  const delivery = await app.db.delivery.findUnique({
    where: { id: deliveryId },
    include: { channel: true },
  });
  if (delivery?.state !== 'PENDING') return;
  const { channel } = delivery;
  const pausedMs = (channel.pausedUntil?.getTime() ?? 0) - Date.now();
  if (channel.enabled && pausedMs > 0) {
    await app.db.$transaction(async (tx) => {
      await again(tx, Math.ceil(pausedMs / 1_000));
      await job.finish(tx);
    });
    return;
  }
  const sent: Sent = channel.enabled
    ? await sendTo(app, channel, { id: deliveryId, message: await composeMessage(app, delivery) })
    : { became: 'REFUSED', status: null, said: 'The channel is switched off.', retryAfterMs: null };
  await app.db.$transaction(async (tx) => {
    await settle(app, tx, { delivery, channel, sent, again });
    await job.finish(tx);
  });
}

/** Ends a message whose attempts failed for a reason of our own. */
export async function giveUp(
  { db }: Pick<App, 'db'>,
  deliveryId: string,
  reason: string,
): Promise<void> {
  await db.$transaction(async (tx) => {
    const { count } = await tx.delivery.updateMany({
      where: { id: deliveryId, state: 'PENDING' },
      data: { state: 'DEAD', lastAnswer: reason.slice(0, 500) },
    });
    if (count === 1) await closeDigest(tx, deliveryId); // or all after it would be held for ever
  });
}

async function settle(
  { config, log }: Pick<App, 'config' | 'log'>,
  tx: Tx,
  {
    delivery,
    channel,
    sent,
    again,
  }: {
    delivery: Delivery;
    channel: Channel;
    sent: Sent;
    again: (tx: Tx, afterSeconds: number) => Promise<void>;
  },
): Promise<void> {
  const { became, status, said, retryAfterMs } = sent;
  const attempts = delivery.attempts + 1;
  const isDead = became === 'GONE' || became === 'REFUSED' || attempts >= mostAttempts;
  const { count } = await tx.delivery.updateMany({
    where: { id: delivery.id, state: 'PENDING' },
    data: {
      attempts,
      lastStatus: status,
      lastAnswer: said,
      ...(became === 'TAKEN'
        ? { state: 'SENT', sentAt: new Date() }
        : isDead
          ? { state: 'DEAD' }
          : {}),
    },
  });
  if (count === 0) return; // ended by another attempt meanwhile
  if (became === 'TAKEN') return;
  if (isDead && delivery.kind === 'DIGEST') await closeDigest(tx, delivery.id); // it may never have been composed
  if (isDead)
    log.warn(
      { deliveryId: delivery.id, channelId: channel.id, status },
      'an alert was not delivered',
    );
  if (became === 'GONE')
    await tx.channel.update({
      where: { id: channel.id },
      data: { enabled: false, offReason: 'It answered 410: it is gone for good.' },
      select: { id: true },
    });
  if (became !== 'FAILED') return;
  const backoffMs =
    Math.min(longestDelaySeconds, config.jobs.retryDelaySeconds * 2 ** (attempts - 1)) * 1_000;
  const waitMs = Math.min(longestPauseMs, Math.max(backoffMs, retryAfterMs ?? 0));
  // The others wait, too: what hangs would hold up every channel, and what is busy asked for it.
  await tx.channel.update({
    where: { id: channel.id },
    data: { pausedUntil: new Date(Date.now() + waitMs) },
    select: { id: true },
  });
  if (!isDead) await again(tx, Math.ceil(waitMs / 1_000));
}
