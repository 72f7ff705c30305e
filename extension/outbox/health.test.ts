import { afterAll, expect, test } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { openChangedServer } from '../../test/changed-server.ts';
import { closeBrowser, openOutbox, untilSent } from '../../test/outbox.ts';

afterAll(closeBrowser);

test('each session tells of its own queue, and connections count that were lost and came back', async () => {
  const outbox = await openOutbox();
  const { app, server } = outbox.product;
  const changed = await openChangedServer(server.url);
  const page = await outbox.open();
  await page.do('connect', outbox.connection({ url: changed.url }));
  await page.do('openSender');
  const ids = [newId(), newId()];
  const clients = () =>
    app.db.syncClient.findMany({
      orderBy: { createdAt: 'asc' },
      select: { id: true, latest: true },
    });
  const reconnects = async () =>
    (await clients()).map(({ latest }) => (latest as Latest).socket?.reconnects);

  for (const id of ids) {
    changed.changes.RecordInteractions = [{ isCut: true }];
    await page.do('record', { id, interactions: 3 });
    await page.do('stop', id);
    await untilSent(page, id, 30_000);
  }

  expect((await clients()).map(({ id }) => id)).toEqual(ids);
  await expect.poll(reconnects, { timeout: 20_000 }).toEqual([1, 2]);
  const ages = (await clients()).map(({ latest }) => (latest as Latest).attemptAgeMs);
  expect(ages.every((age) => Number.isInteger(age))).toBe(true);
}, 120_000);

type Latest = { attemptAgeMs?: number | null; socket?: { reconnects: number } };
