import { expect } from 'vitest';
import { newId } from '../src/lib/ids.ts';
import { seededRandom } from '../src/lib/page/random.ts';
import { type Outbox, type OutboxPage, openOutbox, untilSent } from './outbox.ts';
import { heldOf, whole } from './product.ts';
import { openProxy } from './proxy.ts';

/** What happened to one session on its way. */
export type Hardship = { kills: number; cuts: number; restarts: number };

/**
 * Records and sends a session while its page is killed at random instants, its network is cut at random
 * and the server restarts; expects it to arrive whole, exactly once. The same seed asks the same.
 *
 * @param kills while it is being recorded; up to as many follow while the rest is sent
 */
export async function sendThroughHardship(
  seed: string,
  { kills = 6, interactions = 250 }: { kills?: number; interactions?: number } = {},
): Promise<Hardship> {
  const random = seededRandom(seed);
  const outbox = await openOutbox();
  const { product } = outbox;
  const proxy = await openProxy(product.server.port);
  const spec = { id: newId(), interactions, screenshots: 25, snapshots: 10, sounds: 1 };
  const hardship: Hardship = { kills: 0, cuts: 0, restarts: 0 };

  for (; hardship.kills < kills; hardship.kills += 1) {
    proxy.cutEvery = 15_000 + Math.floor(random() * 60_000);
    const page = await begin(outbox, proxy.url);
    const recording = page.do('record', spec).catch(() => undefined); // it is killed on the way
    if (random() < 0.2) {
      await product.restart();
      hardship.restarts += 1;
    }
    const endAt = performance.now() + random() * 1_200;
    await expect.poll(() => performance.now() > endAt, { interval: 5 }).toBe(true);
    await page.kill();
    await recording;
  }
  proxy.cutEvery = 40_000;
  const page = await begin(outbox, proxy.url);
  await page.do('record', spec);
  await page.do('stop', spec.id);
  for (let last = page; ; hardship.kills += 1) {
    const endAt = performance.now() + random() * 800;
    const state = async () => (await last.do('session', spec.id))?.state;
    await expect
      .poll(async () => performance.now() > endAt || (await state()) === 'sent', { interval: 20 })
      .toBe(true);
    if ((await state()) === 'sent' || hardship.kills > 2 * kills) break;
    await last.kill();
    last = await begin(outbox, proxy.url);
  }
  const last = await begin(outbox, proxy.url);
  await untilSent(last, spec.id);

  expect(await heldOf(product, spec.id)).toEqual(whole(interactions, 25, 10));
  const { db } = product.app;
  expect(await db.audioClip.count({ where: { upload: 'STORED' } })).toBe(1);
  const rows = await db.interaction.findMany({ select: { id: true } });
  expect(new Set(rows.map(({ id }) => id)).size).toBe(interactions);
  expect(await last.do('left', spec.id)).toEqual({
    drafts: 0,
    numbered: 0,
    interactions: 0,
    blobs: 0,
    bytes: 0,
  });
  return { ...hardship, cuts: proxy.cuts };
}

async function begin(outbox: Outbox, url: string): Promise<OutboxPage> {
  const page = await outbox.open();
  await page.do('connect', outbox.connection({ url }));
  await page.do('openSender');
  return page;
}
