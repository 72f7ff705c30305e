import { expect, test } from 'vitest';
import { ask, askRaw, makeViewer, openTestApp } from '../../test/app.ts';
import { aChange, anEnd, dumpDatabase, makeSession } from '../../test/sessions.ts';
import { limits } from '../contract/limits.ts';
import { coverageCounts } from '../contract/vocabulary.ts';
import type { Viewer } from '../graphql/context.ts';
import type { App } from '../platform/app.ts';
import { discardSession, endSession } from './lifecycle.ts';

const END = `mutation ($input: EndSessionInput!) { endSession(input: $input) {
  __typename ... on Problem { code message } ... on InvalidInput { field } } }`;
const COVERAGE = `query ($id: ID!) { session(id: $id) { coverage {
  frames { total unseen } missedScreenshots { before after modal burst other }
  ${Object.keys(coverageCounts).join(' ')} notes
} } }`;

const anAccount = (more: object = {}) => ({
  frames: { total: 4, unseen: 1 },
  missedScreenshots: { before: 2, burst: 3 },
  notes: ['The browser refused a picture of mail@person.example twice.'],
  canvases: 5,
  lateFrames: 6,
  ...more,
});

async function openPlace() {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  return { app, viewer, sessionId: await makeSession(app, viewer) };
}

const endOf = (sessionId: string) => ({
  ...anEnd(sessionId, 0),
  endedAt: '2026-01-02T04:00:00.000Z',
});
const end = async (app: App, viewer: Viewer, input: object) =>
  (await ask<{ endSession: unknown }>(app, viewer, END, { input })).endSession;
const coverageOf = async (app: App, viewer: Viewer, id: string) =>
  (await ask<{ session: { coverage: unknown } }>(app, viewer, COVERAGE, { id })).session.coverage;

test('the account of coverage is read as it was given, absent counts as 0, its notes redacted', async () => {
  const { app, viewer, sessionId } = await openPlace();
  const before = await coverageOf(app, viewer, sessionId);
  const input = { ...endOf(sessionId), coverage: anAccount() };

  const answers = [await end(app, viewer, input), await end(app, viewer, input)];

  expect(before).toBeNull();
  expect(answers).toEqual([{ __typename: 'Session' }, { __typename: 'Session' }]);
  expect(await coverageOf(app, viewer, sessionId)).toEqual({
    frames: { total: 4, unseen: 1 },
    missedScreenshots: { before: 2, after: 0, modal: 0, burst: 3, other: 0 },
    closedShadowRoots: 0,
    canvases: 5,
    protectedPages: 0,
    scrolledFrames: 0,
    duplicateScreenshots: 0,
    droppedForQuota: 0,
    lateFrames: 6,
    lateSnapshots: 0,
    missedSnapshots: 0,
    workerRestarts: 0,
    browserRestarts: 0,
    notes: ['The browser refused a picture of [EMAIL] twice.'],
  });
});

test('the same end with another account of coverage is another operation', async () => {
  const { app, viewer, sessionId } = await openPlace();
  const input = { ...endOf(sessionId), coverage: anAccount() };
  await end(app, viewer, input);

  expect(await end(app, viewer, { ...input, coverage: anAccount({ canvases: 0 }) })).toMatchObject({
    __typename: 'OperationReused',
  });
});

test('a recorder that does not say leaves no account', async () => {
  const { app, viewer, sessionId } = await openPlace();

  await end(app, viewer, endOf(sessionId));

  expect(await coverageOf(app, viewer, sessionId)).toBeNull();
});

test('an account that does not fit is refused by the name of its field, and the session goes on', async () => {
  const { app, viewer, sessionId } = await openPlace();
  const { coverageNotes, coverageNoteChars } = limits;

  for (const [field, more] of [
    ['canvases', { canvases: -1 }],
    ['frames.unseen', { frames: { total: 1, unseen: -1 } }],
    ['notes', { notes: Array.from({ length: coverageNotes + 1 }, () => 'note') }],
    ['notes.0', { notes: ['n'.repeat(coverageNoteChars + 1)] }],
    ['notes.0', { notes: ['\0'] }],
  ] as const)
    expect(
      await end(app, viewer, { ...endOf(sessionId), coverage: anAccount(more) }),
    ).toMatchObject({ __typename: 'InvalidInput', field: `input.coverage.${field}` });
  const { errors } = await askRaw(app, viewer, END, {
    input: { ...endOf(sessionId), coverage: anAccount({ canvases: 2 ** 31 }) },
  });
  expect(errors?.[0]?.message).toContain('canvases');
  expect(await app.db.session.findFirst()).toMatchObject({ state: 'ACTIVE', coverage: null });
});

test('a discarded session says nothing more of what was not seen', async () => {
  const { app, viewer, sessionId } = await openPlace();
  const coverage = anAccount({ notes: ['a word of its own'] });
  await endSession(app, viewer, anEnd(sessionId, 0, { coverage }));

  await discardSession(app, viewer, aChange(sessionId));

  expect(await coverageOf(app, viewer, sessionId)).toBeNull();
  expect(await dumpDatabase(app)).not.toContain('a word of its own');
});
