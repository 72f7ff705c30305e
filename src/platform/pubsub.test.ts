import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { makeProject, openReplica, openTestApp } from '../../test/app.ts';
import { newId } from '../lib/ids.ts';
import type { App } from './app.ts';
import {
  type Change,
  type Gap,
  type Interest,
  InvalidCursorError,
  SubscriberTooSlowError,
} from './pubsub.ts';

type Listener = {
  events: (Change | Gap)[];
  /** Subjects of the changes, in the order in which they came. */
  subjects(): string[];
  ended: Promise<unknown>;
};

/** Subscribes and collects; resolves once the subscription has begun. */
async function listenTo(
  app: App,
  projectId: string,
  { after, signal, ...interest }: Partial<Interest> & { after?: string; signal?: AbortSignal } = {},
): Promise<Listener> {
  const events: (Change | Gap)[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const options = { after: after ?? null, signal: signal ?? stop.signal };
  const stream = app.pubsub.subscribe({ topic: 'session', projectId, ...interest }, options);
  const collect = async () => {
    for await (const event of stream) events.push(event);
  };
  const ended = collect().catch((error: unknown) => error);
  const subjects = () => events.flatMap((event) => ('gap' in event ? [] : [event.subjectId]));
  if (after) return { events, subjects, ended };
  // It has begun when a change is heard; the last one told is heard after the others.
  const told: string[] = [];
  const heard = () =>
    events.flatMap((event) => ('gap' in event || !event.sessionId ? [] : [event.sessionId]));
  const probe = async () => {
    if (!heard().some((id) => told.includes(id))) {
      const sessionId = interest.sessionId ?? newId();
      told.push(sessionId);
      await tell(app, projectId, interest.subjectId ?? newId(), { ...interest, sessionId });
    }
    return heard().includes(told.at(-1) ?? '');
  };
  await expect.poll(probe, { interval: 150 }).toBe(true);
  events.length = 0;
  return { events, subjects, ended };
}

function tell(
  app: App,
  projectId: string,
  subjectId: string,
  { topic = 'session', sessionId }: Partial<Interest> = {},
): Promise<void> {
  return app.db.$transaction((tx) =>
    app.pubsub.notify(tx, { topic, projectId, subjectId, ...(sessionId ? { sessionId } : {}) }),
  );
}

/** Any number of changes in one statement. */
async function tellMany(app: App, projectId: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, newId);
  await app.db.outbox.createMany({
    data: ids.map((subjectId) => ({ topic: 'session', projectId, subjectId })),
  });
  return ids;
}

/** A connection of its own, so that a transaction can stay open. */
async function connect(app: App): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: app.config.databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const INSERT = `INSERT INTO "Outbox" ("projectId", "topic", "subjectId") VALUES ($1, 'session', $2)`;

test('a change is told after its commit, a change that was rolled back never', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const listener = await listenTo(app, projectId);
  const [done, undone, last] = [newId(), newId(), newId()];

  await tell(app, projectId, done);
  await app.db
    .$transaction(async (tx) => {
      await app.pubsub.notify(tx, { topic: 'session', projectId, subjectId: undone });
      await expect.poll(listener.subjects).toEqual([done]);
      throw new Error('no');
    })
    .catch(() => undefined);
  await tell(app, projectId, last);

  await expect.poll(listener.subjects).toEqual([done, last]);
});

test('a subscriber hears its topic, project, subject and session, and nothing else', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const [subjectId, sessionId] = [newId(), newId()];
  const subject = await listenTo(app, projectId, { subjectId });
  const session = await listenTo(app, projectId, { topic: 'processing', sessionId });
  const whole = await listenTo(app, projectId);

  await tell(app, projectId, subjectId);
  await tell(app, projectId, newId(), { topic: 'processing' });
  await tell(app, projectId, subjectId, { topic: 'processing', sessionId });
  await tell(app, newId(), subjectId);
  await tell(app, projectId, sessionId);

  await expect.poll(whole.subjects).toEqual([subjectId, sessionId]);
  expect(subject.events).toEqual([
    { cursor: expect.any(String), topic: 'session', projectId, subjectId, sessionId: null },
  ]);
  expect(session.subjects()).toEqual([subjectId]);
});

test('changes come in the order of their commits, and a lower id that commits later is not lost', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const listener = await listenTo(app, projectId);
  const [slow, quick, last] = [newId(), newId(), newId()];
  const client = await connect(app);
  await client.query('BEGIN');
  await client.query(INSERT, [projectId, slow]);

  await tell(app, projectId, quick);
  await client.query('COMMIT');
  await tell(app, projectId, last);

  await expect.poll(listener.subjects).toHaveLength(3);
  expect(listener.subjects()).toEqual(expect.arrayContaining([slow, quick]));
  expect(listener.subjects().at(-1)).toBe(last);
});

test('a subscriber that comes back with its cursor misses nothing, also in a process that was started since', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const listener = await listenTo(app, projectId);
  await tell(app, projectId, newId());
  await expect.poll(listener.subjects).toHaveLength(1);
  const missed = await tellMany(app, projectId, 2_500);

  const replica = await openReplica(app);
  const resumed = await listenTo(replica, projectId, { after: listener.events[0]?.cursor ?? '' });
  await expect.poll(() => resumed.subjects().length).toBe(2_500);
  const live = newId();
  await tell(app, projectId, live);

  await expect.poll(resumed.subjects).toEqual([...missed, live]);
});

test('a subscriber that resumes while changes go on hears each of them once', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const listener = await listenTo(app, projectId);
  await tell(app, projectId, newId());
  await expect.poll(listener.subjects).toHaveLength(1);
  const cursor = listener.events[0]?.cursor ?? '';
  const ids = Array.from({ length: 60 }, newId);

  const resumed: Listener[] = [];
  for (const [index, id] of ids.entries()) {
    await tell(app, projectId, id);
    if (index % 10 === 5) resumed.push(await listenTo(app, projectId, { after: cursor }));
  }

  for (const { subjects } of resumed) await expect.poll(subjects).toEqual(ids);
});

test.each([
  ['some changes', false],
  ['all changes', true],
])(
  'a subscriber whose cursor is older than the outbox, of which %s were trimmed, is told of the gap',
  async (_how, isWhole) => {
    const app = await openTestApp();
    const projectId = await makeProject(app);
    const listener = await listenTo(app, projectId);
    await tell(app, projectId, newId());
    await expect.poll(listener.subjects).toHaveLength(1);
    const [, ...rest] = await tellMany(app, projectId, 3);
    const where = isWhole ? {} : { subjectId: { notIn: rest } };
    await app.db.outbox.deleteMany({ where });

    const late = await listenTo(app, projectId, { after: listener.events[0]?.cursor ?? '' });
    const kept = isWhole ? [] : rest;
    await expect.poll(() => late.events.length).toBe(1 + kept.length);
    const [gap] = late.events;
    const after = await listenTo(app, projectId, { after: gap?.cursor ?? '' });
    const live = newId();
    await tell(app, projectId, live);

    expect(gap).toEqual({ gap: true, cursor: expect.any(String) });
    await expect.poll(late.subjects).toEqual([...kept, live]);
    await expect.poll(() => after.subjects().at(-1)).toBe(live);
  },
);

test('a subscriber with a good cursor is told of no gap', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const listener = await listenTo(app, projectId);
  const ids = await tellMany(app, projectId, 3);
  await tell(app, newId(), newId());
  await expect.poll(listener.subjects).toEqual(ids);

  const resumed = await listenTo(app, projectId, { after: listener.events[1]?.cursor ?? '' });

  await expect.poll(resumed.subjects).toEqual([ids[2]]);
  expect(resumed.events).toHaveLength(1);
});

test('a cursor from a database that was ahead of this one is told of a gap and hears what follows', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);

  const restored = await listenTo(app, projectId, { after: '99999999999.7' });
  await expect.poll(() => restored.events.length).toBe(1);
  const live = newId();
  await tell(app, projectId, live);

  expect(restored.events[0]).toEqual({ gap: true, cursor: expect.any(String) });
  await expect.poll(restored.subjects).toEqual([live]);
});

test('a cursor that we never gave is refused', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const cursors = ['x', '1', '1.', '1.2.3', '-1.2', `${2n ** 64n}.1`, `1.${2n ** 63n}`];

  for (const after of cursors) {
    const first = app.pubsub.subscribe({ topic: 'session', projectId }, { after }).next();
    await expect(first).rejects.toThrow(InvalidCursorError);
  }
});

test('a subscriber that does not keep up is let go at a thousand and resumes with nothing missed', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const quick = await listenTo(app, projectId);
  await tell(app, projectId, newId());
  await expect.poll(quick.subjects).toHaveLength(1);
  const after = quick.events[0]?.cursor ?? '';
  const stream = app.pubsub.subscribe({ topic: 'session', projectId }, { after });
  await tell(app, projectId, newId());
  const heard: Change[] = [];
  const { value } = await stream.next();
  if (value && !('gap' in value)) heard.push(value);

  const ids = await tellMany(app, projectId, 2_300);
  await expect.poll(() => quick.subjects().at(-1)).toBe(ids.at(-1));
  const rest = async () => {
    for await (const change of stream) if (!('gap' in change)) heard.push(change);
  };
  const error = await rest().catch((reason: unknown) => reason);
  const resumed = await listenTo(app, projectId, { after: heard.at(-1)?.cursor ?? '' });
  await expect.poll(() => resumed.subjects().at(-1)).toBe(ids.at(-1));

  expect(error).toBeInstanceOf(SubscriberTooSlowError);
  expect(heard.length).toBeGreaterThanOrEqual(1_000);
  expect(heard.length).toBeLessThan(2_300);
  const all = [...heard.map(({ subjectId }) => subjectId), ...resumed.subjects()];
  expect(all).toEqual(quick.subjects().slice(1));
});

test('processes on one database see each other’s changes', async () => {
  const app = await openTestApp();
  const replica = await openReplica(app);
  const projectId = await makeProject(app);
  const here = await listenTo(app, projectId);
  const there = await listenTo(replica, projectId);
  await expect.poll(() => here.events.length).toBeGreaterThan(0); // the other one's beginning
  here.events.length = 0;
  const [ours, theirs] = [newId(), newId()];

  await tell(app, projectId, ours);
  await expect.poll(there.subjects).toEqual([ours]);
  await tell(replica, projectId, theirs);
  await expect.poll(here.subjects).toEqual([ours, theirs]);
});

test('many subscribers take one connection, and a lost one is replaced without using up the pool', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const listeners = await Promise.all(Array.from({ length: 12 }, () => listenTo(app, projectId)));
  const admin = await connect(app);
  const listening = async () => {
    const { rows } = await admin.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN codesight%' AND application_name = 'codesight-ingest' AND datname = current_database()`,
    );
    return rows.map(({ pid }) => pid);
  };

  const heard: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    await expect.poll(async () => (await listening()).length).toBe(1);
    const [pid] = await listening();
    await admin.query('SELECT pg_terminate_backend($1)', [pid]);
    const subject = newId();
    await tell(app, projectId, subject);
    heard.push(subject);
    for (const { subjects } of listeners)
      await expect.poll(() => subjects().slice(-heard.length)).toEqual(heard);
  }

  expect(app.sql.waitingCount).toBe(0);
  expect(app.sql.totalCount - app.sql.idleCount).toBeLessThanOrEqual(2);
});

test('an aborted subscriber ends, and so does everyone when the process closes', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const stop = new AbortController();
  const aborted = await listenTo(app, projectId, { signal: stop.signal });
  const staying = await listenTo(app, projectId);

  stop.abort();
  await aborted.ended;
  await app.close();

  expect(await staying.ended).toBeUndefined();
});
