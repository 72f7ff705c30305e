import { expect, test } from 'vitest';
import { createKey } from '../src/accounts/keys.ts';
import { openConnection } from '../src/client/connection.ts';
import { play } from '../src/client/play.ts';
import { newId } from '../src/lib/ids.ts';
import { others, pipeline } from '../src/pipeline.ts';
import type { App } from '../src/platform/app.ts';
import { stages } from '../src/processing/stage.ts';
import { makeProject, makeViewer, openTestApp } from './app.ts';
import { startChild } from './children.ts';
import { closeGates } from './gates.ts';
import { aSource } from './product.ts';
import { filesOf, makeRecorded, openWorkingApp, playRecorded, stepsOf, until } from './recorded.ts';
import { upTo } from './sessions.ts';

test('a session survives kill -9 of its worker in the middle of every stage', {
  timeout: 240_000,
}, async () => {
  const recorded = await makeRecorded({
    masks: [{ x: 100, y: 200, width: 120, height: 30, kind: 'PAYMENT' }],
  });
  const calm = await openWorkingApp(pipeline);
  const { id } = recorded.head;
  await playRecorded(calm, await makeViewer(calm), recorded);
  await until(calm, id, 'READY');
  const app = await openTestApp({ pipeline, others });
  const gate = await closeGates(app);
  await playRecorded(app, await makeViewer(app), recorded);

  for (const stage of stages) {
    const worker = await startChild(app, 'work');
    const where = { sessionId_stage: { sessionId: id, stage } };
    const read = () => app.db.processingStep.findUnique({ where });
    const isInTheMiddle = async () => {
      const step = await read();
      return step?.state === 'RUNNING' && step.progress > 0 && step.progress < 1;
    };
    await expect.poll(isInTheMiddle, { timeout: 60_000, interval: 5 }).toBe(true);
    await worker.kill();
    expect(await read()).toMatchObject({ stage, state: 'RUNNING' });
    await gate.open(stage);
  }
  const last = await startChild(app, 'work');
  await expect.poll(() => stepsOf(app, id), { timeout: 60_000 }).not.toContain('EXPORT RUNNING');
  await until(app, id, 'READY');
  await last.stop();

  expect(await resultOf(app, id)).toEqual(await resultOf(calm, id));
  const { rows } = await app.sql.query<{ name: string; tries: number }>(
    `SELECT name, retry_count::int AS tries FROM pgboss.job
     WHERE name ~ '^(processing|quality|datasets)' AND state = 'completed' ORDER BY name`,
  );
  expect(rows).toEqual([
    { name: 'datasets.examples', tries: 1 },
    { name: 'datasets.export', tries: 1 },
    { name: 'processing.compress', tries: 1 },
    { name: 'processing.redact', tries: 1 },
    { name: 'quality.score', tries: 1 },
  ]);
});

test('kill -9 of the server in the middle of a recording loses nothing that it acknowledged', {
  timeout: 120_000,
}, async () => {
  const app = await openTestApp({ pipeline, others });
  const projectId = await makeProject(app);
  const { secret } = await createKey(
    app,
    { projectId, scopes: new Set(['CAPTURE']) },
    { id: newId(), name: 'test', scopes: ['CAPTURE'], participantLabel: 'P-1', now: new Date() },
  );
  let server = await startChild(app, 'serve', { PORT: '0' });
  const url = /http:\/\/[\d.]+:\d+/.exec(server.said())?.[0] ?? '';
  const connection = openConnection({
    url,
    token: secret,
    patienceMs: 90_000,
    backoff: { firstMs: 20, lastMs: 200 },
  });
  const source = aSource({
    interactions: 3_000,
    screenshots: 60,
    snapshots: 30,
    pictureBytes: 20_000,
  });
  const sessionId = source.head.id;
  const held = async () =>
    (
      await app.db.interaction.findMany({
        where: { sessionId },
        orderBy: { sequence: 'asc' },
        select: { sequence: true },
      })
    ).map(({ sequence }) => sequence);
  let acknowledged = 0;

  const playing = play(source, connection, {
    onProgress: ({ interactions }) => {
      acknowledged = interactions.acknowledged;
    },
  });
  playing.catch(() => undefined); // is awaited below
  for (const enough of [300, 1_500]) {
    await expect.poll(() => acknowledged, { timeout: 60_000, interval: 1 }).toBeGreaterThan(enough);
    await server.kill();
    const promised = acknowledged;
    expect(promised).toBeLessThan(3_000);
    expect((await held()).slice(0, promised)).toEqual(upTo(promised));
    server = await startChild(app, 'serve', { PORT: new URL(url).port });
  }
  const played = await playing;

  expect(played).toMatchObject({ state: 'ENDED', interactions: { refused: [], conflicting: [] } });
  expect(await held()).toEqual(upTo(3_000));
  expect(await app.db.syncIssue.count()).toBe(0);
  const stored = { where: { sessionId, upload: 'STORED' as const } };
  expect(await app.db.screenshot.count(stored)).toBe(60);
  expect(await app.db.pageSnapshot.count(stored)).toBe(30);
  expect(new Set(await filesOf(app, sessionId)).size).toBe(90);
  await connection.close();
  await server.stop();
});

/** Everything that processing made of a session and that does not depend on when. */
async function resultOf(app: App, sessionId: string) {
  const where = { sessionId };
  const pictures = await app.db.screenshot.findMany({ where, orderBy: { id: 'asc' } });
  const [report] = await app.db.qualityReport.findMany({ where, include: { issues: true } });
  const examples = await app.db.example.findMany({ where, orderBy: { sequence: 'asc' } });
  const exports = await app.db.sessionExport.findMany({ where });
  const events = await app.db.sessionEvent.findMany({ where, orderBy: { version: 'asc' } });
  return {
    reports: await app.db.qualityReport.count({ where }),
    score: report?.score,
    issues: report?.issues.map(({ code, count }) => `${code} ${count}`).sort(),
    pictures: pictures.map(({ id, upload, contentHash }) => `${id} ${upload} ${hex(contentHash)}`),
    examples: examples.map(({ sequence, operation }) => `${sequence} ${operation}`),
    exports: exports.map(({ examples, sha256 }) => `${examples} ${hex(sha256)}`),
    events: events.map(({ state, reason }) => `${state} ${reason}`),
    files: (await filesOf(app, sessionId)).sort(),
  };
}

function hex(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
