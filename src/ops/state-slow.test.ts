import { expect, test } from 'vitest';
import { makeProject, openTestApp } from '../../test/app.ts';
import { stateSlow } from './state-slow.ts';

test('what takes long is a performance event with duration, memory and processor; the slowest ten at a time', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const slow = { kind: 'operation', name: 'Sessions', projectId, traceId: 'e'.repeat(32) } as const;
  for (let durationMs = 1; durationMs <= 150; durationMs += 1)
    app.slow.note({ ...slow, durationMs });

  await stateSlow(app);
  await stateSlow(app);

  const rows = await app.db.debugEvent.findMany({ orderBy: { sequence: 'asc' } });
  expect(rows).toHaveLength(10);
  expect(rows[0]?.body).toMatchObject({
    kind: 'PERFORMANCE',
    title: 'The operation Sessions took 150 ms',
    correlationId: 'e'.repeat(32),
    detail: {
      durationMs: 150,
      memoryDeltaBytes: expect.any(Number),
      cpuEstimate: expect.any(Number),
      notStated: 140,
    },
  });
});

test('where nothing is slow nothing is asked of the database', async () => {
  const app = await openTestApp();
  const before = app.database.statements();

  await stateSlow(app);

  expect(app.database.statements()).toBe(before);
});
