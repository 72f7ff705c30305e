import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeViewer } from '../../test/app.ts';
import {
  filesOf,
  makeRecorded,
  openWorkingApp,
  playRecorded,
  sendRecorded,
  until,
} from '../../test/recorded.ts';
import { aChange, dumpDatabase } from '../../test/sessions.ts';
import { examplesBuilt } from '../datasets/events.ts';
import { buildExamplesJob, exportSessionJob } from '../datasets/jobs.ts';
import { others, pipeline } from '../pipeline.ts';
import type { App } from '../platform/app.ts';
import { on } from '../platform/queue.ts';
import { sessionEnded, sessionRemoved } from '../sessions/events.ts';
import { discardSession } from '../sessions/lifecycle.ts';
import { cleanUp } from './cleanup.ts';
import { cleanUpJob, removeSessionJob } from './jobs.ts';

const removing = [on(sessionRemoved, removeSessionJob)];
const short = [
  on(sessionEnded, buildExamplesJob),
  on(examplesBuilt, exportSessionJob),
  ...removing,
];
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
const recording = (seed: string) => makeRecorded({ seed, steps: 3, pictures: false });
const heardOf = (app: App, id: string, lastActivityAt: Date) =>
  app.db.session.update({ where: { id }, data: { lastActivityAt } });
const remains = async (app: App, sessionId: string) => ({
  key: await app.db.sessionKey.count({ where: { sessionId } }),
  interactions: await app.db.interaction.count({ where: { sessionId } }),
  chunks: await app.db.interactionChunk.count({ where: { sessionId } }),
  snapshots: await app.db.pageSnapshot.count({ where: { sessionId } }),
  steps: await app.db.processingStep.count({ where: { sessionId } }),
  examples: await app.db.example.count({ where: { sessionId } }),
  exports: await app.db.sessionExport.count({ where: { sessionId } }),
  files: (await filesOf(app, sessionId)).length,
});
const nothing = {
  key: 0,
  interactions: 0,
  chunks: 0,
  snapshots: 0,
  steps: 0,
  examples: 0,
  exports: 0,
  files: 0,
};

test('a session that ended before the retention is erased: key, rows and files; a later one stays', async () => {
  const app = await openWorkingApp(short, { DATA_RETENTION_DAYS: '30' });
  const viewer = await makeViewer(app);
  const [old, young] = [
    await playRecorded(app, viewer, await recording('old')),
    await playRecorded(app, viewer, await recording('young')),
  ];
  await until(app, old, 'READY');
  await until(app, young, 'READY');
  await heardOf(app, old, daysAgo(31));
  await heardOf(app, young, daysAgo(29));
  const kept = await remains(app, young);

  expect(await cleanUp(app)).toMatchObject({ erased: 1 });

  await expect.poll(() => remains(app, old), { timeout: 10_000 }).toEqual(nothing);
  expect(await app.db.session.findUnique({ where: { id: old } })).toMatchObject({
    state: 'ERASED',
    task: null,
    reason: 'Its retention of 30 days is over.',
  });
  expect(await remains(app, young)).toEqual(kept);
  expect(await cleanUp(app)).toMatchObject({ erased: 0 });
});

test('what ended long ago by the clock of its client, or was imported, is not old yet', async () => {
  const app = await openWorkingApp(removing, { DATA_RETENTION_DAYS: '30' });
  const viewer = await makeViewer(app);
  const sessionId = await playRecorded(app, viewer, await recording('import'), {
    endedAt: daysAgo(20_000),
  });

  expect(await cleanUp(app)).toMatchObject({ erased: 0 });

  expect(await remains(app, sessionId)).toMatchObject({ key: 1 });
});

test('a session that cannot be erased keeps none of the others', async () => {
  const app = await openWorkingApp([], { DATA_RETENTION_DAYS: '30' });
  const viewer = await makeViewer(app);
  const ids: string[] = [];
  for (const seed of ['one', 'two', 'three'])
    ids.push(await playRecorded(app, viewer, await recording(seed)));
  for (const [index, id] of ids.entries()) await heardOf(app, id, daysAgo(40 - index));
  const [first = ''] = ids;
  await app.sql.query(`CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN
      IF OLD."sessionId" = '${first}' THEN RAISE 'stuck'; END IF; RETURN OLD; END $$ LANGUAGE plpgsql`);
  await app.sql.query(
    'CREATE TRIGGER refuse BEFORE DELETE ON "SessionKey" FOR EACH ROW EXECUTE FUNCTION refuse()',
  );

  expect(await cleanUp(app)).toMatchObject({ erased: 2 });

  expect(await app.db.sessionKey.findMany({ select: { sessionId: true } })).toEqual([
    { sessionId: first },
  ]);
  const erased = await app.db.session.findFirst({ where: { state: 'ERASED' } });
  expect(erased).toMatchObject({ task: null, startUrl: '' });
});

test('a session that still goes on is never erased, however old', async () => {
  const app = await openWorkingApp(removing, { DATA_RETENTION_DAYS: '1' });
  const viewer = await makeViewer(app);
  const sessionId = await sendRecorded(app, viewer, await recording('long'));

  expect(await cleanUp(app)).toMatchObject({ erased: 0 });

  expect(await remains(app, sessionId)).toMatchObject({ key: 1, interactions: 4 });
});

test('a discarded session leaves only that it was there', async () => {
  const app = await openWorkingApp(short);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({
    steps: 3,
    pictures: false,
    task: 'Find the zebra-striped tent',
  });
  const sessionId = await playRecorded(app, viewer, recorded);
  await until(app, sessionId, 'READY');

  await discardSession(app, viewer, aChange(sessionId));

  await expect.poll(() => remains(app, sessionId), { timeout: 10_000 }).toEqual(nothing);
  expect(await app.db.session.findUnique({ where: { id: sessionId } })).toMatchObject({
    state: 'DISCARDED',
    task: null,
  });
  expect(await dumpDatabase(app)).not.toContain('zebra');
});

test('the outbox keeps a day', async () => {
  const app = await openWorkingApp([]);
  const viewer = await makeViewer(app);
  const { projectId } = viewer;
  const row = (createdAt: Date) => ({
    projectId,
    topic: 'session',
    subjectId: projectId,
    createdAt,
  });
  await app.db.outbox.deleteMany();
  await app.db.outbox.createMany({ data: [row(daysAgo(1.1)), row(daysAgo(2)), row(daysAgo(0.9))] });

  expect(await cleanUp(app)).toMatchObject({ outboxRows: 2 });

  expect(await app.db.outbox.count()).toBe(1);
});

test('what an upload left that was cut a day ago is swept, one that goes on is not', async () => {
  const app = await openWorkingApp([]);
  const incoming = join(app.config.dataDir, 'objects', 'incoming');
  await mkdir(incoming, { recursive: true });
  for (const name of ['old', 'young']) await writeFile(join(incoming, name), 'half');
  await utimes(join(incoming, 'old'), daysAgo(1.1), daysAgo(1.1));

  expect(await cleanUp(app)).toMatchObject({ abandonedUploads: 1 });

  expect(await readdir(incoming)).toEqual(['young']);
});

test('the clean-up runs by the clock, once for all workers', async () => {
  const app = await openWorkingApp(pipeline, {});
  expect(others).toContain(cleanUpJob);

  const rule = cleanUpJob.schedule?.rule(app.config);

  expect(rule).toBe('FREQ=HOURLY;INTERVAL=24');
});
