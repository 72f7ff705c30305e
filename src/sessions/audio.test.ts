import { expect, test } from 'vitest';
import { ask, makeViewer, openTestApp } from '../../test/app.ts';
import {
  aChange,
  anAudioClip,
  anEnd,
  aPicture,
  aSound,
  dumpDatabase,
  makeSession,
  serveObjects,
} from '../../test/sessions.ts';
import { limits } from '../contract/limits.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { ObjectMissingError } from '../platform/storage.ts';
import { discardSession } from './lifecycle.ts';

const ANSWER = `__typename ... on Problem { code } ... on InvalidInput { field }
  ... on UploadSlots { slots { id kind url maxBytes } stored rejected { id code message } }`;
const RECORD = `mutation ($input: RecordAudioClipsInput!) { recordAudioClips(input: $input) { ${ANSWER} } }`;
const CONFIRM = `mutation ($input: ConfirmUploadsInput!) { confirmUploads(input: $input) { ${ANSWER} } }`;
const END = `mutation ($input: EndSessionInput!) { endSession(input: $input) {
  __typename ... on Problem { message } ... on SessionIncomplete { missingAudioClips missingScreenshots } } }`;
const READ = `query ($id: ID!, $first: Int) { session(id: $id) {
  audioClips(first: $first) { totalCount nodes { id startedAt durationMs mimeType originalBytes storedBytes upload problem uploadedAt url } }
  storage { originalBytes storedBytes }
} }`;

type Slots = {
  __typename: string;
  slots: { id: string; kind: string; url: string; maxBytes: number }[];
  stored: string[];
  rejected: { id: string; code: string; message: string }[];
};
type Read = {
  audioClips: { totalCount: number; nodes: ({ id: string; url: string } & object)[] };
  storage: object;
};
type Place = { app: App; viewer: Viewer; sessionId: string; origin: string };

async function openPlace(env: Record<string, string> = {}): Promise<Place> {
  const app = await openTestApp({ env });
  const viewer = await makeViewer(app, { scopes: ['CAPTURE'] });
  const sessionId = await makeSession(app, viewer);
  return { app, viewer, sessionId, origin: await serveObjects(app) };
}

async function announce(
  { app, viewer, sessionId }: Place,
  ...audioClips: object[]
): Promise<Slots> {
  const input = { sessionId, audioClips };
  return (await ask<{ recordAudioClips: Slots }>(app, viewer, RECORD, { input })).recordAudioClips;
}

async function put({ origin }: Place, { slots }: Slots, body: Buffer<ArrayBuffer>) {
  const { status } = await fetch(`${origin}${slots[0]?.url}`, { method: 'PUT', body });
  return status;
}

const confirm = async ({ app, viewer, sessionId }: Place, ...ids: string[]) =>
  (await ask<{ confirmUploads: Slots }>(app, viewer, CONFIRM, { input: { sessionId, ids } }))
    .confirmUploads;
const read = async ({ app, viewer, sessionId: id }: Place, first = 20) =>
  (await ask<{ session: Read }>(app, viewer, READ, { id, first })).session;

test('a clip is announced, uploaded, confirmed and read as it was, and sealed meanwhile', async () => {
  const place = await openPlace();
  const { app, sessionId } = place;
  const sound = aSound('a very audible sound', 200_000);
  const clip = anAudioClip(sound);

  const announced = await announce(place, clip);
  const early = (await read(place)).audioClips.nodes;
  const status = await put(place, announced, sound);

  expect(announced).toMatchObject({
    slots: [{ id: clip.id, kind: 'AUDIO_CLIP', maxBytes: 64 * 1024 * 1024 }],
    stored: [],
    rejected: [],
  });
  expect(early).toMatchObject([{ upload: 'PENDING', url: null, storedBytes: null }]);
  expect(status).toBe(204);
  for (const answer of [await confirm(place, clip.id), await announce(place, clip)])
    expect(answer).toMatchObject({ slots: [], stored: [clip.id], rejected: [] });
  const { audioClips, storage } = await read(place);
  expect(audioClips).toMatchObject({
    totalCount: 1,
    nodes: [
      {
        id: clip.id,
        startedAt: new Date(clip.startedAt),
        durationMs: 60_000,
        mimeType: 'audio/webm',
        originalBytes: sound.length,
        upload: 'STORED',
        problem: null,
        uploadedAt: expect.any(Date),
      },
    ],
  });
  const { objectKey, projectId, storedBytes } = await app.db.audioClip.findFirstOrThrow();
  expect(objectKey).toBe(`${projectId}/${sessionId}/audio/${clip.id}`);
  const sealed = await app.storage.get(objectKey ?? '');
  expect(sealed.length).toBe(storedBytes);
  expect(storage).toEqual({ originalBytes: sound.length, storedBytes });
  for (const plain of ['webm', 'audible']) expect(sealed.toString('latin1')).not.toContain(plain);
  const answer = await fetch(place.origin + audioClips.nodes[0]?.url);
  expect(answer.headers.get('content-type')).toBe('audio/webm');
  expect(Buffer.from(await answer.arrayBuffer()).equals(sound)).toBe(true);
});

test('clips are read page by page, by the time they were recorded', async () => {
  const place = await openPlace();
  const at = (minute: number) => `2026-01-02T03:0${minute}:00.000Z`;
  const clips = [3, 1, 2].map((minute) => anAudioClip(aSound(), { startedAt: at(minute) }));
  await announce(place, ...clips);

  const { audioClips } = await read(place, 2);

  expect(audioClips.totalCount).toBe(3);
  expect(audioClips.nodes.map(({ id }) => id)).toEqual([clips[1]?.id, clips[2]?.id]);
});

test('a clip that cannot be stored is refused alone; the others of the call are taken', async () => {
  const place = await openPlace({ MAX_AUDIO_SIZE_MB: '1' });
  const good = anAudioClip(aSound());
  const bad: [reason: string, code: string, clip: { id: string }][] = [
    ['mimeType', 'INVALID', { ...good, id: newId(), mimeType: 'audio/ogg' } as { id: string }],
    ['sha256', 'INVALID', { ...good, id: newId(), sha256: 'abc' }],
    ['durationMs', 'INVALID', { ...good, id: newId(), durationMs: -1 } as { id: string }],
    ['startedAt', 'INVALID', { ...good, id: newId(), startedAt: '0000-01-01T00:00:00.000Z' }],
    ['MAX_AUDIO_SIZE_MB', 'TOO_LARGE', anAudioClip(aSound(), { bytes: 1024 * 1024 + 1 })],
  ];

  const { slots, rejected } = await announce(place, ...bad.map(([, , clip]) => clip), good);
  const other = await announce(place, anAudioClip(aSound('other'), { id: good.id }));

  expect(slots.map(({ id }) => id)).toEqual([good.id]);
  expect(rejected).toHaveLength(bad.length);
  for (const [reason, code, { id }] of bad)
    expect(rejected).toContainEqual({ id, code, message: expect.stringContaining(reason) });
  expect(other.rejected).toMatchObject([{ id: good.id, code: 'ID_TAKEN' }]);
  expect(await place.app.db.syncIssue.findMany()).toMatchObject([{ entityType: 'AudioClip' }]);
});

test('too many clips in one call and another participant’s session are refused whole', async () => {
  const place = await openPlace();
  const { projectId: project } = place.viewer;
  const many = Array.from({ length: limits.audioClipsPerCall + 1 }, () => anAudioClip(aSound()));
  const other = await makeViewer(place.app, { project, participant: 'P-2', scopes: ['CAPTURE'] });

  expect(await announce(place, ...many)).toMatchObject({
    __typename: 'InvalidInput',
    field: 'input.audioClips',
  });
  expect(await announce({ ...place, viewer: other }, many[0] ?? {})).toMatchObject({
    __typename: 'SessionNotFound',
  });
  expect(await place.app.db.audioClip.count()).toBe(0);
});

test('bytes that are no WebM, or others than were announced, are refused and leave nothing', async () => {
  const place = await openPlace();
  const sound = aSound('real', 100_000);
  const other = Buffer.from(sound);
  other[90] = 1;
  const matroska = Buffer.from(sound);
  matroska.write('mkvX', matroska.indexOf('webm'));
  const picture = aPicture('no sound', 100_000);
  const slots = await announce(place, anAudioClip(sound));

  expect(await put(place, slots, other)).toBe(422);
  expect(await put(place, slots, sound.subarray(0, 5_000))).toBe(422);
  expect(await put(place, slots, Buffer.concat([sound, sound]))).toBe(413);
  for (const body of [matroska, picture])
    expect(await put(place, await announce(place, anAudioClip(body)), body)).toBe(415);

  expect(await place.app.db.audioClip.count({ where: { upload: 'STORED' } })).toBe(0);
  const { id, projectId, sessionId } = await place.app.db.audioClip.findFirstOrThrow();
  const key = `${projectId}/${sessionId}/audio/${id}`;
  await expect(place.app.storage.get(key)).rejects.toThrow(ObjectMissingError);
  expect(await put(place, slots, sound)).toBe(204);
});

test('a session ends when its clips are there or said to be dropped, announced or not', async () => {
  const place = await openPlace();
  const { app, viewer, sessionId } = place;
  const [pending, never] = [anAudioClip(aSound('one')), anAudioClip(aSound('two'))];
  await announce(place, pending);
  const end = (more: object) =>
    ask(app, viewer, END, { input: { ...anEnd(sessionId, 0), ...more } });
  const dropped = [pending, never].map(({ id }) => ({ id, reason: 'QUOTA' }));

  const refused = await end({ audioCount: 2 });
  const half = await end({ audioCount: 2, dropped: dropped.slice(0, 1) });
  const ended = await end({ audioCount: 2, dropped });

  expect(refused.endSession).toEqual({
    __typename: 'SessionIncomplete',
    message: expect.stringMatching(
      /the bytes of 1 audio clips; 1 images, snapshots or audio clips that were never announced/,
    ),
    missingAudioClips: [pending.id],
    missingScreenshots: [],
  });
  expect(half.endSession).toMatchObject({ __typename: 'SessionIncomplete', missingAudioClips: [] });
  expect(ended.endSession).toEqual({ __typename: 'Session' });
  expect((await read(place)).audioClips.nodes).toMatchObject([
    { upload: 'DROPPED', problem: 'QUOTA' },
  ]);
  expect(await app.db.session.findFirst()).toMatchObject({
    dropped: [{ id: never.id, reason: 'QUOTA' }],
  });
});

test('a discarded session leaves no clip, nor takes one that arrives later', async () => {
  const place = await openPlace();
  const { app, viewer, sessionId } = place;
  const sound = aSound('private words');
  const slots = await announce(place, anAudioClip(sound));
  await put(place, slots, sound);
  const [{ url } = { url: '' }] = (await read(place)).audioClips.nodes;
  const late = await announce(place, anAudioClip(aSound('late')));

  await discardSession(app, viewer, aChange(sessionId));

  expect(await app.db.audioClip.count()).toBe(0);
  expect(await put(place, late, aSound('late'))).toBe(404);
  expect((await fetch(place.origin + url)).status).toBe(404);
  expect(await dumpDatabase(app)).not.toContain('private words');
});
