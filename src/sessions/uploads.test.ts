import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, makeViewer, openReplica, openTestApp } from '../../test/app.ts';
import {
  aChange,
  anEnd,
  aPicture,
  aScreenshot,
  aSnapshot,
  interactions,
  makeSession,
  record,
  serveObjects,
  sha256,
} from '../../test/sessions.ts';
import { limits } from '../contract/limits.ts';
import type { Viewer } from '../graphql/context.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { recordScreenshots, recordSnapshots } from './announce.ts';
import { SessionEndedError, SessionNotFoundError } from './errors.ts';
import { discardSession, endSession, pauseSession } from './lifecycle.ts';
import { screenshotKey } from './objects.ts';
import { confirmUploads, pendingUploads, type UploadSlot } from './slots.ts';

const CONFIRM = `mutation ($input: ConfirmUploadsInput!) { confirmUploads(input: $input) {
  __typename
  ... on UploadSlots { slots { id kind maxBytes url } stored rejected { id code } }
  ... on Problem { code }
} }`;
const SCREENSHOTS = `mutation ($input: RecordScreenshotsInput!) { recordScreenshots(input: $input) {
  __typename
  ... on UploadSlots { slots { id kind maxBytes } stored rejected { id code message } }
  ... on Problem { code }
} }`;

type Place = { app: App; viewer: Viewer; sessionId: string; origin: string };

async function openPlace(env: Record<string, string> = {}): Promise<Place> {
  const app = await openTestApp({ env });
  const viewer = await makeViewer(app);
  return {
    app,
    viewer,
    sessionId: await makeSession(app, viewer),
    origin: await serveObjects(app),
  };
}

/** Announces a picture and answers with its slot. */
async function slotFor(
  { app, viewer, sessionId }: Place,
  screenshot: ReturnType<typeof aScreenshot>,
): Promise<UploadSlot> {
  const input = { sessionId, screenshots: [screenshot] };
  const { slots } = await recordScreenshots(app, viewer, input);
  if (!slots[0]) throw new Error('Expected a slot.');
  return slots[0];
}

async function snapshotSlots({ app, viewer, sessionId }: Place, ...htmls: string[]) {
  return recordSnapshots(app, viewer, {
    sessionId,
    snapshots: htmls.map((html) => aSnapshot(html)),
  });
}

async function put(
  { origin }: Place,
  slot: Pick<UploadSlot, 'url'>,
  body: Buffer<ArrayBuffer> | string,
) {
  const response = await fetch(origin + slot.url, { method: 'PUT', body });
  return { status: response.status, text: await response.text() };
}

/** Every file of the data folder's objects: path and bytes. */
async function files({ app }: Pick<Place, 'app'>): Promise<{ path: string; bytes: Buffer }[]> {
  const root = join(app.config.dataDir, 'objects');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => ({
        path: join(parentPath, name).slice(root.length + 1),
        bytes: await readFile(join(parentPath, name)),
      })),
  );
}

// ── Announcing ────────────────────────────────────────────────────────────────────────────────────

test('an announced screenshot gets a slot, the same at a repeat, and needs none once it is stored', async () => {
  const place = await openPlace();
  const { app, viewer, sessionId } = place;
  const picture = aPicture();
  const screenshot = aScreenshot(picture);

  const first = await slotFor(place, screenshot);
  const second = await slotFor(place, screenshot);
  const { status } = await put(place, first, picture);
  const { recordScreenshots: third } = await ask(app, viewer, SCREENSHOTS, {
    input: { sessionId, screenshots: [screenshot] },
  });

  expect(first).toMatchObject({ id: screenshot.id, kind: 'SCREENSHOT', maxBytes: 5 * 1024 * 1024 });
  expect(second.id).toBe(first.id);
  expect(status).toBe(204);
  expect(third).toEqual({
    __typename: 'UploadSlots',
    slots: [],
    stored: [screenshot.id],
    rejected: [],
  });
  expect(await app.db.screenshot.count()).toBe(1);
});

test('an announcement that cannot be stored is refused alone; the others of the call are taken', async () => {
  const { app, viewer, sessionId } = await openPlace();
  const picture = aPicture();
  const good = aScreenshot(picture);
  const bad: [reason: string, code: string, screenshot: { id: string }][] = [
    ['mimeType', 'INVALID', { ...aScreenshot(picture), mimeType: 'image/gif' } as { id: string }],
    ['sha256', 'INVALID', aScreenshot(picture, { sha256: 'abc' })],
    ['url', 'INVALID', aScreenshot(picture, { url: 'https://a.example/\0' })],
    ['capturedAt', 'INVALID', aScreenshot(picture, { capturedAt: '0000-01-01T00:00:00.000Z' })],
    ['burstIndex', 'INVALID', aScreenshot(picture, { burstIndex: 40_000 })],
    ['devicePixelRatio', 'INVALID', aScreenshot(picture, { devicePixelRatio: 1e39 })],
    ['scrollY', 'INVALID', aScreenshot(picture, { scrollY: -1e39 })],
    ['MAX_SCREENSHOT_SIZE_MB', 'TOO_LARGE', aScreenshot(picture, { bytes: 5 * 1024 * 1024 + 1 })],
  ];

  const screenshots = [...bad.map(([, , screenshot]) => screenshot), good];
  const answer = await recordScreenshots(app, viewer, { sessionId, screenshots });

  expect(answer.slots.map(({ id }) => id)).toEqual([good.id]);
  expect(answer.rejected.map(({ code }) => code).sort()).toEqual(
    bad.map(([, code]) => code).sort(),
  );
  for (const [reason, code, { id }] of bad)
    expect(answer.rejected).toContainEqual({ id, code, message: expect.stringContaining(reason) });
});

test('an id of another announcement or another session is refused, and the first one stays', async () => {
  const place = await openPlace();
  const { app, viewer, sessionId } = place;
  const other = { ...place, sessionId: await makeSession(app, viewer) };
  const screenshot = aScreenshot(aPicture('one'));
  const snapshot = aSnapshot('<p>one</p>');
  await slotFor(place, screenshot);
  await recordSnapshots(app, viewer, { sessionId, snapshots: [snapshot] });

  const changed = aScreenshot(aPicture('two'), { id: screenshot.id });
  const answers = [
    await recordScreenshots(app, viewer, { sessionId, screenshots: [changed] }),
    await recordScreenshots(app, viewer, { sessionId: other.sessionId, screenshots: [screenshot] }),
    await recordSnapshots(app, viewer, { sessionId: other.sessionId, snapshots: [snapshot] }),
  ];

  for (const { slots, rejected } of answers)
    expect({ slots, rejected }).toMatchObject({ slots: [], rejected: [{ code: 'ID_TAKEN' }] });
  expect(await app.db.screenshot.findMany()).toMatchObject([{ sessionId, id: screenshot.id }]);
  const issues = await app.db.syncIssue.findMany({ orderBy: { createdAt: 'asc' } });
  expect(issues.map(({ entityType, entityId }) => [entityType, entityId])).toEqual([
    ['Screenshot', `${sessionId}/${screenshot.id}`],
    ['Screenshot', `${other.sessionId}/${screenshot.id}`],
    ['PageSnapshot', `${other.sessionId}/${snapshot.id}`],
  ]);
});

test('an id in capitals is the same id', async () => {
  const place = await openPlace();
  const picture = aPicture();
  const screenshot = aScreenshot(picture);

  const slot = await slotFor(place, { ...screenshot, id: screenshot.id.toUpperCase() });
  await put(place, slot, picture);

  expect(slot.id).toBe(screenshot.id);
  expect(await place.app.db.screenshot.findMany()).toMatchObject([{ upload: 'STORED' }]);
});

test('too many in one call, another participant’s session and an ended session are refused whole', async () => {
  const { app, viewer, sessionId } = await openPlace();
  const picture = aPicture();
  const sibling = await makeViewer(app, { project: viewer.projectId, participant: 'P-2' });
  const many = Array.from({ length: limits.screenshotsPerCall + 1 }, () => aScreenshot(picture));
  const ids = Array.from({ length: limits.uploadsPerCall + 1 }, newId);

  const announce = (who: Viewer, screenshots = [aScreenshot(picture)]) =>
    recordScreenshots(app, who, { sessionId, screenshots });
  await expect(announce(viewer, many)).rejects.toThrow(InvalidInputError);
  await expect(confirmUploads(app, viewer, { sessionId, ids })).rejects.toThrow(InvalidInputError);
  await expect(announce(sibling)).rejects.toThrow(SessionNotFoundError);
  await expect(confirmUploads(app, sibling, { sessionId, ids: [] })).rejects.toThrow(
    SessionNotFoundError,
  );
  await endSession(app, viewer, anEnd(sessionId, 0));
  await expect(announce(viewer)).rejects.toThrow(SessionEndedError);

  expect(await app.db.screenshot.count()).toBe(0);
});

test('an announcement that races with the end is whole before it or refused', async () => {
  const { app, viewer } = await openPlace();

  for (let round = 0; round < 8; round += 1) {
    const sessionId = await makeSession(app, viewer);
    const screenshots = [aScreenshot(aPicture(`${round}`))];
    const [announced, ended] = await Promise.allSettled([
      recordScreenshots(app, viewer, { sessionId, screenshots }),
      endSession(app, viewer, anEnd(sessionId, 0)),
    ]);

    expect([announced.status, ended.status].sort()).toEqual(['fulfilled', 'rejected']);
    const { state } = await app.db.session.findUniqueOrThrow({ where: { id: sessionId } });
    const held = await app.db.screenshot.count({ where: { sessionId } });
    expect([state, held]).toEqual(ended.status === 'fulfilled' ? ['ENDED', 0] : ['ACTIVE', 1]);
  }
});

test('an announcement resumes a paused session', async () => {
  const place = await openPlace();
  await pauseSession(place.app, place.viewer, aChange(place.sessionId));

  await slotFor(place, aScreenshot(aPicture()));

  expect(await place.app.db.session.findFirstOrThrow()).toMatchObject({ state: 'ACTIVE' });
});

// ── The bytes ─────────────────────────────────────────────────────────────────────────────────────

test('stored bytes are sealed on disk and come back as they were sent', async () => {
  const place = await openPlace();
  const { app, viewer } = place;
  const picture = aPicture('a very visible picture', 300_000);
  const html = '<!doctype html><p>a very visible page</p>';
  const slot = await slotFor(place, aScreenshot(picture));
  const page = (await snapshotSlots(place, html)).slots[0] as UploadSlot;

  expect(await put(place, slot, picture)).toMatchObject({ status: 204 });
  expect(await put(place, page, html)).toMatchObject({ status: 204 });

  const stored = await files(place);
  expect(stored.map(({ path }) => path.split('/')[0])).toEqual(['objects', 'objects']);
  for (const { bytes } of stored) {
    const text = bytes.toString('latin1');
    for (const plain of ['RIFF', 'WEBP', 'very visible', '<!doctype', 'pppppp'])
      expect(text).not.toContain(plain);
  }
  await app.db.screenshot.updateMany({ data: { redactedAt: new Date() } });
  const { session } = await ask<{
    session: { screenshots: { nodes: { url: string }[] }; snapshots: { nodes: { url: string }[] } };
  }>(
    app,
    viewer,
    '{ session(id: "ID") { screenshots { nodes { url } } snapshots { nodes { url } } } }'.replace(
      'ID',
      place.sessionId,
    ),
  );
  const shot = await fetch(place.origin + session.screenshots.nodes[0]?.url);
  const doc = await fetch(place.origin + session.snapshots.nodes[0]?.url);
  expect(Buffer.from(await shot.arrayBuffer()).equals(picture)).toBe(true);
  expect(await doc.text()).toBe(html);
  expect([shot.headers.get('content-type'), doc.headers.get('content-type')]).toEqual([
    'image/webp',
    'text/html; charset=utf-8',
  ]);
  expect(doc.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
});

test('a screenshot has no address until its masks are painted over', async () => {
  const place = await openPlace();
  const { app, viewer, sessionId } = place;
  const picture = aPicture();
  await put(place, await slotFor(place, aScreenshot(picture)), picture);
  const document = `{ session(id: "${sessionId}") { screenshots { nodes { url upload } } } }`;

  const before = await ask(app, viewer, document);
  await app.db.screenshot.updateMany({ data: { redactedAt: new Date() } });
  const after = await ask(app, viewer, document);

  const shown = (url: unknown) => ({
    session: { screenshots: { nodes: [{ url, upload: 'STORED' }] } },
  });
  expect(before).toEqual(shown(null));
  expect(after).toEqual(shown(expect.stringMatching(/^\/objects\/read-screenshot\//)));
});

test('a repeated upload is taken for good and changes nothing', async () => {
  const place = await openPlace();
  const picture = aPicture();
  const slot = await slotFor(place, aScreenshot(picture));
  await put(place, slot, picture);
  const before = await files(place);

  const again = await put(place, slot, aPicture('something else', 50_000));

  expect(again.status).toBe(204);
  expect(await files(place)).toEqual(before);
});

test('what is not as it was announced is refused in words and leaves nothing behind', async () => {
  const place = await openPlace();
  const picture = aPicture('the real one', 200_000);
  const html = `<p>${'x'.repeat(5_000)}</p>`;
  const png = Buffer.concat([Buffer.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), picture]);
  const slot = await slotFor(place, aScreenshot(picture));
  const asWebp = await slotFor(place, aScreenshot(png));
  const tiny = Buffer.from('RIFF');
  const short = await slotFor(place, aScreenshot(tiny));
  const page = (await snapshotSlots(place, html)).slots[0] as UploadSlot;
  const streamed = (body: Buffer) => ({
    method: 'PUT',
    body: new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.length; at += 4096)
          controller.enqueue(body.subarray(at, at + 4096));
        controller.close();
      },
    }),
    duplex: 'half' as const,
  });

  const other = Buffer.from(picture);
  other[100] = 0;
  const long = Buffer.concat([picture, Buffer.alloc(30_000_000)]);
  const answers = {
    hash: await put(place, slot, other),
    shorter: await put(place, slot, picture.subarray(0, 100)),
    empty: await put(place, slot, ''),
    longer: await put(place, slot, long),
    magic: await put(place, asWebp, png),
    tiny: await put(place, short, tiny),
    pageHash: await put(place, page, html.replaceAll('x', 'y')),
    pageShorter: await put(place, page, '<p>'),
    pageLonger: await put(place, page, `${html} `),
    streamedLonger: await fetch(place.origin + slot.url, streamed(long)),
    streamedPageLonger: await fetch(place.origin + page.url, streamed(Buffer.alloc(20_000, 'x'))),
    streamedMagic: await fetch(place.origin + asWebp.url, streamed(png)),
  };

  expect(
    Object.fromEntries(Object.entries(answers).map(([what, { status }]) => [what, status])),
  ).toEqual({
    hash: 422,
    shorter: 422,
    empty: 422,
    longer: 413,
    magic: 415,
    tiny: 415,
    pageHash: 422,
    pageShorter: 422,
    pageLonger: 413,
    streamedLonger: 413,
    streamedPageLonger: 413,
    streamedMagic: 415,
  });
  expect(answers.hash.text).toContain('SHA-256');
  expect(answers.magic.text).toContain('Expected bytes of image/webp');
  expect(await files(place)).toEqual([]);
  expect(await place.app.db.screenshot.count({ where: { upload: 'PENDING' } })).toBe(3);
  expect((await put(place, slot, picture)).status).toBe(204);
});

test('an upload that breaks off leaves nothing behind, and the next one is taken', async () => {
  const place = await openPlace();
  const picture = aPicture('', 400_000);
  const slot = await slotFor(place, aScreenshot(picture));
  const { hostname, port } = new URL(place.origin);

  const socket = connect(Number(port), hostname);
  socket.write(
    `PUT ${slot.url} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${picture.length}\r\n\r\n`,
  );
  socket.write(picture.subarray(0, 200_000));
  await expect.poll(async () => (await files(place)).length).toBe(1);
  socket.destroy();

  await expect.poll(() => files(place)).toEqual([]);
  expect(await place.app.db.screenshot.findMany()).toMatchObject([{ upload: 'PENDING' }]);
  expect((await put(place, slot, picture)).status).toBe(204);
});

test('an upload that is late, its masks painted over meanwhile, brings no unmasked picture back', async () => {
  const place = await openPlace();
  const { app, viewer, sessionId } = place;
  const picture = aPicture('', 400_000);
  const screenshot = aScreenshot(picture);
  const slot = await slotFor(place, screenshot);
  const { hostname, port } = new URL(place.origin);
  const late = connect(Number(port), hostname);
  late.write(
    `PUT ${slot.url} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${picture.length}\r\n\r\n`,
  );
  late.write(picture.subarray(0, 200_000));
  await expect.poll(async () => (await files(place)).length).toBe(1);
  await put(place, slot, picture);

  const object = { projectId: viewer.projectId, sessionId, id: screenshot.id };
  await app.storage.put(screenshotKey(object, 1), Buffer.from('painted over and sealed'));
  await app.storage.remove(screenshotKey(object, 0));
  await app.db.screenshot.update({
    where: { id: screenshot.id },
    data: { redactedAt: new Date(), objectKey: screenshotKey(object, 1) },
  });
  const answered = new Promise((resolve) => late.once('data', resolve));
  late.write(picture.subarray(200_000));
  expect(String(await answered)).toMatch(/^HTTP\/1\.1 204 /);
  late.destroy();

  expect((await files(place)).map(({ path }) => path)).toEqual([
    `objects/${screenshotKey(object, 1)}`,
  ]);
});

test('a signature that is forged, expired or for something else opens nothing', async () => {
  const place = await openPlace();
  const picture = aPicture();
  const slot = await slotFor(place, aScreenshot(picture));
  const other = await slotFor(place, aScreenshot(aPicture('other')));
  const [path, query] = slot.url.split('?');
  const grant = { action: 'upload-screenshot', id: slot.id } as const;
  const expired = place.app.signer.sign(grant, new Date(Date.now() - 2_000));
  const fetched = async (url: string, method = 'PUT') =>
    (await fetch(place.origin + url, { method, ...(method === 'PUT' ? { body: picture } : {}) }))
      .status;

  const statuses = {
    none: await fetched(path ?? ''),
    other: await fetched(`${path}?${other.url.split('?')[1]}`),
    later: await fetched(`${path}?${query?.replace(/expires=\d+/, 'expires=9999999999')}`),
    read: await fetched(slot.url.replace('upload-', 'read-'), 'GET'),
    expired: await fetched(expired),
    method: await fetched(slot.url, 'GET'),
    unknown: await fetched('/objects/upload-anything/1'),
    prototype: await fetched(`/objects/constructor/${slot.id}?${query}`),
  };

  expect(statuses).toEqual({
    none: 403,
    other: 403,
    later: 403,
    read: 403,
    expired: 410,
    method: 405,
    unknown: 404,
    prototype: 404,
  });
  expect(await files(place)).toEqual([]);
});

test('the address of a process is good at another one with the same master key', async () => {
  const place = await openPlace();
  const picture = aPicture();
  const slot = await slotFor(place, aScreenshot(picture));
  const replica = await openReplica(place.app);
  const origin = await serveObjects(replica);

  const { status } = await put({ ...place, origin }, slot, picture);

  expect(status).toBe(204);
});

test('after a discard neither uploads nor downloads go through', async () => {
  const place = await openPlace();
  const html = '<p>page</p>';
  const page = (await snapshotSlots(place, html)).slots[0] as UploadSlot;
  await put(place, page, html);
  const slot = await slotFor(place, aScreenshot(aPicture()));
  const read = place.app.signer.sign(
    { action: 'read-snapshot', id: page.id },
    new Date(Date.now() + 60_000),
  );

  await discardSession(place.app, place.viewer, aChange(place.sessionId));

  expect((await put(place, slot, aPicture())).status).toBe(404);
  expect((await fetch(place.origin + read)).status).toBe(404);
});

// ── Twins and confirmation ────────────────────────────────────────────────────────────────────────

test('equal pages of a session need one upload, whether they were announced before or after it', async () => {
  const place = await openPlace();
  const { app, viewer, sessionId } = place;
  const html = '<p>the same page</p>';
  const { slots } = await snapshotSlots(place, html, html);
  await put(place, slots[0] as UploadSlot, html);

  const later = await snapshotSlots(place, html);
  const confirmed = await confirmUploads(app, viewer, {
    sessionId,
    ids: slots.map(({ id }) => id),
  });
  const elsewhere = await snapshotSlots(
    { ...place, sessionId: await makeSession(app, viewer) },
    html,
  );

  expect(slots).toHaveLength(2);
  expect(later).toMatchObject({ slots: [], stored: [expect.any(String)], rejected: [] });
  expect(confirmed).toMatchObject({ slots: [], rejected: [] });
  expect(confirmed.stored.sort()).toEqual(slots.map(({ id }) => id).sort());
  expect(elsewhere.slots).toHaveLength(1); // sealed with another key, so never shared
  expect(await files(place)).toHaveLength(1);
  const rows = await app.db.pageSnapshot.findMany({ where: { sessionId }, orderBy: { id: 'asc' } });
  expect(rows.filter(({ storedBytes }) => (storedBytes ?? 0) > 0)).toHaveLength(1);
  expect(rows.filter(({ storedBytes }) => storedBytes === 0)).toHaveLength(2);
});

test('a confirmation says what is stored, gives new addresses for the rest and knows no other session’s ids', async () => {
  const place = await openPlace();
  const { app, viewer, sessionId } = place;
  const picture = aPicture();
  const stored = await slotFor(place, aScreenshot(picture));
  await put(place, stored, picture);
  const pending = (await snapshotSlots(place, '<p>pending</p>')).slots[0] as UploadSlot;
  const other = { ...place, sessionId: await makeSession(app, viewer) };
  const foreign = await slotFor(other, aScreenshot(picture));

  const ids = [stored.id.toUpperCase(), pending.id, foreign.id];
  const { confirmUploads: answer } = await ask(app, viewer, CONFIRM, { input: { sessionId, ids } });
  const missing = await pendingUploads(app, sessionId);

  expect(answer).toEqual({
    __typename: 'UploadSlots',
    stored: [stored.id],
    slots: [
      { id: pending.id, kind: 'SNAPSHOT', maxBytes: limits.snapshotBytes, url: expect.any(String) },
    ],
    rejected: [{ id: foreign.id, code: 'NOT_ANNOUNCED' }],
  });
  expect(missing.map(({ id }) => id)).toEqual([pending.id]);
});

test('what was dropped needs no upload any more', async () => {
  const place = await openPlace();
  const { app, viewer, sessionId } = place;
  await record(app, viewer, sessionId, interactions(1));
  const slot = await slotFor(place, aScreenshot(aPicture()));
  const dropped = [{ id: slot.id, reason: 'QUOTA' as const }];
  await endSession(app, viewer, anEnd(sessionId, 1, { screenshotCount: 1, dropped }));

  const late = await put(place, slot, aPicture());
  const { slots, stored } = await confirmUploads(app, viewer, { sessionId, ids: [slot.id] });

  expect(late.status).toBe(204);
  expect({ slots, stored }).toEqual({ slots: [], stored: [slot.id] });
  expect(await app.db.screenshot.findMany()).toMatchObject([
    { upload: 'DROPPED', problem: 'QUOTA' },
  ]);
  expect(await files(place)).toEqual([]);
});

test('the HTML of a page is stored without what the detectors know', async () => {
  const place = await openPlace();
  const html = '<p title="ann@example.com">Call +49 30 901820</p>';
  const page = (await snapshotSlots(place, html)).slots[0] as UploadSlot;
  await put(place, page, html);
  const url = place.app.signer.sign(
    { action: 'read-snapshot', id: page.id },
    new Date(Date.now() + 60_000),
  );

  const text = await (await fetch(place.origin + url)).text();

  expect(text).toBe('<p title="[EMAIL]">Call [PHONE]</p>');
  expect(sha256(text)).not.toBe(sha256(html));
});
