import { afterAll, expect, test } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { closeBrowser, openOutbox, openStarted, untilSent } from '../../test/outbox.ts';
import { heldOf } from '../../test/product.ts';

afterAll(closeBrowser);

test('the same things kept again are kept once', async () => {
  const { page } = await openStarted({ isConnected: false });
  const spec = { id: newId(), interactions: 30, screenshots: 5, snapshots: 4 };

  await page.do('record', spec);
  await page.do('record', spec);
  await page.kill();
  const again = await page.reopen();
  await again.do('record', spec);

  expect(await again.do('session', spec.id)).toMatchObject({
    lastSequence: 30,
    screenshots: 5,
    snapshots: 4,
    dropped: 0,
    state: 'recording',
  });
  expect((await again.do('interactions', spec.id)).length).toBe(30);
  expect((await again.do('blobs', spec.id)).length).toBe(9);
});

test('with no room the oldest pictures go, each accounted for; interactions and pages stay', async () => {
  const { product, page } = await openStarted({ isConnected: false });
  const id = newId();
  await page.do('setLimit', 100_000);

  await page.do('record', {
    id,
    interactions: 30,
    screenshots: 30,
    pictureBytes: 10_000,
    snapshots: 5,
  });
  const blobs = await page.do('blobs', id);
  const dropped = blobs.filter(({ state }) => state === 'dropped');
  await page.do('stop', id);
  await page.connect();
  await untilSent(page, id);

  expect(dropped.length).toBeGreaterThan(18);
  expect(dropped.every(({ kind, reason }) => kind === 'screenshot' && reason === 'QUOTA')).toBe(
    true,
  );
  const pictures = blobs.filter(({ kind }) => kind === 'screenshot');
  expect(pictures.slice(0, dropped.length)).toEqual(dropped);
  expect((await page.do('problems')).map(({ message }) => message)).toEqual([
    expect.stringContaining('no room left'),
  ]);
  const held = await heldOf(product, id);
  expect(held).toMatchObject({ state: 'ENDED', dropped: [], snapshots: { STORED: 5 } });
  expect(held.screenshots).toEqual({ STORED: 30 - dropped.length });
  const row = await product.app.db.session.findUniqueOrThrow({ where: { id } });
  expect(row.dropped).toHaveLength(dropped.length);
  expect(row.coverage).toMatchObject({ droppedForQuota: dropped.length });
});

test('what the browser still grants is watched, too', async () => {
  const { page } = await openStarted({ isConnected: false });
  const id = newId();
  await page.do('record', { id, screenshots: 6, pictureBytes: 10_000 });

  await page.do('setQuota', { quota: 1e9, usage: 0.85e9 });
  await page.do('record', { id, screenshots: 8, pictureBytes: 10_000 });

  const states = (await page.do('blobs', id)).map(({ state }) => state);
  expect(states).toEqual([...Array(4).fill('dropped'), ...Array(4).fill('kept')]);
});

test('when the browser refuses to write, the oldest pictures go until it does not', {
  timeout: 60_000,
}, async () => {
  const outbox = await openOutbox({}, { onDisk: true });
  const { page } = await openStarted({ outbox, isConnected: false });
  const id = newId();
  // The estimate promises what the browser then does not give.
  await page.do('setQuota', { quota: 1e12, usage: 0 });
  const session = await outbox.context.newCDPSession(page.page);
  const { origin } = new URL(page.page.url());
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 8_000_000 });

  await page.do('record', { id, interactions: 30, screenshots: 14, pictureBytes: 1_000_000 });

  const blobs = await page.do('blobs', id);
  const dropped = blobs.filter(({ state }) => state === 'dropped');
  expect(blobs).toHaveLength(14);
  expect(dropped.length).toBeGreaterThan(0);
  expect(blobs.slice(0, dropped.length)).toEqual(dropped);
  expect(dropped.every(({ reason }) => reason === 'QUOTA')).toBe(true);
  expect((await page.do('interactions', id)).length).toBe(30);
  expect((await page.do('session', id))?.coverage.droppedForQuota).toBe(dropped.length);
  expect((await page.do('problems')).map(({ message }) => message)).toEqual([
    expect.stringContaining('no room left'),
  ]);
});

test('a session that is over takes nothing more', async () => {
  const { page } = await openStarted({ isConnected: false });
  const id = newId();
  await page.do('record', { id, interactions: 1 });
  await page.do('changeSession', id, { state: 'held' });

  await expect(page.do('record', { id, interactions: 2 })).rejects.toThrow(
    `Expected a session that goes on, ${id} is held.`,
  );
  expect(await page.do('session', id)).toMatchObject({ lastSequence: 1 });
});
