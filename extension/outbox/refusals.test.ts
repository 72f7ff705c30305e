import { afterAll, expect, test } from 'vitest';
import { revokeKey } from '../../src/accounts/keys.ts';
import { newId } from '../../src/lib/ids.ts';
import { closeBrowser, openStarted, untilSent } from '../../test/outbox.ts';
import { heldOf, whole } from '../../test/product.ts';

afterAll(closeBrowser);

test('an interaction that does not fit becomes a tombstone; the others of its batch are stored', async () => {
  const { product, page } = await openStarted();
  const id = newId();
  const odd = { 3: 'misfit', 11: 'unstorable', 17: 'huge' } as const;

  await page.do('record', { id, interactions: 40, odd });
  await page.do('stop', id);
  await untilSent(page, id);

  expect(await heldOf(product, id)).toEqual({
    ...whole(40, 0, 0),
    dropped: [
      { sequence: 3, dropped: 'INVALID' },
      { sequence: 11, dropped: 'INVALID' },
      { sequence: 17, dropped: 'TOO_LARGE' },
    ],
  });
});

test('an upload whose address ended gets another one, one that is refused is accounted for', async () => {
  const { product, page } = await openStarted();
  const id = newId();
  product.uploadFaults.push(410, 503, 403, 415);

  await page.do('record', { id, interactions: 1, screenshots: 6 });
  await page.do('stop', id);
  await untilSent(page, id);

  expect(await heldOf(product, id)).toMatchObject({
    state: 'ENDED',
    screenshots: { STORED: 5, DROPPED: 1 },
  });
});

test('pictures that are too large or were given up are named at the end', async () => {
  const { product, page } = await openStarted({
    env: { MAX_SCREENSHOT_SIZE_MB: '1' },
    isConnected: false,
  });
  const id = newId();

  await page.do('record', { id, screenshots: 3, pictureBytes: 1_100_000 });
  await page.do('record', { id, screenshots: 3, snapshots: 2 });
  const [, , page2] = await page.do('blobs', id);
  await page.do('dropBlob', page2?.record.id ?? '');
  await page.do('stop', id);
  await page.connect();
  await untilSent(page, id);

  const row = await product.app.db.session.findUniqueOrThrow({ where: { id } });
  expect(row.state).toBe('ENDED');
  expect((row.dropped as { reason: string }[]).map(({ reason }) => reason).toSorted()).toEqual([
    'CAPTURE_FAILED',
    'TOO_LARGE',
    'TOO_LARGE',
  ]);
  expect(await page.do('session', id)).toMatchObject({ dropped: 3, screenshots: 3, snapshots: 2 });
});

test('a key that is revoked ends the tries, is said in words, and another key goes on', async () => {
  const { product, outbox, page } = await openStarted();
  const id = newId();
  await page.do('record', { id, interactions: 3 });
  await expect.poll(() => product.app.db.interaction.count()).toBe(3);

  const { projectId = '' } = outbox.connection();
  await revokeKey(product.app, { projectId, keyId: product.keyId, now: new Date() });
  await expect.poll(async () => (await page.do('state')).connection.state).toBe('refused');
  await page.do('record', { id, interactions: 30 });
  await page.do('stop', id);
  expect((await page.do('state')).connection.detail).toMatch(/refused the key.*Ask for a new key/s);
  expect((await page.do('problems'))[0]?.message).toContain('refused the key');
  await expect.poll(() => page.do('alarms')).toEqual({});
  expect(await product.app.db.interaction.count()).toBe(3);

  const key = await outbox.newKey();
  await page.do('connect', outbox.connection({ key, id: '2' }));
  await untilSent(page, id);

  expect(await heldOf(product, id)).toEqual(whole(30, 0, 0));
});

test('what the server lost is said to be lost, and the session ends', async () => {
  const { product, page } = await openStarted();
  const id = newId();
  await page.do('record', { id, interactions: 10, screenshots: 4 });
  await expect.poll(async () => (await page.do('session', id))?.acknowledged).toBe(10);
  await expect.poll(() => product.app.db.screenshot.count({ where: { upload: 'STORED' } })).toBe(4);
  await expect
    .poll(async () => (await page.do('blobs', id)).every(({ state }) => state === 'stored'))
    .toBe(true);

  const { db } = product.app;
  await db.interaction.deleteMany({ where: { sessionId: id, sequence: { in: [4, 5] } } });
  const [pending, gone] = await db.screenshot.findMany({ where: { sessionId: id } });
  await db.screenshot.update({ where: { id: pending?.id ?? '' }, data: { upload: 'PENDING' } });
  await db.screenshot.delete({ where: { id: gone?.id ?? '' } });
  await product.restart();
  await page.do('stop', id);
  await untilSent(page, id);

  expect(await heldOf(product, id)).toEqual({
    ...whole(10, 0, 0),
    dropped: [4, 5].map((sequence) => ({ sequence, dropped: 'CAPTURE_FAILED' })),
    screenshots: { STORED: 2, DROPPED: 1 },
  });
});

test('a session that somebody ended elsewhere stays here, and says so', async () => {
  const { product, page } = await openStarted();
  const id = newId();
  await page.do('record', { id, interactions: 3 });
  await expect.poll(async () => (await page.do('session', id))?.acknowledged).toBe(3);

  await product.app.db.session.update({ where: { id }, data: { state: 'ENDED', lastSequence: 3 } });
  await page.do('record', { id, interactions: 8 });
  await expect.poll(async () => (await page.do('session', id))?.remote?.state).toBe('stuck');

  const session = await page.do('session', id);
  expect(session?.remote?.advice.join(' ')).toMatch(
    /ended on the server.*5 interactions.*discard it/s,
  );
  expect((await page.do('interactions', id)).length).toBe(5);
  await page.do('changeSession', id, { state: 'discarding' });
  await expect.poll(() => page.do('session', id)).toBeNull();
});

test('more sessions than a participant may have open wait for their turn', async () => {
  const { product, page, outbox } = await openStarted({ env: { MAX_SESSIONS_PER_USER: '1' } });
  const [other, id] = [newId(), newId()];
  const row = await product.app.db.participant.findFirstOrThrow();
  await product.app.db.session.create({
    data: {
      ...{ id: other, projectId: outbox.connection().projectId ?? '', participantId: row.id },
      ...{ kind: 'HUMAN', site: '', startUrl: '', startedAt: new Date(), client: {} },
    },
  });

  await page.do('record', { id, interactions: 4 });
  await page.do('stop', id);
  await expect
    .poll(async () => (await page.do('state')).queue.lastError)
    .toContain('at most 1 active sessions');

  expect(await page.do('session', id)).toMatchObject({ state: 'sending', remote: null });
  await expect.poll(async () => (await page.do('state')).queue.interactions).toBe(4);
});

test('a session is removed from the server, then from here; one that was never sent without a server', async () => {
  const { product, page } = await openStarted();
  const [sent, unsent] = [newId(), newId()];
  await page.do('record', { id: sent, interactions: 3, screenshots: 2 });
  await expect.poll(() => product.app.db.interaction.count()).toBe(3);

  await page.do('changeSession', sent, { state: 'discarding' });
  await expect.poll(() => page.do('session', sent)).toBeNull();
  await page.do('disconnect');
  await page.do('record', { id: unsent, interactions: 3, screenshots: 2 });
  await page.do('changeSession', unsent, { state: 'discarding' });
  await expect.poll(() => page.do('session', unsent)).toBeNull();

  const row = await product.app.db.session.findUniqueOrThrow({ where: { id: sent } });
  expect(row).toMatchObject({ state: 'DISCARDED', version: 2 }); // asked for once
  expect(await product.app.db.interaction.count()).toBe(0);
  expect(await page.do('left', unsent)).toMatchObject({ interactions: 0, bytes: 0 });
});

test('the consent is recorded before the session under it; after its end nothing goes out', async () => {
  const { product, page } = await openStarted();
  const consent = await page.do('giveConsent');
  expect((await page.do('giveConsent')).id).toBe(consent.id);
  const [first, second] = [newId(), newId()];

  await page.do('record', { id: first, interactions: 2, consentId: consent.id });
  await page.do('stop', first);
  await untilSent(page, first);
  await page.do('withdrawConsent');
  await page.do('record', { id: second, interactions: 2, consentId: consent.id });
  await expect.poll(async () => (await page.do('session', second))?.remote?.state).toBe('stuck');

  const row = await product.app.db.session.findUniqueOrThrow({ where: { id: first } });
  expect(row.consentId).toBe(consent.id);
  await expect
    .poll(async () => (await product.app.db.consent.findFirst())?.withdrawnAt)
    .toBeInstanceOf(Date);
  expect(await product.app.db.session.count()).toBe(1);
});
