import { expect, test } from 'vitest';
import { makeViewer } from '../../test/app.ts';
import {
  makeRecorded,
  openWorkingApp,
  playRecorded,
  type Recorded,
  until,
  untilStep,
} from '../../test/recorded.ts';
import { anInteraction, dumpDatabase } from '../../test/sessions.ts';
import { on } from '../platform/queue.ts';
import { sessionEnded } from '../sessions/events.ts';
import { openSession } from '../sessions/session-keys.ts';
import { openExample } from './build-examples.ts';
import { examplesBuilt } from './events.ts';
import { buildExamplesJob, exportSessionJob } from './jobs.ts';

const pipeline = [on(sessionEnded, buildExamplesJob), on(examplesBuilt, exportSessionJob)];

async function built(recorded: Recorded) {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const sessionId = await playRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'EXAMPLES', 'DONE');
  const step = await app.db.processingStep.findFirst({ where: { sessionId, stage: 'EXAMPLES' } });
  return { app, sessionId, message: step?.message };
}

test('every action becomes an example, sealed, and opens only with the key of its session', async () => {
  const recorded = await makeRecorded({ pictures: false });

  const { app, sessionId, message } = await built(recorded);

  expect(message).toBe('12 examples of 13 steps; left out: 1 NOT_AN_ANSWER');
  const rows = await app.db.example.findMany({
    where: { sessionId },
    orderBy: { sequence: 'asc' },
  });
  expect(rows.map(({ sequence }) => sequence)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  const access = await openSession(app, sessionId);
  for (const row of rows) {
    if (!access) throw new Error('Expected the key of the session.');
    const example = openExample(access.key, row);
    const action = recorded.interactions[row.sequence - 1];
    const answer = example.candidates.find(({ ref }) => ref === example.answer.ref);
    expect(answer?.text).toContain(`${action?.target?.role} "${action?.target?.name}"`);
    expect(row).toMatchObject({
      operation: example.answer.operation,
      candidateCount: example.candidates.length,
    });
    expect(() => openExample(access.key, { ...row, id: sessionId })).toThrow();
  }
  expect(await dumpDatabase(app)).not.toMatch(/From [a-z]{3}/);
});

test('what cannot be an example is counted by its reason', async () => {
  const recorded = await makeRecorded({ steps: 6, pictures: false });
  const [, a, b, c, d] = recorded.interactions;
  if (a) a.before = {};
  if (b) b.target = { tag: 'button', name: 'Nobody' };
  if (c?.target) c.target.ref = 'gone';
  if (d) Object.assign(d, { type: 'INPUT', value: null });

  const { message } = await built(recorded);

  expect(message).toMatch(/^2 examples of 7 steps; left out: /);
  expect(message?.split('left out: ')[1]?.split(', ').sort()).toEqual([
    '1 NOT_AN_ANSWER',
    '1 SNAPSHOT_MISSING',
    '1 TARGET_MISSING',
    '1 TARGET_NOT_IN_SNAPSHOT',
    '1 VALUE_MISSING',
  ]);
});

test.each([
  [
    'without a task',
    { task: null },
    '0 examples of 13 steps; left out: 12 TASK_MISSING, 1 NOT_AN_ANSWER',
  ],
  [
    'without snapshots',
    {},
    '0 examples of 13 steps; left out: 12 SNAPSHOT_MISSING, 1 NOT_AN_ANSWER',
  ],
] as const)(
  'a session %s gives no examples, says so, and waits for a person',
  async (what, options, said) => {
    const recorded = await makeRecorded({ pictures: false, ...options });
    if (what === 'without snapshots') recorded.snapshots = [];

    const { app, sessionId, message } = await built(recorded);
    await until(app, sessionId, 'NEEDS_REVIEW');

    expect(message).toBe(said);
    expect(await app.db.session.findUnique({ where: { id: sessionId } })).toMatchObject({
      reason: 'No step of the session could be made into an example. The stage EXAMPLES says why.',
    });
    expect(await app.db.sessionExport.count()).toBe(0);
  },
);

test('a session with no steps at all gives no examples', async () => {
  const { app, sessionId, message } = await built({
    ...(await makeRecorded({ pictures: false })),
    interactions: [],
    snapshots: [],
  });
  await until(app, sessionId, 'NEEDS_REVIEW');

  expect(message).toBe('0 examples of 0 steps');
});

test('personal data in what was typed does not reach an example', async () => {
  const recorded = await makeRecorded({ steps: 3, pictures: false });
  const [, first] = recorded.interactions;
  const typed = anInteraction(2, {
    type: 'INPUT',
    value: 'write to jane.roe@example.org',
    target: { tag: 'input', role: 'searchbox', name: 'Search', ref: 's' },
    before: first?.before,
  });
  recorded.interactions[1] = {
    ...typed,
    frame: [],
    selectors: [],
    confidence: 1,
    occurredAt: typed.occurredAt.toISOString(),
  };

  const { app, sessionId } = await built(recorded);

  const access = await openSession(app, sessionId);
  const row = await app.db.example.findFirstOrThrow({ where: { sessionId, sequence: 2 } });
  const { answer } = openExample(
    access?.key ?? { id: Buffer.of(), seal: Buffer.of(), mac: Buffer.of() },
    row,
  );
  expect(answer.value).toMatch(/^write to \[[A-Z_]+\]$/);
});
