import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aSource, heldOf, openProduct, whole } from '../../test/product.ts';
import { openProxy } from '../../test/proxy.ts';
import { upTo } from '../../test/sessions.ts';
import { createKey, revokeKey } from '../accounts/keys.ts';
import { newId } from '../lib/ids.ts';
import { readLegacyFile } from '../lib/legacy/read.ts';
import { startCapture } from './capture.ts';
import { KeyRefusedError, NoAnswerError, RequestRefusedError } from './errors.ts';
import { play } from './play.ts';
import { renewed } from './renew.ts';
import { legacySource } from './source.ts';

test('a session arrives whole, and a second play sends nothing', async () => {
  const product = await openProduct();
  const connection = product.connect();
  const source = aSource({ interactions: 130, screenshots: 45, snapshots: 23 });

  const first = await play(source, connection);
  const second = await play(source, connection);

  expect(await heldOf(product, first.sessionId)).toEqual(whole(130, 45, 23));
  expect(first).toMatchObject({
    state: 'ENDED',
    isRepeat: false,
    interactions: { given: 130, stored: 130, repeated: 0, acknowledged: 130, refused: [] },
    uploads: { stored: { screenshots: 45, snapshots: 23 }, dropped: [] },
  });
  expect(second).toMatchObject({ isRepeat: true, uploads: { sentBytes: 0 } });
  expect(second.interactions.stored + second.interactions.repeated).toBe(0);
});

test('connections that are cut again and again lose nothing and double nothing', async () => {
  const product = await openProduct();
  const proxy = await openProxy(product.server.port);
  proxy.cutEvery = 100_000;
  const source = aSource({
    interactions: 2000,
    screenshots: 60,
    snapshots: 20,
    pictureBytes: 8_000,
  });

  const connection = product.connect({ url: proxy.url });
  const played = await play(source, connection);

  expect(proxy.cuts).toBeGreaterThan(5);
  expect(connection.reconnects).toBeGreaterThan(2);
  expect(await heldOf(product, played.sessionId)).toEqual(whole(2000, 60, 20));
});

test('a server that restarts in the middle is come back to', async () => {
  const product = await openProduct();
  const connection = product.connect();
  const source = aSource({ interactions: 1500, screenshots: 60, snapshots: 20 });
  let restart: Promise<void> | null = null;

  const played = await play(source, connection, {
    onProgress: ({ interactions }) => {
      if (interactions.acknowledged > 200) restart ??= product.restart();
    },
  });
  await restart;

  expect(connection.reconnects).toBeGreaterThan(0);
  expect(await heldOf(product, played.sessionId)).toEqual(whole(1500, 60, 20));
});

test('a client that died in the middle is gone on by the next one from what is acknowledged', async () => {
  const product = await openProduct();
  const source = aSource({ interactions: 300, screenshots: 30, snapshots: 10 });
  const stop = new AbortController();
  const dying = play(source, product.connect(), {
    signal: stop.signal,
    onProgress: ({ interactions }) => {
      if (interactions.acknowledged >= 100) stop.abort(new Error('died'));
    },
  });
  await expect(dying).rejects.toThrow('died');

  const played = await play(source, product.connect());

  expect(played.interactions.skipped).toBeGreaterThanOrEqual(100);
  expect(await heldOf(product, played.sessionId)).toEqual(whole(300, 30, 10));
});

test('two clients that play the same session at once store it once', async () => {
  const product = await openProduct();
  const source = aSource({ interactions: 200, screenshots: 20, snapshots: 10 });

  const both = await Promise.allSettled([
    play(source, product.connect()),
    play(source, product.connect()),
  ]);

  expect(both.some(({ status }) => status === 'fulfilled')).toBe(true);
  expect(await heldOf(product, source.head.id)).toEqual(whole(200, 20, 10));
});

test('a network that says nothing any more is noticed and left', async () => {
  const product = await openProduct();
  const proxy = await openProxy(product.server.port);
  const connection = product.connect({ url: proxy.url, keepAliveMs: 200 });
  const capture = await startCapture(connection, aSource({}).head);
  proxy.isSilent = true;
  setTimeout(() => {
    proxy.isSilent = false;
  }, 1_000);

  const [only] = await Array.fromAsync(aSource({ interactions: 1 }).interactions());
  if (only) await capture.interaction(only);
  await capture.end('2026-01-02T04:00:00.000Z');

  expect(connection.reconnects).toBeGreaterThan(0);
  expect(await heldOf(product, capture.sessionId)).toMatchObject({
    state: 'ENDED',
    sequences: [1],
  });
});

test('a wrong key is said at once and in words', async () => {
  const product = await openProduct();
  const connection = product.connect({ token: 'cs_wrong' });

  await expect(connection.ready(5_000)).rejects.toThrow(KeyRefusedError);
  await expect(play(aSource({ interactions: 1 }), connection)).rejects.toThrow(
    /refused the key.*key create/,
  );
});

test('a key that is revoked in the middle ends the play', async () => {
  const product = await openProduct();
  const { projectId } = await product.app.db.apiKey.findUniqueOrThrow({
    where: { id: product.keyId },
  });
  const connection = product.connect();
  const capture = await startCapture(connection, aSource({}).head);

  await revokeKey(product.app, { projectId, keyId: product.keyId, now: new Date() });
  const [only] = await Array.fromAsync(aSource({ interactions: 1 }).interactions());
  if (only) await capture.interaction(only);

  await expect
    .poll(() => capture.end('2026-01-02T04:00:00.000Z').catch((error: Error) => error.name), {
      timeout: 10_000,
    })
    .toBe('KeyRefusedError');
});

test('nobody at the address is said after the patience', async () => {
  const product = await openProduct();
  const { url } = product.server;
  await product.server.close();
  const connection = product.connect({ url, patienceMs: 300 });

  await expect(connection.ready(300)).rejects.toThrow(NoAnswerError);
  await expect(play(aSource({ interactions: 1 }), connection)).rejects.toThrow(/got none in 0 s/);
});

test("another participant's session id is refused in words", async () => {
  const product = await openProduct();
  const source = aSource({ interactions: 1 });
  await play(source, product.connect());
  const { id: projectId } = await product.app.db.project.findFirstOrThrow();
  const { secret } = await createKey(
    product.app,
    { projectId, scopes: new Set(['CAPTURE']) },
    { id: newId(), name: 'other', scopes: ['CAPTURE'], participantLabel: 'other', now: new Date() },
  );

  const again = play(source, product.connect({ token: secret }));

  await expect(again).rejects.toThrow(RequestRefusedError);
  await expect(again).rejects.toThrow(/is taken/);
});

test('a renewed session is another one, the same for the same salt', async () => {
  const product = await openProduct();
  const source = aSource({ interactions: 20, screenshots: 3, snapshots: 2 });

  const played = [
    await play(source, product.connect()),
    await play(renewed(source, 'a'), product.connect()),
    await play(renewed(source, 'a'), product.connect()),
    await play(renewed(source, 'b'), product.connect()),
  ];

  expect(played.map(({ isRepeat }) => isRepeat)).toEqual([false, false, true, false]);
  expect(new Set(played.map(({ sessionId }) => sessionId)).size).toBe(3);
  for (const { sessionId } of played)
    expect(await heldOf(product, sessionId)).toEqual(whole(20, 3, 2));
});

test('a legacy file arrives whole', async () => {
  const product = await openProduct();
  const file = new URL('../../test/fixtures/legacy-session.json', import.meta.url);
  const [legacy] = await readLegacyFile(await readFile(file, 'utf8'));
  if (!legacy) throw new Error('Expected a session in the fixture.');

  const { sessionId, interactions } = await play(legacySource(legacy), product.connect());

  expect(interactions).toMatchObject({
    given: legacy.records.length,
    refused: [],
    conflicting: [],
  });
  expect(await heldOf(product, sessionId)).toMatchObject({
    state: 'ENDED',
    sequences: upTo(legacy.records.length),
    conflicts: 0,
  });
});
