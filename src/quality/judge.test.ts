import { expect, test } from 'vitest';
import { makeViewer } from '../../test/app.ts';
import {
  aRun,
  endRecorded,
  makeRecorded,
  openWorkingApp,
  playRecorded,
  sendRecorded,
  until,
  untilStep,
} from '../../test/recorded.ts';
import { aChange } from '../../test/sessions.ts';
import { buildExamplesJob } from '../datasets/jobs.ts';
import type { Viewer } from '../graphql/context.ts';
import type { App } from '../platform/app.ts';
import { on } from '../platform/queue.ts';
import { sessionEnded, sessionReleased } from '../sessions/events.ts';
import { releaseSession } from '../sessions/lifecycle.ts';
import { openSession } from '../sessions/session-keys.ts';
import { sessionScored } from './events.ts';
import { continueReleasedJob, scoreJob } from './jobs.ts';
import { continueReleased, judgeSession } from './judge.ts';

// From the score on, without the picture stages: these are not about pixels.
const pipeline = [
  on(sessionEnded, scoreJob),
  on(sessionReleased, continueReleasedJob),
  on(sessionScored, buildExamplesJob),
];

async function openProject(thresholds: { rejectBelow: number; reviewBelow: number }) {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  await app.db.project.update({ where: { id: viewer.projectId }, data: thresholds });
  return { app, viewer };
}

const open = { rejectBelow: 0, reviewBelow: 0 };
const recording = () => makeRecorded({ steps: 4, pictures: false });
const stateOf = async (app: App, id: string) =>
  app.db.session.findUniqueOrThrow({ where: { id }, select: { state: true } });
const lastReason = async (app: App, sessionId: string) =>
  (await app.db.sessionEvent.findFirst({ where: { sessionId }, orderBy: { version: 'desc' } }))
    ?.reason;
const held = async (app: App, viewer: Viewer) => {
  const sessionId = await playRecorded(app, viewer, await recording(), { hold: true });
  await untilStep(app, sessionId, 'SCORE', 'DONE');
  return sessionId;
};
const examplesState = async (app: App, sessionId: string) =>
  (await app.db.processingStep.findFirst({ where: { sessionId, stage: 'EXAMPLES' } }))?.state;

test.each([
  [
    'below the lower threshold is rejected',
    { rejectBelow: 0.99, reviewBelow: 1 },
    'REJECTED',
    /below 0.99\. Its quality issues say/,
  ],
  [
    'between the thresholds waits for a person',
    { rejectBelow: 0.1, reviewBelow: 0.99 },
    'NEEDS_REVIEW',
    /below 0.99: a person must look/,
  ],
] as const)('a session that scores %s', async (_what, thresholds, state, reason) => {
  const { app, viewer } = await openProject(thresholds);

  const sessionId = await playRecorded(app, viewer, await recording());
  await until(app, sessionId, state);

  expect(await lastReason(app, sessionId)).toMatch(reason);
  expect(await examplesState(app, sessionId)).toBe('WAITING');
});

test('a session that scores as high as the threshold goes on', async () => {
  const { app, viewer } = await openProject(open);

  const sessionId = await playRecorded(app, viewer, await recording());
  await untilStep(app, sessionId, 'EXAMPLES', 'DONE');

  expect(await stateOf(app, sessionId)).toEqual({ state: 'PROCESSING' });
});

test('the report says what lowered the score, at which steps, and what to do', async () => {
  const { app, viewer } = await openProject(open);
  const recorded = await recording();
  const [, second, third] = recorded.interactions;
  if (second) Object.assign(second, { selectors: [], target: { ...second.target, ref: 'gone' } });
  if (third) third.before = {};

  const sessionId = await playRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'SCORE', 'DONE');

  const report = await app.db.qualityReport.findUniqueOrThrow({
    where: { sessionId },
    include: { issues: true },
  });
  for (const score of [report.score, report.completeness, report.reliability, report.accuracy]) {
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThan(1);
  }
  const issues = new Map(report.issues.map((issue) => [issue.code, issue]));
  expect([...issues.keys()].sort()).toEqual([
    'FRAME_MISSING',
    'NO_SCREENSHOTS',
    'SELECTORS_MISSING',
    'SELECTORS_UNTRIED',
    'SNAPSHOT_MISSING',
    'TARGET_NOT_FOUND',
    'TARGET_UNJUDGED',
  ]);
  expect(issues.get('TARGET_NOT_FOUND')).toMatchObject({
    severity: 'HIGH',
    sequences: [2],
    count: 1,
  });
  expect(issues.get('SNAPSHOT_MISSING')).toMatchObject({ sequences: [3], count: 1 });
  expect(report.issues.filter(({ advice, message }) => !advice || !message)).toEqual([]);
  const step = await app.db.processingStep.findFirst({ where: { sessionId, stage: 'SCORE' } });
  expect(step?.message).toMatch(/^score 0\.\d\d, 7 issues; good enough for training$/);
});

test('a tombstone and what the client dropped are counted as gaps that are known', async () => {
  const { app, viewer } = await openProject(open);
  const recorded = await recording();
  const [, dropped] = recorded.snapshots.splice(2, 1);

  const sessionId = await playRecorded(app, viewer, recorded, {
    snapshotCount: 4,
    dropped: [{ id: '5b7fe6bf-c07b-80cc-8844-78b0c6b84ea9', reason: 'QUOTA' }],
  });
  await untilStep(app, sessionId, 'SCORE', 'DONE');

  expect(dropped).toBeUndefined();
  const issue = await app.db.qualityIssue.findFirst({ where: { code: 'UPLOADS_DROPPED' } });
  expect(issue).toMatchObject({ count: 1, severity: 'MEDIUM' });
});

test('a session that is held back stops after the score, and goes on when it is released', async () => {
  const { app, viewer } = await openProject(open);

  const sessionId = await held(app, viewer);
  expect(await stateOf(app, sessionId)).toEqual({ state: 'PROCESSING' });
  expect(await lastReason(app, sessionId)).toMatch(/holds it back: releaseSession/);
  expect(await examplesState(app, sessionId)).toBe('WAITING');
  await releaseSession(app, viewer, aChange(sessionId));

  await untilStep(app, sessionId, 'EXAMPLES', 'DONE');
});

test('a session that is released before its score does not stop', async () => {
  const { app, viewer } = await openProject(open);
  const recorded = await recording();
  await sendRecorded(app, viewer, recorded);
  const { id: sessionId } = recorded.head;

  await endRecorded(app, viewer, recorded, { hold: true });
  await releaseSession(app, viewer, aChange(sessionId));
  await untilStep(app, sessionId, 'EXAMPLES', 'DONE');

  const { rows } = await app.sql.query("SELECT 1 FROM pgboss.job WHERE name = 'datasets.examples'");
  expect(rows).toHaveLength(1);
});

test('a release that is heard of only after the score sends the session on once', async () => {
  const { app, viewer } = await openProject(open);
  const recorded = await recording();
  const sessionId = await sendRecorded(app, viewer, recorded);
  const ids = { projectId: viewer.projectId, sessionId };
  await app.db.session.update({
    where: { id: sessionId },
    data: { state: 'PROCESSING', hold: false },
  });

  await judgeSession(app, ids, aRun());
  await continueReleased(app, ids, aRun());

  const { rows } = await app.sql.query("SELECT 1 FROM pgboss.job WHERE name = 'datasets.examples'");
  expect(rows).toHaveLength(1);
});

test('a held session that scores between the thresholds waits for a person once it is released', async () => {
  const { app, viewer } = await openProject({ rejectBelow: 0, reviewBelow: 1 });

  const sessionId = await held(app, viewer);
  await releaseSession(app, viewer, aChange(sessionId));

  await until(app, sessionId, 'NEEDS_REVIEW');
});

test('a session without anything in it is judged, and is not good', async () => {
  const { app, viewer } = await openProject({ rejectBelow: 0.3, reviewBelow: 0.6 });
  const empty = { ...(await recording()), interactions: [], snapshots: [] };

  const sessionId = await playRecorded(app, viewer, empty);
  await until(app, sessionId, 'REJECTED');

  const { score } = await app.db.qualityReport.findUniqueOrThrow({ where: { sessionId } });
  expect(score).toBeLessThan(0.3);
  expect(await openSession(app, sessionId)).not.toBeNull();
});
