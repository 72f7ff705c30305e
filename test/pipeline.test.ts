import { expect, test } from 'vitest';
import { others, pipeline } from '../src/pipeline.ts';
import { makeViewer, openTestApp } from './app.ts';
import { makeRecorded, playRecorded, stepsOf, until } from './recorded.ts';

test('try', async () => {
  const app = await openTestApp({ pipeline, others });
  const viewer = await makeViewer(app);
  await app.queue.work(app);
  const recorded = await makeRecorded();
  const id = await playRecorded(app, viewer, recorded);
  await until(app, id, 'READY').catch(() => undefined);
  console.log(await stepsOf(app, id));
  console.log(await app.db.processingStep.findMany({ where: { sessionId: id } }));
  console.log(await app.db.qualityReport.findMany({ where: { sessionId: id }, include: { issues: true } }));
  console.log((await app.db.screenshot.findMany({ where: { sessionId: id } }))[0]);
});
