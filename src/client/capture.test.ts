import { expect, test } from 'vitest';
import { aSource, heldOf, openProduct, whole } from '../../test/product.ts';
import { upTo } from '../../test/sessions.ts';
import { RecordScreenshotsDocument, RecordSnapshotsDocument } from '../generated/client/graphql.ts';
import { startCapture } from './capture.ts';
import { play, resendFrom } from './play.ts';
import type { Source } from './source.ts';

test('what the server refuses is accounted for with a tombstone', async () => {
  const product = await openProduct();
  const source = changed(aSource({ interactions: 6 }), (item) => {
    if (item.sequence === 2) return { ...item, context: 'x'.repeat(70_000) };
    if (item.sequence === 3) return { ...item, pageTitle: 'a\0b' };
    if (item.sequence === 4) return { ...item, url: `https://shop.example/${'x'.repeat(5_000)}` };
    if (item.sequence === 5) return { ...item, sessionTimeMs: 2 ** 40 };
    return item;
  });

  const { sessionId, interactions } = await play(source, product.connect());

  expect(interactions.refused.map(({ sequence, code }) => `${sequence} ${code}`).sort()).toEqual([
    '2 TOO_LARGE',
    '3 UNSTORABLE_TEXT',
    '4 FIELD_TOO_LONG',
    '5 INVALID',
  ]);
  const held = await heldOf(product, sessionId);
  expect(held).toMatchObject({ state: 'ENDED', sequences: upTo(6) });
  expect(held.dropped).toEqual([
    { sequence: 2, dropped: 'TOO_LARGE' },
    { sequence: 3, dropped: 'INVALID' },
    { sequence: 4, dropped: 'TOO_LARGE' },
    { sequence: 5, dropped: 'INVALID' },
  ]);
});

test('uploads that fail are repeated, slots that expired are renewed', async () => {
  const product = await openProduct();
  product.uploadFaults.push(500, 503, 410, 403, 502);

  const played = await play(aSource({ screenshots: 6, snapshots: 2 }), product.connect());

  expect(product.uploadFaults).toEqual([]);
  expect(await heldOf(product, played.sessionId)).toEqual(whole(0, 6, 2));
});

test('bytes that cannot be read or are not as announced are given up with a reason', async () => {
  const product = await openProduct();
  const source = aSource({ screenshots: 4, snapshots: 1 });
  const [absent, other] = await Array.fromAsync(source.screenshots());
  const broken: Source = {
    ...source,
    async bytesOf(record) {
      if (record.id === absent?.id) throw new Error('the disk is gone');
      if (record.id === other?.id) return Buffer.alloc(record.bytes);
      return source.bytesOf(record);
    },
  };

  const { sessionId, uploads } = await play(broken, product.connect());

  expect(uploads.dropped).toMatchObject([
    { id: absent?.id, reason: 'CAPTURE_FAILED', message: 'the disk is gone' },
    { id: other?.id, reason: 'INVALID' },
  ]);
  expect(await heldOf(product, sessionId)).toMatchObject({
    state: 'ENDED',
    screenshots: { STORED: 2, DROPPED: 2 },
    snapshots: { STORED: 1 },
  });
});

test('a start over the cap waits as long as the server says', async () => {
  const product = await openProduct({ MAX_SESSIONS_PER_USER: '1' });
  const first = await startCapture(product.connect(), aSource({}).head);
  const waits: number[] = [];
  const connection = product.connect({
    wait: async (ms) => {
      waits.push(ms);
      await first.end('2026-01-02T04:00:00.000Z');
    },
  });

  const second = await startCapture(connection, aSource({}).head);

  expect(second.state).toBe('ACTIVE');
  expect(waits).toHaveLength(1);
  expect(waits[0]).toBeGreaterThanOrEqual(30_000);
});

test('a picture that was announced by a client which died is sent at the end', async () => {
  const product = await openProduct();
  const connection = product.connect();
  const source = aSource({ interactions: 3, screenshots: 2, snapshots: 1 });
  const { id: sessionId } = source.head;
  await startCapture(connection, source.head);
  const screenshots = await Array.fromAsync(source.screenshots());
  const snapshots = await Array.fromAsync(source.snapshots());
  await connection.run(RecordScreenshotsDocument, { input: { sessionId, screenshots } });
  await connection.run(RecordSnapshotsDocument, { input: { sessionId, snapshots } });
  const items = await Array.fromAsync(source.interactions());

  const capture = await startCapture(connection, source.head);
  for (const item of items) if (item.sequence !== 2) await capture.interaction(item);
  await capture.end(source.head.endedAt, resendFrom(source));

  expect(await heldOf(product, sessionId)).toEqual(whole(3, 2, 1));
});

test('what is missing at the end is sent again, or said to be lost', async () => {
  const product = await openProduct();
  const source = aSource({ interactions: 4, screenshots: 1 });
  const items = await Array.fromAsync(source.interactions());
  const capture = await startCapture(product.connect(), source.head);
  for (const item of items)
    if (item.sequence === 1 || item.sequence === 4) await capture.interaction(item);

  const state = await capture.end(source.head.endedAt, async ({ sequences }, again) => {
    expect([...sequences]).toEqual([2, 3]);
    for (const item of items) if (item.sequence === 2) await again.interaction(item);
  });

  expect(state).toBe('ENDED');
  expect(await heldOf(product, capture.sessionId)).toMatchObject({
    sequences: [1, 2, 3, 4],
    dropped: [{ sequence: 3, dropped: 'CAPTURE_FAILED' }],
  });
});

type Item = Extract<Awaited<ReturnType<typeof items>>[number], { id: string }>;
const items = (source: Source) => Array.fromAsync(source.interactions());

/** The source with some interactions changed. */
function changed(source: Source, change: (item: Item) => Item): Source {
  return {
    ...source,
    async *interactions() {
      for await (const item of source.interactions()) yield 'id' in item ? change(item) : item;
    },
  };
}
