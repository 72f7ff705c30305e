import { expect, test } from 'vitest';
import { makeViewer } from '../../test/app.ts';
import {
  aRun,
  endRecorded,
  filesOf,
  makeRecorded,
  openWorkingApp,
  playRecorded,
  sendRecorded,
  stepsOf,
  until,
  untilStep,
} from '../../test/recorded.ts';
import { aChange } from '../../test/sessions.ts';
import { reprocessSession } from '../ops/reprocess.ts';
import { pipeline } from '../pipeline.ts';
import { JobLostError, on } from '../platform/queue.ts';
import { sessionEnded } from '../sessions/events.ts';
import { discardSession } from '../sessions/lifecycle.ts';
import { screenshotKey } from '../sessions/objects.ts';
import { pixelsRedacted } from './events.ts';
import { compressJob, redactPixelsJob } from './jobs.ts';
import { failStage, runStage } from './stage.ts';

test('a stage that fails says why, is tried again later, fails the session, and can be run again', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app, { scopes: ['CAPTURE', 'READ', 'ADMIN'] });
  const recorded = await makeRecorded({ steps: 4 });
  const sessionId = await sendRecorded(app, viewer, recorded);
  const id = recorded.screenshots[0]?.record.id ?? '';
  const key = screenshotKey({ projectId: viewer.projectId, sessionId, id }, 0);
  const good = await app.storage.get(key);
  await app.storage.put(key, Buffer.from('not what was sealed, and much too short for it'));
  await endRecorded(app, viewer, recorded);

  await untilStep(app, sessionId, 'COMPRESS', 'RETRYING');
  const where = { sessionId_stage: { sessionId, stage: 'COMPRESS' as const } };
  const first = await app.db.processingStep.findUniqueOrThrow({ where });
  expect(first).toMatchObject({
    attempt: 1,
    error: expect.stringMatching(/^Expected sealed bytes/),
  });
  await until(app, sessionId, 'FAILED');

  const last = await app.db.processingStep.findUniqueOrThrow({ where });
  expect(last).toMatchObject({ state: 'FAILED', attempt: 2, error: first.error });
  const waitedMs = (last.startedAt?.getTime() ?? 0) - (first.finishedAt?.getTime() ?? 0);
  expect(waitedMs).toBeGreaterThan(500); // the delay of a second has jitter
  const failed = await app.db.session.findUniqueOrThrow({ where: { id: sessionId } });
  expect(failed.reason).toMatch(/^Stage COMPRESS failed: .*reprocessSession\.$/);
  expect(await stepsOf(app, sessionId)).toEqual([
    'REDACT DONE',
    'COMPRESS FAILED',
    'SCORE WAITING',
    'EXAMPLES WAITING',
    'EXPORT WAITING',
  ]);
  const { rows } = await app.sql.query<{ state: string }>(
    "SELECT state::text FROM pgboss.job WHERE name = 'dead-letters'",
  );
  expect(rows).toEqual([{ state: 'completed' }]);

  await app.storage.put(key, good);
  await reprocessSession(app, viewer, { ...aChange(sessionId), stage: 'COMPRESS' });
  await until(app, sessionId, 'READY');
  const again = await app.db.processingStep.findUnique({ where });
  expect(again).toMatchObject({ state: 'DONE', attempt: 1, error: null });
  const ready = await app.db.session.findUniqueOrThrow({ where: { id: sessionId } });
  expect(ready.reason).toBeNull();
});

test.each(['REDACT', 'COMPRESS', 'SCORE', 'EXAMPLES', 'EXPORT'] as const)(
  'a session that is discarded in the middle of %s ends quietly and leaves nothing',
  async (stage) => {
    const app = await openWorkingApp(pipeline, { LOG_LEVEL: 'silent' });
    const viewer = await makeViewer(app);
    const recorded = await makeRecorded({ steps: 6 });
    const sessionId = await sendRecorded(app, viewer, recorded);
    const failures = async () => {
      const { values } = await app.metrics.jobs.get();
      return values.filter(
        ({ labels }) => labels.outcome === 'failed' || labels.outcome === 'dead',
      );
    };

    await endRecorded(app, viewer, recorded);
    const where = { sessionId_stage: { sessionId, stage } };
    await expect
      .poll(async () => (await app.db.processingStep.findUnique({ where }))?.startedAt ?? null, {
        timeout: 25_000,
        interval: 5,
      })
      .not.toBeNull();
    await discardSession(app, viewer, aChange(sessionId));

    const left = async () => ({
      waiting: (await app.queue.stats()).reduce((sum, { active }) => sum + active, 0),
      files: await filesOf(app, sessionId),
      steps: await app.db.processingStep.count({ where: { sessionId } }),
    });
    await expect.poll(left, { timeout: 25_000 }).toEqual({ waiting: 0, files: [], steps: 0 });
    const counts = [
      app.db.interaction.count({ where: { sessionId } }),
      app.db.interactionChunk.count({ where: { sessionId } }),
      app.db.screenshot.count({ where: { sessionId } }),
      app.db.pageSnapshot.count({ where: { sessionId } }),
      app.db.qualityReport.count({ where: { sessionId } }),
      app.db.example.count({ where: { sessionId } }),
      app.db.sessionExport.count({ where: { sessionId } }),
      app.db.sessionKey.count({ where: { sessionId } }),
    ];
    expect(await Promise.all(counts)).toEqual(counts.map(() => 0));
    expect(await failures()).toEqual([]);
  },
);

test('what a stage wrote after the discard goes too, and its effects are not stored', async () => {
  const app = await openWorkingApp([]);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 1, pictures: false });
  const sessionId = await sendRecorded(app, viewer, recorded);
  const ids = { projectId: viewer.projectId, sessionId };
  let finished = 0;
  let stored = 0;
  const run = aRun({
    finish: async () => {
      finished += 1;
    },
  });

  await runStage(app, ids, run, 'REDACT', async () => {
    await discardSession(app, viewer, aChange(sessionId));
    await app.storage.put(`${ids.projectId}/${sessionId}/late`, Buffer.from('sealed'));
    return async () => {
      stored += 1;
      return 'done';
    };
  });

  expect({ finished, stored, files: await filesOf(app, sessionId) }).toEqual({
    finished: 1,
    stored: 0,
    files: [],
  });
});

test('an attempt that was given up meanwhile stores nothing', async () => {
  const app = await openWorkingApp([]);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 1, pictures: false });
  const sessionId = await sendRecorded(app, viewer, recorded);
  const ids = { projectId: viewer.projectId, sessionId };
  const lost = aRun({
    finish: async () => {
      throw new JobLostError('processing.redact', 'x');
    },
  });

  const run = runStage(app, ids, lost, 'REDACT', async () => async (tx) => {
    await tx.session.update({ where: { id: sessionId }, data: { task: 'changed' } });
    return 'done';
  });

  await expect(run).rejects.toThrow(JobLostError);
  expect(await app.db.session.findUnique({ where: { id: sessionId } })).toMatchObject({
    task: recorded.head.task,
  });
  expect((await stepsOf(app, sessionId))[0]).toBe('REDACT RUNNING');
});

test('an attempt that was overtaken says nothing more of the step', async () => {
  const app = await openWorkingApp([]);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 1, pictures: false });
  const sessionId = await sendRecorded(app, viewer, recorded);
  const ids = { projectId: viewer.projectId, sessionId };

  const overtaken = runStage(app, ids, aRun(), 'REDACT', async (_session, report) => {
    await runStage(app, ids, aRun({ attempt: 2 }), 'REDACT', async () => async () => 'done by 2');
    await report(0.5, 'half of it by 1');
    throw new Error('the originals are gone');
  });

  await expect(overtaken).rejects.toThrow('the originals are gone');
  expect(await app.db.processingStep.findFirst({ where: { sessionId } })).toMatchObject({
    state: 'DONE',
    attempt: 2,
    progress: 1,
    message: 'done by 2',
    error: null,
  });
});

test('a stage that dies before its first attempt came anywhere fails the session, with words that are redacted', async () => {
  const app = await openWorkingApp([]);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 1, pictures: false });
  const sessionId = await sendRecorded(app, viewer, recorded);
  const ids = { projectId: viewer.projectId, sessionId };

  await failStage(app, ids, 'REDACT', 'The worker stopped.');
  const leaky = aRun({ isLastAttempt: true });
  const work = () => Promise.reject(new Error('Unexpected token in "mail bob@example.com"'));
  await expect(runStage(app, ids, leaky, 'COMPRESS', work)).rejects.toThrow();

  expect((await stepsOf(app, sessionId)).slice(0, 2)).toEqual(['REDACT FAILED', 'COMPRESS FAILED']);
  const where = { sessionId_stage: { sessionId, stage: 'COMPRESS' as const } };
  expect(await app.db.processingStep.findUnique({ where })).toMatchObject({
    error: 'Unexpected token in "mail [EMAIL]"',
  });
});

test('a stage that runs twice leaves the same rows', async () => {
  const app = await openWorkingApp([
    on(sessionEnded, redactPixelsJob),
    on(pixelsRedacted, compressJob),
  ]);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 2 });
  const sessionId = await playRecorded(app, viewer, recorded);
  const ids = { projectId: viewer.projectId, sessionId };
  await untilStep(app, sessionId, 'COMPRESS', 'DONE');
  const pictures = () =>
    app.db.screenshot.findMany({ where: { sessionId }, orderBy: { id: 'asc' } });
  const before = await pictures();

  await app.db.$transaction((tx) => app.queue.send(tx, redactPixelsJob, ids));
  const attempts = async () =>
    (await app.db.processingStep.findMany({ where: { sessionId }, orderBy: { stage: 'asc' } }))
      .slice(0, 2)
      .map(({ state, attempt }) => `${state} ${attempt}`);
  await expect.poll(attempts, { timeout: 20_000 }).toEqual(['DONE 2', 'DONE 2']);

  expect(await pictures()).toEqual(before);
});
