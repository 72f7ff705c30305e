import { afterAll, expect, test } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { closeBrowser, openOutbox, openStarted, untilSent } from '../../test/outbox.ts';
import { heldOf, whole } from '../../test/product.ts';
import { openProxy } from '../../test/proxy.ts';
import { upTo } from '../../test/sessions.ts';

afterAll(closeBrowser);

const nothing = { drafts: 0, numbered: 0, interactions: 0, blobs: 0, bytes: 0 };

test('a session arrives whole, and nothing of it stays', async () => {
  const { product, page } = await openStarted();
  const id = newId();

  await page.do('record', { id, interactions: 130, screenshots: 45, snapshots: 23, sounds: 2 });
  await page.do('stop', id);
  await untilSent(page, id);

  expect(await heldOf(product, id)).toEqual(whole(130, 45, 23));
  expect(await product.app.db.audioClip.count({ where: { upload: 'STORED' } })).toBe(2);
  expect(
    await product.app.db.captureHealth.findUnique({ where: { sessionId: id } }),
  ).not.toBeNull();
  // What the recorder holds for sent is what the server has stored, by their digests.
  await expect
    .poll(() => product.app.db.syncPair.findMany({ select: { entityId: true, streak: true } }))
    .toEqual([{ entityId: id, streak: 0 }]);
  expect(await product.app.db.syncIssue.count()).toBe(0);
  expect(await page.do('left', id)).toEqual(nothing);
  expect(await page.do('problems')).toEqual([]);
  const remotes = await page.do('remotes');
  expect(remotes[0]).toMatchObject({ id, state: 'sent', remote: { state: 'ended' } });
  await expect
    .poll(() => page.do('state'))
    .toMatchObject({
      connection: { state: 'connected', detail: null },
      queue: { interactions: 0, uploads: 0, bytes: 0, oldestAgeMs: null, lastError: null },
    });
  await expect.poll(() => page.do('alarms')).toEqual({});
});

test('the jobs that follow a session are in the trace of its clicks', async () => {
  const { product, page } = await openStarted();
  const id = newId();

  await page.do('record', { id, interactions: 1 });
  await page.do('stop', id);
  await untilSent(page, id);

  const jobs = await product.app.db.$queryRaw<{ traceparent: string }[]>`
    SELECT j.data->>'traceparent' AS "traceparent" FROM pgboss.job j WHERE j.data->'payload'->>'sessionId' = ${id}`;
  expect(jobs.length).toBeGreaterThan(0);
  for (const { traceparent } of jobs)
    expect(traceparent.split('-')[1]).toBe(id.replaceAll('-', ''));
});

test('what is captured goes out while the session goes on', async () => {
  const { product, page } = await openStarted();
  const id = newId();

  await page.do('record', { id, interactions: 7, screenshots: 3 });
  await expect.poll(() => product.app.db.interaction.count()).toBe(7);
  await expect.poll(() => product.app.db.screenshot.count({ where: { upload: 'STORED' } })).toBe(3);
  await page.do('record', { id, interactions: 9, screenshots: 4 });
  await expect.poll(async () => (await page.do('session', id))?.acknowledged).toBe(9);

  expect(await page.do('session', id)).toMatchObject({ state: 'recording', screenshots: 4 });
  expect(await page.do('alarms')).toHaveProperty('outbox');
  expect((await heldOf(product, id)).sequences).toEqual(upTo(9));
  expect((await heldOf(product, id)).state).toBe('ACTIVE');
});

test('pictures whose interaction is not known yet wait for it', async () => {
  const { product, page } = await openStarted();
  const id = newId();

  await page.do('record', { id, interactions: 1, screenshots: 2, undecided: 1 });
  await expect.poll(() => product.app.db.screenshot.count({ where: { upload: 'STORED' } })).toBe(2);
  const waiting = (await page.do('blobs', id)).find(({ state }) => state === 'kept');
  const late = await page.do('changeScreenshot', waiting?.record.id ?? '', {
    interactionSequence: 1,
  });
  await expect.poll(() => product.app.db.screenshot.count({ where: { upload: 'STORED' } })).toBe(3);

  expect(late).toBe(true);
  const row = await product.app.db.screenshot.findUnique({
    where: { id: waiting?.record.id ?? '' },
  });
  expect(row?.interactionSequence).toBe(1);
  expect(await page.do('changeScreenshot', waiting?.record.id ?? '', {})).toBe(false);
});

test('nothing of a held session goes out before it is released', async () => {
  const { product, page } = await openStarted();
  const [held, open] = [newId(), newId()];

  await page.do('record', { id: held, isHeld: true, interactions: 20, screenshots: 3 });
  await page.do('changeSession', held, { state: 'held', endedAt: '2026-01-02T04:00:00.000Z' });
  await page.do('record', { id: open, interactions: 2 });
  await page.do('stop', open);
  await untilSent(page, open);
  expect(await product.app.db.session.findMany({ select: { id: true } })).toEqual([{ id: open }]);
  expect((await page.do('interactions', held)).length).toBe(20);
  await page.do('changeSession', held, { state: 'sending' });
  await untilSent(page, held);

  expect(await heldOf(product, held)).toEqual(whole(20, 3, 0));
});

test('connections that are cut again and again lose nothing and double nothing', async () => {
  const outbox = await openOutbox();
  const proxy = await openProxy(outbox.product.server.port);
  proxy.cutEvery = 60_000;
  const { product, page } = await openStarted({ outbox, url: proxy.url });
  const id = newId();

  await page.do('record', { id, interactions: 400, screenshots: 30, snapshots: 10 });
  await page.do('stop', id);
  await untilSent(page, id);

  expect(proxy.cuts).toBeGreaterThan(4);
  expect(await heldOf(product, id)).toEqual(whole(400, 30, 10));
});

test('a server that restarts in the middle is come back to', async () => {
  const { product, page } = await openStarted();
  const id = newId();

  const recording = page.do('record', { id, interactions: 300, screenshots: 20 });
  await expect.poll(() => product.app.db.interaction.count()).toBeGreaterThan(10);
  await product.restart();
  await recording;
  await page.do('stop', id);
  await untilSent(page, id);

  expect(await heldOf(product, id)).toEqual(whole(300, 20, 0));
});

test('what was recorded without a server and by a worker that died arrives in the order of its start', async () => {
  const { product, outbox, page } = await openStarted({ url: 'http://127.0.0.1:9' });
  const ids = [newId(), newId(), newId()];
  for (const id of ids) {
    await page.do('record', { id, interactions: 12, screenshots: 2 });
    await page.do('stop', id);
  }
  await expect.poll(async () => (await page.do('state')).connection.state).toBe('offline');
  await expect
    .poll(async () => (await page.do('state')).connection.detail)
    .toContain('Nothing answers');
  await expect
    .poll(async () => (await page.do('state')).queue)
    .toMatchObject({ interactions: 36, uploads: 6 });
  await page.kill();

  const again = await outbox.open();
  await again.do('openSender');
  await again.do('connect', outbox.connection({ id: '2' }));
  for (const id of ids) await untilSent(again, id);

  for (const id of ids) expect(await heldOf(product, id)).toEqual(whole(12, 2, 0));
  const started = await product.app.db.session.findMany({ orderBy: { createdAt: 'asc' } });
  expect(started.map(({ id }) => id)).toEqual(ids);
});

test('of two that are open at once only one sends, and the other takes over', async () => {
  const { product, outbox, page } = await openStarted();
  const second = await outbox.open();
  await second.do('openSender');
  const id = newId();

  await page.do('record', { id, interactions: 5 });
  await expect.poll(() => product.app.db.interaction.count()).toBe(5);
  expect((await second.do('state')).connection.state).toBe('connecting');
  await page.kill();
  await second.do('record', { id, interactions: 60 });
  await second.do('stop', id);
  await untilSent(second, id);

  expect(await heldOf(product, id)).toEqual(whole(60, 0, 0));
});

test('a session that was sent is followed through processing', async () => {
  const { product, page } = await openStarted();
  await product.app.queue.work(product.app);
  const id = newId();

  await page.do('record', { id, interactions: 5 });
  await page.do('stop', id);
  await expect
    .poll(async () => (await page.do('session', id))?.remote?.state, { timeout: 15_000 })
    .toMatch(/^(rejected|needs_review|ready)$/);

  const session = await page.do('session', id);
  expect(session?.remote?.site).toBe('shop.example');
  expect(session?.remote?.quality).toBeLessThan(1);
  expect(session?.remote?.advice.length).toBeGreaterThan(0);
  expect(session?.remote?.stages.map(({ stage }) => stage)).toContain('SCORE');
});
