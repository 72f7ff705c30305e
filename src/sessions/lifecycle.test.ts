import { expect, test } from 'vitest';
import { ask, askRaw, makeViewer, openReplica, openTestApp } from '../../test/app.ts';
import {
  aChange,
  anEnd,
  anInteraction,
  aPicture,
  aScreenshot,
  aSnapshot,
  dumpDatabase,
  interactions,
  makeSession,
  record,
  upTo,
} from '../../test/sessions.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { defineJob, on } from '../platform/queue.ts';
import { recordScreenshots, recordSnapshots } from './announce.ts';
import {
  OperationReusedError,
  SessionEndedError,
  SessionIncompleteError,
  SessionNotFoundError,
  SessionStateError,
  VersionConflictError,
} from './errors.ts';
import { SessionIds, sessionEnded, sessionReleased, sessionRemoved } from './events.ts';
import { pauseIdleSessions, touchSession, writeTouches } from './idle.ts';
import {
  discardSession,
  endSession,
  pauseSession,
  releaseSession,
  resumeSession,
  updateSession,
} from './lifecycle.ts';

const answer =
  '__typename ... on Session { state version task hold lastSequence durationMs reason }';
const PROBLEM =
  '... on Problem { code message } ... on VersionConflict { current { version task } } ... on InvalidInput { field }';
const UPDATE = `mutation ($input: UpdateSessionInput!) { updateSession(input: $input) { ${answer} ${PROBLEM} } }`;
const END = `mutation ($input: EndSessionInput!) { endSession(input: $input) { ${answer} ${PROBLEM}
  ... on SessionIncomplete { missingSequences missingScreenshots missingSnapshots }
  ... on SessionEnded { state }
} }`;

/** A pipeline that only takes note of which facts were stated. */
function noting() {
  const job = (name: string) =>
    defineJob({ name: `test.${name}`, payload: SessionIds, run: async () => undefined });
  return [
    on(sessionEnded, job('ended')),
    on(sessionReleased, job('released')),
    on(sessionRemoved, job('removed')),
  ];
}

/** How often each fact was stated. */
async function factsOf({ sql }: App): Promise<Record<string, number>> {
  const { rows } = await sql.query<{ name: string; count: number }>(
    'SELECT name, count(*)::int AS count FROM pgboss.job GROUP BY name',
  );
  return Object.fromEntries(rows.map(({ name, count }) => [name.replace('test.', ''), count]));
}

async function openSession(): Promise<{ app: App; viewer: Viewer; sessionId: string }> {
  const app = await openTestApp({ pipeline: noting() });
  const viewer = await makeViewer(app);
  return { app, viewer, sessionId: await makeSession(app, viewer) };
}

const stateOf = ({ db }: App, id: string) =>
  db.session.findUniqueOrThrow({ where: { id }, select: { state: true, version: true } });

// ── Versions and operations ───────────────────────────────────────────────────────────────────────

test('a change with the version it was made from is taken; one from an older version carries the current session', async () => {
  const { app, viewer, sessionId } = await openSession();
  const change = (task: string, expectedVersion: number) =>
    ask(app, viewer, UPDATE, { input: { ...aChange(sessionId), task, expectedVersion } });

  const first = await change('First', 1);
  const late = await change('Late', 1);
  const second = await change('Second', 2);

  expect(first.updateSession).toMatchObject({ __typename: 'Session', version: 2, task: 'First' });
  expect(late.updateSession).toMatchObject({
    __typename: 'VersionConflict',
    code: 'VERSION_CONFLICT',
    current: { version: 2, task: 'First' },
  });
  expect(second.updateSession).toMatchObject({ version: 3, task: 'Second' });
});

test('of changes from the same version that come at once, one is taken', async () => {
  const { app, viewer, sessionId } = await openSession();

  const changes = await Promise.allSettled(
    upTo(6).map((number) =>
      updateSession(app, viewer, { ...aChange(sessionId), task: `${number}`, expectedVersion: 1 }),
    ),
  );

  const refused = changes.flatMap((change) =>
    change.status === 'rejected' ? [change.reason] : [],
  );
  expect(refused).toHaveLength(5);
  for (const reason of refused) expect(reason).toBeInstanceOf(VersionConflictError);
  expect(await stateOf(app, sessionId)).toMatchObject({ version: 2 });
});

test('a repeated operation gives the same answer and does nothing more, though its version is old by then', async () => {
  const { app, viewer, sessionId } = await openSession();
  const input = { ...aChange(sessionId), task: 'Once', expectedVersion: 1 };

  const first = await ask(app, viewer, UPDATE, { input });
  const repeats = await Promise.all(upTo(3).map(() => ask(app, viewer, UPDATE, { input })));
  const capitals = { ...input, operationId: input.operationId.toUpperCase() };
  const again = await ask(await openReplica(app), viewer, UPDATE, { input: capitals });

  for (const repeat of [...repeats, again]) expect(repeat).toEqual(first);
  expect(await app.db.sessionEvent.count()).toBe(2);
});

test('an operation id that was used for another change is refused, whatever the other change was', async () => {
  const { app, viewer, sessionId } = await openSession();
  const change = aChange(sessionId);
  await updateSession(app, viewer, { ...change, task: 'One' });

  const others = [
    () => updateSession(app, viewer, { ...change, task: 'Two' }),
    () => pauseSession(app, viewer, change),
    () => discardSession(app, viewer, change),
    () => endSession(app, viewer, { ...anEnd(sessionId, 0), ...change }),
  ];

  for (const other of others) await expect(other()).rejects.toThrow(OperationReusedError);
  expect(await stateOf(app, sessionId)).toEqual({ state: 'ACTIVE', version: 2 });
});

test('an operation that was refused is not remembered and may be tried again', async () => {
  const { app, viewer, sessionId } = await openSession();
  const end = anEnd(sessionId, 1);
  await expect(endSession(app, viewer, end)).rejects.toThrow(SessionIncompleteError);
  await record(app, viewer, sessionId, interactions(1));

  await endSession(app, viewer, end);

  expect(await stateOf(app, sessionId)).toEqual({ state: 'ENDED', version: 2 });
});

test('a session of another participant or project cannot be changed; an administrator of the project may', async () => {
  const { app, viewer, sessionId } = await openSession();
  const { projectId: project } = viewer;
  const strangers = [
    await makeViewer(app),
    await makeViewer(app, { scopes: ['ADMIN'] }),
    await makeViewer(app, { project, participant: 'P-2' }),
    await makeViewer(app, { project, participant: null }),
    await makeViewer(app, { project, scopes: ['READ'] }),
  ];
  const admin = await makeViewer(app, { project, scopes: ['ADMIN'], participant: null });

  for (const stranger of strangers)
    for (const change of [pauseSession, resumeSession, releaseSession, discardSession])
      await expect(change(app, stranger, aChange(sessionId))).rejects.toThrow(SessionNotFoundError);
  await expect(pauseSession(app, viewer, aChange(newId()))).rejects.toThrow(SessionNotFoundError);
  const { errors } = await askRaw(app, strangers.at(-1) ?? null, UPDATE, {
    input: { ...aChange(sessionId), task: 'x' },
  });
  await pauseSession(app, admin, aChange(sessionId));

  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  expect(await stateOf(app, sessionId)).toEqual({ state: 'PAUSED', version: 2 });
});

test('the task is redacted, may be taken away and has a limit', async () => {
  const { app, viewer, sessionId } = await openSession();
  const change = async (task: string | null) =>
    (await ask(app, viewer, UPDATE, { input: { ...aChange(sessionId), task } })).updateSession;

  expect(await change('Write to ann@example.com')).toMatchObject({ task: 'Write to [EMAIL]' });
  expect(await change('x'.repeat(1025))).toMatchObject({ field: 'input.task' });
  expect(await change('NUL \0')).toMatchObject({ field: 'input.task' });
  expect(await change(null)).toMatchObject({ task: null });
});

// ── Pause ─────────────────────────────────────────────────────────────────────────────────────────

test('a pause and a resumption follow each other; after the end both are refused with the state', async () => {
  const { app, viewer, sessionId } = await openSession();
  await pauseSession(app, viewer, aChange(sessionId));
  await resumeSession(app, viewer, aChange(sessionId));
  await endSession(app, viewer, anEnd(sessionId, 0));

  for (const change of [pauseSession, resumeSession])
    await expect(change(app, viewer, aChange(sessionId))).rejects.toMatchObject({
      code: 'SESSION_STATE',
      state: 'ENDED',
    });

  const events = await app.db.sessionEvent.findMany({ orderBy: { version: 'asc' } });
  expect(events.map(({ state }) => state)).toEqual(['ACTIVE', 'PAUSED', 'ACTIVE', 'ENDED']);
});

test('only active sessions that received nothing within the time-out are paused, each once', async () => {
  const { app, viewer, sessionId } = await openSession();
  const idle = await makeSession(app, viewer);
  const ended = await makeSession(app, viewer);
  const resumed = await makeSession(app, viewer);
  await endSession(app, viewer, anEnd(ended, 0));
  await pauseSession(app, viewer, aChange(resumed));
  const anHourAgo = new Date(Date.now() - 3_600_000);
  await app.db.session.updateMany({
    where: { id: { not: sessionId } },
    data: { lastActivityAt: anHourAgo },
  });
  await resumeSession(app, viewer, aChange(resumed));

  const replica = await openReplica(app);
  const counts = await Promise.all([pauseIdleSessions(app), pauseIdleSessions(replica)]);
  const later = await pauseIdleSessions(app);

  expect([counts.reduce((sum, count) => sum + count), later]).toEqual([1, 0]);
  expect(await stateOf(app, idle)).toEqual({ state: 'PAUSED', version: 2 });
  expect(await stateOf(app, sessionId)).toEqual({ state: 'ACTIVE', version: 1 });
  expect(await stateOf(app, resumed)).toEqual({ state: 'ACTIVE', version: 3 });
  expect(await stateOf(app, ended)).toEqual({ state: 'ENDED', version: 2 });
});

test('the instant of the last activity is written for many sessions together and raises no version', async () => {
  const { app, viewer, sessionId } = await openSession();
  const other = await makeSession(app, viewer);
  const longAgo = new Date(0);
  await app.db.session.updateMany({ data: { lastActivityAt: longAgo } });

  touchSession(app, sessionId);
  touchSession(app, sessionId);
  await writeTouches(app);

  const rows = await app.db.session.findMany({ orderBy: { createdAt: 'asc' } });
  expect(rows.map(({ id, version }) => [id, version])).toEqual([
    [sessionId, 1],
    [other, 1],
  ]);
  expect(rows[0]?.lastActivityAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(rows[1]?.lastActivityAt).toEqual(longAgo);
});

// ── End ───────────────────────────────────────────────────────────────────────────────────────────

test('a whole session ends, keeps what the client said of it and states the fact once', async () => {
  const { app, viewer, sessionId } = await openSession();
  await record(app, viewer, sessionId, interactions(1, 2), [{ sequence: 3, dropped: 'QUOTA' }]);
  const input = anEnd(sessionId, 3, { hold: true });

  const first = await ask(app, viewer, END, { input });
  const repeat = await ask(app, viewer, END, { input });
  const other = await ask(app, viewer, END, { input: anEnd(sessionId, 3) });

  expect(first.endSession).toEqual({
    __typename: 'Session',
    state: 'ENDED',
    version: 2,
    task: 'Buy a green shirt',
    hold: true,
    lastSequence: 3,
    durationMs: 55 * 60_000 + 55_000,
    reason: null,
  });
  expect(repeat).toEqual(first);
  expect(other.endSession).toMatchObject({ __typename: 'SessionEnded', state: 'ENDED' });
  expect(await factsOf(app)).toEqual({ ended: 1 });
});

test('the end of a session with gaps is refused with what is missing, and changes nothing', async () => {
  const { app, viewer, sessionId } = await openSession();
  await record(app, viewer, sessionId, interactions(1, 2, 5));
  const [screenshot, snapshot] = [aScreenshot(aPicture()), aSnapshot('<p>1</p>')];
  await recordScreenshots(app, viewer, { sessionId, screenshots: [screenshot] });
  await recordSnapshots(app, viewer, { sessionId, snapshots: [snapshot] });
  const input = anEnd(sessionId, 6, { screenshotCount: 3, snapshotCount: 1 });

  const { endSession: refused } = await ask(app, viewer, END, { input });

  expect(refused).toEqual({
    __typename: 'SessionIncomplete',
    code: 'SESSION_INCOMPLETE',
    message: expect.stringMatching(
      /interactions 3, 4, 6; .* 2 images, snapshots or audio clips that were never/,
    ),
    missingSequences: [3, 4, 6],
    missingScreenshots: [screenshot.id],
    missingSnapshots: [snapshot.id],
  });
  expect(await stateOf(app, sessionId)).toEqual({ state: 'ACTIVE', version: 1 });
  expect(await factsOf(app)).toEqual({});
});

test('an end before the last stored interaction, or beyond what a session can hold, is refused by name', async () => {
  const { app, viewer, sessionId } = await openSession();
  await record(app, viewer, sessionId, interactions(1, 2, 3));
  const end = async (more: object) =>
    (await ask(app, viewer, END, { input: { ...anEnd(sessionId, 3), ...more } })).endSession;

  expect(await end({ lastSequence: 2 })).toMatchObject({ field: 'input.lastSequence' });
  expect(await end({ lastSequence: -1 })).toMatchObject({ field: 'input.lastSequence' });
  expect(await end({ lastSequence: 1_000_001 })).toMatchObject({ field: 'input.lastSequence' });
  expect(await end({ endedAt: '0000-01-01T00:00:00Z' })).toMatchObject({ field: 'input.endedAt' });
  expect(await end({ dropped: [{ id: 'x', reason: 'QUOTA' }] })).toMatchObject({
    field: 'input.dropped.0.id',
  });
});

test('of a long gap the first thousand sequences are listed', async () => {
  const { app, viewer, sessionId } = await openSession();

  const refusal = await endSession(app, viewer, anEnd(sessionId, 900_000)).catch((error) => error);

  expect(refusal).toBeInstanceOf(SessionIncompleteError);
  expect(refusal.missingSequences).toEqual(upTo(1_000));
  expect(refusal.message).toContain('interactions 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …');
});

test('uploads that were dropped, announced or not, are accounted for by id and reason', async () => {
  const { app, viewer, sessionId } = await openSession();
  const [screenshot, snapshot] = [aScreenshot(aPicture()), aSnapshot('<p>1</p>')];
  await recordScreenshots(app, viewer, { sessionId, screenshots: [screenshot] });
  await recordSnapshots(app, viewer, { sessionId, snapshots: [snapshot] });
  const unannounced = newId();
  const dropped = [
    { id: screenshot.id.toUpperCase(), reason: 'TOO_LARGE' as const },
    { id: snapshot.id, reason: 'QUOTA' as const },
    { id: unannounced, reason: 'CAPTURE_FAILED' as const },
    { id: unannounced, reason: 'CAPTURE_FAILED' as const },
  ];
  const counts = { screenshotCount: 2, snapshotCount: 1, dropped };

  const tooMany = endSession(app, viewer, anEnd(sessionId, 0, { ...counts, screenshotCount: 3 }));
  await expect(tooMany).rejects.toThrow(SessionIncompleteError);
  await endSession(app, viewer, anEnd(sessionId, 0, counts));

  expect(await app.db.screenshot.findFirstOrThrow()).toMatchObject({
    upload: 'DROPPED',
    problem: 'TOO_LARGE',
  });
  expect(await app.db.pageSnapshot.findFirstOrThrow()).toMatchObject({
    upload: 'DROPPED',
    problem: 'QUOTA',
  });
  const session = await app.db.session.findFirstOrThrow();
  expect(session.dropped).toEqual([{ id: unannounced, reason: 'CAPTURE_FAILED' }]);
});

test('more screenshots than were counted do not make up for snapshots that are missing', async () => {
  const { app, viewer, sessionId } = await openSession();
  const screenshots = [aScreenshot(aPicture('1')), aScreenshot(aPicture('2'))];
  await recordScreenshots(app, viewer, { sessionId, screenshots });
  await app.db.screenshot.updateMany({ data: { upload: 'STORED' } });

  const end = endSession(
    app,
    viewer,
    anEnd(sessionId, 0, { screenshotCount: 1, snapshotCount: 1 }),
  );

  await expect(end).rejects.toThrow('1 images, snapshots or audio clips that were never announced');
});

test('an end that races with records loses nothing and lets nothing in after it', async () => {
  const app = await openTestApp({ pipeline: noting(), env: { MAX_SESSIONS_PER_USER: '100' } });
  const viewer = await makeViewer(app);
  const replica = await openReplica(app);

  for (let round = 0; round < 12; round += 1) {
    const sessionId = await makeSession(app, viewer);
    const first = round % 3 === 0 ? [] : [1];
    if (first.length > 0) await record(app, viewer, sessionId, interactions(1));
    const late = upTo(8).map((number) => first.length + number);
    const [ended, ...records] = await Promise.allSettled([
      endSession(replica, viewer, anEnd(sessionId, first.length)),
      ...late.map((sequence) =>
        record(sequence % 2 ? app : replica, viewer, sessionId, [anInteraction(sequence)]),
      ),
    ]);

    const rows = await app.db.interaction.findMany({ where: { sessionId } });
    const stored = late.filter((_, index) => records[index]?.status === 'fulfilled');
    expect(rows.map(({ sequence }) => sequence).sort()).toEqual([...first, ...stored].sort());
    for (const call of records)
      if (call.status === 'rejected') expect(call.reason).toBeInstanceOf(SessionEndedError);
    // The end named the last sequence: with anything after it stored, it must have been refused.
    expect(ended.status).toBe(stored.length > 0 ? 'rejected' : 'fulfilled');
    const { state } = await stateOf(app, sessionId);
    expect(state).toBe(ended.status === 'fulfilled' ? 'ENDED' : 'ACTIVE');
  }
});

// ── Hold and discard ──────────────────────────────────────────────────────────────────────────────

test('a held session states its release once; one that is not held, or not ended, states nothing', async () => {
  const { app, viewer, sessionId } = await openSession();
  await expect(releaseSession(app, viewer, aChange(sessionId))).rejects.toThrow(SessionStateError);
  await endSession(app, viewer, anEnd(sessionId, 0, { hold: true }));
  const change = aChange(sessionId);

  await releaseSession(app, viewer, change);
  await releaseSession(app, viewer, change);
  await releaseSession(app, viewer, aChange(sessionId));

  expect(await factsOf(app)).toEqual({ ended: 1, released: 1 });
  expect(await app.db.session.findFirstOrThrow()).toMatchObject({ state: 'ENDED', hold: false });
});

test('a discard destroys the key and removes what the session held; only that it was there remains', async () => {
  const { app, viewer, sessionId } = await openSession();
  const kept = await makeSession(app, viewer);
  const marked = anInteraction(1, { pageTitle: 'planted words', url: 'https://planted.example/' });
  await record(app, viewer, sessionId, [marked]);
  await record(app, viewer, sessionId, interactions(2, 3));
  await record(app, viewer, kept, interactions(1, 2));
  await updateSession(app, viewer, { ...aChange(sessionId), task: 'planted task' });
  const screenshots = [aScreenshot(aPicture(), { url: 'https://planted.example/' })];
  await recordScreenshots(app, viewer, { sessionId, screenshots });
  const snapshots = [aSnapshot('<p>1</p>', { title: 'planted words' })];
  await recordSnapshots(app, viewer, { sessionId, snapshots });
  await app.db.session.update({
    where: { id: sessionId },
    data: { startUrl: 'https://planted.example/' },
  });
  const change = aChange(sessionId);

  await discardSession(app, viewer, change);
  await discardSession(app, viewer, change);

  expect(await dumpDatabase(app)).not.toContain('planted');
  expect(await app.db.sessionKey.findMany({ select: { sessionId: true } })).toEqual([
    { sessionId: kept },
  ]);
  expect(await app.db.interaction.findMany({ select: { sessionId: true } })).toEqual([
    { sessionId: kept },
    { sessionId: kept },
  ]);
  expect(await app.db.interactionChunk.count()).toBe(1);
  expect(await app.db.screenshot.count()).toBe(0);
  expect(await app.db.pageSnapshot.count()).toBe(0);
  expect(await stateOf(app, sessionId)).toEqual({ state: 'DISCARDED', version: 3 });
  expect(await factsOf(app)).toEqual({ removed: 1 });
  await expect(record(app, viewer, sessionId, interactions(2))).rejects.toThrow(
    SessionNotFoundError,
  );
  for (const late of [
    () => endSession(app, viewer, anEnd(sessionId, 0)),
    () => updateSession(app, viewer, { ...aChange(sessionId), task: 'x' }),
    () => resumeSession(app, viewer, aChange(sessionId)),
  ])
    await expect(late()).rejects.toMatchObject({ state: 'DISCARDED' });
});

test('records that race with a discard leave nothing behind, also in a process that knew the key', async () => {
  const { app, viewer, sessionId } = await openSession();
  const replica = await openReplica(app);
  await record(app, viewer, sessionId, interactions(1));
  await record(replica, viewer, sessionId, interactions(2));

  await Promise.allSettled([
    ...upTo(6).map((number) => record(replica, viewer, sessionId, interactions(2 + number))),
    record(replica, viewer, sessionId, interactions(30, 31)),
    discardSession(app, viewer, aChange(sessionId)),
    ...upTo(6).map((number) => record(app, viewer, sessionId, interactions(8 + number))),
  ]);
  const late = record(replica, viewer, sessionId, interactions(20));

  await expect(late).rejects.toMatchObject({ code: 'SESSION_ENDED', state: 'DISCARDED' });
  expect(await app.db.interaction.count()).toBe(0);
  expect(await app.db.interactionChunk.count()).toBe(0);
});

test('every change is told to subscribers with its transaction', async () => {
  const { app, viewer, sessionId } = await openSession();
  await pauseSession(app, viewer, aChange(sessionId));
  await resumeSession(app, viewer, aChange(sessionId));
  await endSession(app, viewer, anEnd(sessionId, 1)).catch(() => undefined); // refused: not told
  await endSession(app, viewer, anEnd(sessionId, 0));

  const told = await app.db.outbox.findMany();

  expect(told).toHaveLength(4);
  for (const row of told)
    expect(row).toMatchObject({ topic: 'session', subjectId: sessionId, sessionId });
});
