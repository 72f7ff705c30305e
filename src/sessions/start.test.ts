import { expect, test } from 'vitest';
import { ask, makeViewer, openReplica, openTestApp } from '../../test/app.ts';
import {
  anEnd,
  aPicture,
  aScreenshot,
  aStart,
  interactions,
  makeSession,
  record,
} from '../../test/sessions.ts';
import type { SessionRecord } from '../contract/recording.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { newId } from '../lib/ids.ts';
import { recordScreenshots } from './announce.ts';
import { SessionIdTakenError, TooManySessionsError } from './errors.ts';
import { endSession, pauseSession } from './lifecycle.ts';
import { startSession } from './start.ts';

const START = `mutation ($input: StartSessionInput!) { startSession(input: $input) {
  __typename
  ... on SessionStarted {
    acknowledged
    missingUploads { id kind maxBytes }
    session { id state version site startUrl task history { state version } }
  }
  ... on Problem { code message }
  ... on TooManySessions { retryAfterSeconds }
} }`;

test('a session starts active, at version 1, with its key and its history', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const input = aStart({ startUrl: 'https://www.shop.example/?token=abcdef123456' });

  const { startSession: started } = await ask(app, viewer, START, { input });

  expect(started).toMatchObject({
    __typename: 'SessionStarted',
    acknowledged: 0,
    missingUploads: [],
    session: {
      id: input.id,
      state: 'ACTIVE',
      version: 1,
      site: 'shop.example',
      startUrl: 'https://www.shop.example/?token=[TOKEN]',
      history: [{ state: 'ACTIVE', version: 1 }],
    },
  });
  expect(await app.db.sessionKey.count()).toBe(1);
});

test('a repeated start changes nothing and makes no second session, also when both come at once', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const input = aStart();

  const [first, second] = await Promise.all([
    startSession(app, viewer, input),
    startSession(app, viewer, input),
  ]);
  const later = await startSession(app, viewer, { ...input, task: 'Another task' });

  expect(second).toEqual(first);
  expect(later).toEqual(first);
  expect(await app.db.session.count()).toBe(1);
  expect(await app.db.sessionEvent.count()).toBe(1);
});

test('a start that resumes says what the server holds and which uploads are missing, whichever process is asked', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const input = aStart();
  await startSession(app, viewer, input);
  await record(app, viewer, input.id, interactions(1, 2, 3, 5));
  const picture = aScreenshot(aPicture());
  await recordScreenshots(app, viewer, { sessionId: input.id, screenshots: [picture] });
  const replica = await openReplica(app);
  const started = {
    __typename: 'SessionStarted',
    missingUploads: [{ id: picture.id, kind: 'SCREENSHOT', maxBytes: 5 * 1024 * 1024 }],
  };

  const here = await ask(app, viewer, START, { input });
  const there = await ask(replica, viewer, START, { input });
  await record(replica, viewer, input.id, interactions(4));
  const hereAgain = await ask(app, viewer, START, { input });

  expect(here.startSession).toMatchObject({ ...started, acknowledged: 3 });
  expect(there.startSession).toMatchObject({ ...started, acknowledged: 3 });
  expect(hereAgain.startSession).toMatchObject({ ...started, acknowledged: 5 });
});

test('a start that comes after the end answers with the ended session', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const input = aStart();
  await startSession(app, viewer, input);
  await record(app, viewer, input.id, interactions(1));
  await endSession(app, viewer, anEnd(input.id, 1));

  const { startSession: started } = await ask(app, viewer, START, { input });

  expect(started).toMatchObject({ acknowledged: 1, session: { state: 'ENDED', version: 2 } });
});

test('an id that is written in capitals is the same id', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const input = aStart();
  await startSession(app, viewer, { ...input, id: input.id.toUpperCase() });

  const again = await startSession(app, viewer, input);
  const receipt = await record(await openReplica(app), viewer, input.id, interactions(1));

  expect(again.id).toBe(input.id);
  expect(receipt.acknowledged).toBe(1);
});

test('the id of another participant’s or another project’s session is refused', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const input = aStart();
  await startSession(app, viewer, input);
  const sibling = await makeViewer(app, { project: viewer.projectId, participant: 'P-2' });
  const stranger = await makeViewer(app);
  const foreignAdmin = await makeViewer(app, { scopes: ['ADMIN'] });

  for (const other of [sibling, stranger, foreignAdmin])
    await expect(startSession(app, other, input)).rejects.toThrow(SessionIdTakenError);

  const { startSession: refused } = await ask(app, stranger, START, { input });
  expect(refused).toMatchObject({ __typename: 'SessionIdTaken', code: 'SESSION_ID_TAKEN' });
});

test('a start over the cap of active sessions is told when to come again, and may once one is paused', async () => {
  const app = await openTestApp({ env: { MAX_SESSIONS_PER_USER: '2' } });
  const viewer = await makeViewer(app);
  const first = await makeSession(app, viewer);
  await makeSession(app, viewer);
  const input = aStart();

  const { startSession: refused } = await ask(app, viewer, START, { input });
  const other = await makeViewer(app, { project: viewer.projectId, participant: 'P-2' });
  await makeSession(app, other);
  await pauseSession(app, viewer, { sessionId: first, operationId: newId() });
  const { startSession: started } = await ask(app, viewer, START, { input });

  expect(refused).toEqual({
    __typename: 'TooManySessions',
    code: 'TOO_MANY_SESSIONS',
    message: expect.stringContaining('at most 2 active sessions'),
    retryAfterSeconds: 30,
  });
  expect(started).toMatchObject({ session: { id: input.id, state: 'ACTIVE' } });
});

test.each([
  ['of one participant', 'P-1'],
  ['of keys that belong to nobody', null],
])('starts %s that come at once do not pass the cap together', async (_whose, participant) => {
  const app = await openTestApp({ env: { MAX_SESSIONS_PER_USER: '3' } });
  const first = await makeViewer(app, { participant });
  const second = await makeViewer(app, { project: first.projectId, participant });

  const starts = await Promise.allSettled(
    [first, second, first, second, first, second].map((viewer) => makeSession(app, viewer)),
  );

  const refused = starts.flatMap((start) => (start.status === 'rejected' ? [start.reason] : []));
  expect(refused).toHaveLength(3);
  for (const reason of refused) expect(reason).toBeInstanceOf(TooManySessionsError);
  expect(await app.db.session.count({ where: { state: 'ACTIVE' } })).toBe(3);
});

test('what a session cannot be is refused by name, and nothing is stored', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const wrong: [field: string, more: Partial<SessionRecord>][] = [
    ['input.id', { id: 'one' }],
    ['input.task', { task: 'x'.repeat(1025) }],
    ['input.task', { task: 'a\0b' }],
    ['input.startUrl', { startUrl: `https://a.example/${'x'.repeat(4096)}` }],
    ['input.startUrl', { startUrl: 'https://a.example/\ud800' }],
    ['input.client.system.name', { client: { system: { name: 'a\0' } } }],
    ['input', { client: { deep: JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)) } }],
    ['input.startedAt', { startedAt: '0000-01-01T00:00:00.000Z' }],
    ['input.startedAt', { startedAt: 'yesterday' }],
  ];

  for (const [field, more] of wrong) {
    const refusal = await startSession(app, viewer, aStart(more)).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InvalidInputError);
    expect(refusal).toMatchObject({ field });
  }

  expect(await app.db.session.count()).toBe(0);
});
