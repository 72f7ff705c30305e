import { expect, test } from 'vitest';
import { makeViewer } from '../../test/app.ts';
import {
  endRecorded,
  makeRecorded,
  openWorkingApp,
  playRecorded,
  sendRecorded,
  until,
} from '../../test/recorded.ts';
import { aChange } from '../../test/sessions.ts';
import { pipeline } from '../pipeline.ts';
import type { App } from '../platform/app.ts';
import { stages } from '../processing/stage.ts';
import { SessionStateError } from '../sessions/errors.ts';
import { discardSession } from '../sessions/lifecycle.ts';
import { reprocessSession } from './reprocess.ts';

const rows = async (app: App, sessionId: string) => ({
  steps: await app.db.processingStep.count({ where: { sessionId } }),
  reports: await app.db.qualityReport.count({ where: { sessionId } }),
  examples: await app.db.example.count({ where: { sessionId } }),
  exports: await app.db.sessionExport.count({ where: { sessionId } }),
  issues: await app.db.qualityIssue.count(),
});

test('a ready session is run again from any stage, and nothing is there twice', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app, { scopes: ['CAPTURE', 'READ', 'ADMIN'] });
  const sessionId = await playRecorded(app, viewer, await makeRecorded({ steps: 4 }));
  await until(app, sessionId, 'READY');
  const before = await rows(app, sessionId);
  const [file] = await app.db.sessionExport.findMany({ where: { sessionId } });

  for (const stage of stages.toReversed()) {
    await reprocessSession(app, viewer, { ...aChange(sessionId), stage });
    const { state, reason } = await app.db.session.findUniqueOrThrow({ where: { id: sessionId } });
    expect(['PROCESSING', 'READY']).toContain(state);
    if (state === 'PROCESSING') expect(reason).toBe(`Run again from ${stage}.`);
    await until(app, sessionId, 'READY');
    expect(await rows(app, sessionId)).toEqual(before);
  }

  expect(before).toMatchObject({ steps: 5, reports: 1, examples: 4, exports: 1 });
  const [again] = await app.db.sessionExport.findMany({ where: { sessionId } });
  expect(again).toMatchObject({ id: file?.id, sha256: file?.sha256, examples: 4 });
});

test('a repeat of the same change runs nothing again', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app, { scopes: ['CAPTURE', 'READ', 'ADMIN'] });
  const sessionId = await playRecorded(
    app,
    viewer,
    await makeRecorded({ steps: 2, pictures: false }),
  );
  await app.db.project.update({
    where: { id: viewer.projectId },
    data: { rejectBelow: 0, reviewBelow: 0 },
  });
  await expect
    .poll(
      async () => (await app.db.session.findUniqueOrThrow({ where: { id: sessionId } })).state,
      { timeout: 20_000 },
    )
    .toMatch(/READY|REJECTED|NEEDS_REVIEW/);
  const change = { ...aChange(sessionId), stage: 'SCORE' as const };

  await reprocessSession(app, viewer, change);
  await until(app, sessionId, 'READY');
  await reprocessSession(app, viewer, change);

  expect((await app.db.session.findUniqueOrThrow({ where: { id: sessionId } })).state).toBe(
    'READY',
  );
});

test('what is being processed, still goes on or is gone is not run again', async () => {
  const app = await openWorkingApp([]); // nobody processes it
  const viewer = await makeViewer(app, { scopes: ['CAPTURE', 'READ', 'ADMIN'] });
  const recorded = await makeRecorded({ steps: 2, pictures: false });
  const sessionId = await sendRecorded(app, viewer, recorded);
  const again = () => reprocessSession(app, viewer, { ...aChange(sessionId), stage: 'REDACT' });

  await expect(again()).rejects.toThrow(SessionStateError);
  await endRecorded(app, viewer, recorded);
  await expect(again()).rejects.toThrow(/ENDED/);
  await app.db.session.update({ where: { id: sessionId }, data: { state: 'PROCESSING' } });
  await expect(again()).rejects.toThrow(/PROCESSING/);
  await discardSession(app, viewer, aChange(sessionId));
  await expect(again()).rejects.toThrow(/DISCARDED/);
});

test('a session that its participant holds back is not run past its score', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app, { scopes: ['CAPTURE', 'READ', 'ADMIN'] });
  await app.db.project.update({
    where: { id: viewer.projectId },
    data: { rejectBelow: 1, reviewBelow: 1 },
  });
  const sessionId = await playRecorded(app, viewer, await makeRecorded({ steps: 2 }), {
    hold: true,
  });
  await until(app, sessionId, 'REJECTED');

  for (const stage of ['EXAMPLES', 'EXPORT'] as const)
    await expect(reprocessSession(app, viewer, { ...aChange(sessionId), stage })).rejects.toThrow(
      /released by its participant/,
    );

  expect(await app.db.example.count({ where: { sessionId } })).toBe(0);
});
