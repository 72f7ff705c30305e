import { expect, test } from 'vitest';
import { makeViewer } from '../../test/app.ts';
import {
  filesOf,
  makeRecorded,
  openWorkingApp,
  playRecorded,
  until,
  untilStep,
} from '../../test/recorded.ts';
import { aChange } from '../../test/sessions.ts';
import { examplesBuilt } from '../datasets/events.ts';
import { buildExamplesJob, exportSessionJob } from '../datasets/jobs.ts';
import { on } from '../platform/queue.ts';
import { SessionStateError } from '../sessions/errors.ts';
import { sessionEnded } from '../sessions/events.ts';
import { sessionScored } from './events.ts';
import { scoreJob } from './jobs.ts';
import { reviewSession } from './review.ts';

const pipeline = [
  on(sessionEnded, scoreJob),
  on(sessionScored, buildExamplesJob),
  on(examplesBuilt, exportSessionJob),
];

async function scored(
  thresholds: { rejectBelow: number; reviewBelow: number },
  { hold = false }: { hold?: boolean } = {},
) {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app, { scopes: ['CAPTURE', 'READ', 'ADMIN'] });
  await app.db.project.update({ where: { id: viewer.projectId }, data: thresholds });
  const sessionId = await playRecorded(app, viewer, await makeRecorded({ pictures: false }), {
    hold,
  });
  await untilStep(app, sessionId, 'SCORE', 'DONE');
  const review = (verdict: 'APPROVE' | 'REJECT') =>
    reviewSession(app, viewer, { ...aChange(sessionId), verdict });
  return { app, sessionId, review };
}

const doubtful = { rejectBelow: 0, reviewBelow: 1 };
const bad = { rejectBelow: 1, reviewBelow: 1 };

test.each([
  ['waits for a person', doubtful],
  ['was rejected by its score', bad],
] as const)(
  'a session that %s becomes training data when somebody approves it',
  async (_what, thresholds) => {
    const { app, sessionId, review } = await scored(thresholds);

    await review('APPROVE');
    await until(app, sessionId, 'READY');

    expect(await app.db.example.count({ where: { sessionId } })).toBe(12);
    const history = await app.db.sessionEvent.findMany({ where: { sessionId } });
    expect(history.map(({ reason }) => reason)).toContain('A reviewer approved it.');
  },
);

test('a session that is rejected loses its training data, also when it was ready', async () => {
  const { app, sessionId, review } = await scored({ rejectBelow: 0, reviewBelow: 0 });
  await until(app, sessionId, 'READY');

  await review('REJECT');

  expect(await app.db.session.findUnique({ where: { id: sessionId } })).toMatchObject({
    state: 'REJECTED',
  });
  expect(await app.db.example.count({ where: { sessionId } })).toBe(0);
  expect(await app.db.sessionExport.count({ where: { sessionId } })).toBe(0);
  expect(await filesOf(app, sessionId)).not.toEqual([]); // its pages stay, until somebody discards it
  await expect(review('REJECT')).rejects.toThrow(SessionStateError);
});

test('a decision is refused while there is nothing to decide', async () => {
  const { app, sessionId, review } = await scored({ rejectBelow: 0, reviewBelow: 0 });
  await until(app, sessionId, 'READY');

  await expect(review('APPROVE')).rejects.toThrow(/Expected .*NEEDS_REVIEW or REJECTED.* READY/);
});

test('an approval does not go round the participant who holds a session back', async () => {
  const { app, sessionId, review } = await scored(bad, { hold: true });
  await until(app, sessionId, 'REJECTED');

  await expect(review('APPROVE')).rejects.toThrow(/released by its participant/);

  expect(await app.db.example.count({ where: { sessionId } })).toBe(0);
});
