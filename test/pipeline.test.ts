import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { InteractionRecord } from '../src/contract/interaction.ts';
import { checkLeaks } from '../src/datasets/leak.ts';
import { validateChatFile } from '../src/datasets/openai-rules.ts';
import { pipeline } from '../src/pipeline.ts';
import { readRecording } from '../src/record/recording.ts';
import { releaseSession } from '../src/sessions/lifecycle.ts';
import { ask, makeViewer } from './app.ts';
import { follow } from './follow.ts';
import {
  filesOf,
  makeRecorded,
  openDoor,
  openWorkingApp,
  playRecorded,
  type Recorded,
  sha256Of,
  stepsOf,
  until,
  untilStep,
} from './recorded.ts';
import { aChange, dumpDatabase } from './sessions.ts';

const done = ['REDACT', 'COMPRESS', 'SCORE', 'EXAMPLES', 'EXPORT'].map((stage) => `${stage} DONE`);

test('a session goes in and comes out as a file that can be trained on, stage after stage', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded();

  const sessionId = await playRecorded(app, viewer, recorded);
  await until(app, sessionId, 'READY');

  const { session } = await ask<Whole>(app, viewer, WHOLE, { id: sessionId });
  expect(session.processing.map(({ stage, state }) => `${stage} ${state}`)).toEqual(done);
  const finished = session.processing.map(({ finishedAt }) => Date.parse(finishedAt));
  expect(finished).toEqual(finished.toSorted((a, b) => a - b));
  expect(
    session.processing.filter(({ attempt, progress }) => attempt !== 1 || progress !== 1),
  ).toEqual([]);
  expect(session.processing.map(({ message }) => message)).toEqual([
    '24 pictures looked at, 0 boxes painted over',
    expect.stringMatching(/^24 pictures, /),
    expect.stringMatching(/^score 0\.\d\d, \d+ issues?; good enough for training$/),
    '12 examples of 13 steps; left out: 1 NOT_AN_ANSWER',
    expect.stringMatching(/^12 lines, [\d,]+ bytes, no leak found$/),
  ]);
  expect(session.quality?.score).toBeGreaterThan(0.8);
  expect(session.examples.totalCount).toBe(12);
  expect(session.examples.edges[0]?.node.text).toMatch(/^Task {6}Find something.*→ \[e\d+\] /s);
  const [file] = session.exports;
  const answer = await fetch(`${await openDoor(app)}${file?.url}`);
  const text = await answer.text();
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(12);
  expect(validateChatFile(lines)).toMatchObject({ errors: 0, warnings: 0 });
  const selectorsOf = (line: number) => recorded.interactions[line]?.selectors ?? [];
  expect(checkLeaks(lines, { selectorsOf })).toMatchObject({
    passed: true,
    selectorsSought: expect.any(Number),
  });
  expect(file).toMatchObject({
    examples: 12,
    bytes: Buffer.byteLength(text),
    sha256: sha256Of(text),
  });
});

test('the session that was recorded in the shop goes the whole way', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await readShop();

  const sessionId = await playRecorded(app, viewer, recorded);
  await until(app, sessionId, 'READY');

  expect(await stepsOf(app, sessionId)).toEqual(done);
  const { score } = await app.db.qualityReport.findUniqueOrThrow({ where: { sessionId } });
  expect(score).toBeGreaterThan(0.8);
  const { examples } = await app.db.sessionExport.findFirstOrThrow({ where: { sessionId } });
  expect(examples).toBeGreaterThan(10);
  expect(
    await app.db.screenshot.count({ where: { sessionId, upload: 'STORED', contentHash: null } }),
  ).toBe(0);
});

test('whoever listens hears of every stage while it goes on, and can resume where they were', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 20 });
  const live = await follow<Progress>(app, viewer, PROGRESS, { sessionId: recorded.head.id });

  const sessionId = await playRecorded(app, viewer, recorded);
  await until(app, sessionId, 'READY');
  const isDone = (events: Progress[], stage: string) =>
    events.some(
      ({ processingProgress: { step } }) => step?.stage === stage && step.state === 'DONE',
    );
  await expect.poll(() => isDone(live, 'EXPORT'), { timeout: 5_000 }).toBe(true);

  for (const line of done) expect(isDone(live, line.split(' ')[0] ?? '')).toBe(true);
  const between = live.filter(
    ({ processingProgress: { step } }) => step && step.progress > 0 && step.progress < 1,
  );
  expect(between.length).toBeGreaterThan(0);
  expect(between[0]?.processingProgress.step?.message).toMatch(/^\d+ of \d+ /);
  const cursors = live.map(({ processingProgress: { cursor } }) => cursor);
  expect(new Set(cursors).size).toBe(cursors.length);

  const middle = Math.floor(cursors.length / 2);
  const resumed = await follow<Progress>(app, viewer, PROGRESS, {
    sessionId,
    after: cursors[middle],
  });
  await expect
    .poll(() => resumed.map(({ processingProgress: { cursor } }) => cursor), { timeout: 5_000 })
    .toEqual(cursors.slice(middle + 1));
});

test('nobody hears of the sessions of another project', async () => {
  const app = await openWorkingApp(pipeline);
  const [viewer, stranger] = [await makeViewer(app), await makeViewer(app)];
  const own = await follow<Progress>(app, viewer, PROGRESS, {});
  const others = await follow<Progress>(app, stranger, PROGRESS, {});

  const sessionId = await playRecorded(
    app,
    viewer,
    await makeRecorded({ steps: 2, pictures: false }),
  );
  await expect.poll(() => own.length, { timeout: 20_000 }).toBeGreaterThan(5);

  expect(others).toEqual([]);
  expect(
    (await ask<{ session: unknown }>(app, stranger, WHOLE, { id: sessionId })).session,
  ).toBeNull();
});

test('a damaged picture keeps no session from becoming ready', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded();
  const [damaged] = recorded.screenshots;
  if (damaged) {
    damaged.bytes = damaged.bytes.subarray(0, 3_000);
    damaged.record = { ...damaged.record, bytes: 3_000, sha256: sha256Of(damaged.bytes) };
  }

  const sessionId = await playRecorded(app, viewer, recorded);
  await until(app, sessionId, 'READY');

  const { session } = await ask<Whole>(app, viewer, WHOLE, { id: sessionId });
  expect(session.quality?.issues).toContainEqual(
    expect.objectContaining({ code: 'UPLOADS_DAMAGED', count: 1, severity: 'HIGH' }),
  );
});

test('a held session waits with its score for its participant, and is ready after the release', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);

  const sessionId = await playRecorded(app, viewer, await makeRecorded({ steps: 4 }), {
    hold: true,
  });
  await untilStep(app, sessionId, 'SCORE', 'DONE');
  expect((await ask<Whole>(app, viewer, WHOLE, { id: sessionId })).session).toMatchObject({
    state: 'PROCESSING',
    quality: { score: expect.any(Number) },
    exports: [],
  });
  await releaseSession(app, viewer, aChange(sessionId));

  await until(app, sessionId, 'READY');
});

test('what is private on the way in is nowhere on the way out', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({
    steps: 4,
    pictures: false,
    task: 'Mail jane.roe@example.org the tent',
  });
  const [, second] = recorded.interactions;
  if (second) second.url = 'https://shop.example/?email=jane.roe%40example.org';
  for (const page of recorded.snapshots) {
    page.html = page.html.replace('<ul>', '<p>Signed in as jane.roe@example.org</p><ul>');
    page.record = {
      ...page.record,
      bytes: Buffer.byteLength(page.html),
      sha256: sha256Of(page.html),
    };
  }
  await app.db.project.update({
    where: { id: viewer.projectId },
    data: { rejectBelow: 0, reviewBelow: 0 },
  });

  const sessionId = await playRecorded(app, viewer, recorded);
  await until(app, sessionId, 'READY');

  const { session } = await ask<Whole>(app, viewer, WHOLE, { id: sessionId });
  const file = await (await fetch(`${await openDoor(app)}${session.exports[0]?.url}`)).text();
  expect(`${file}${JSON.stringify(session)}${await dumpDatabase(app)}`).not.toContain('jane.roe');
  expect(file).toContain('[EMAIL]');
  expect((await filesOf(app, sessionId)).some((name) => /^\d+$/.test(name))).toBe(true); // sealed parts
});

async function readShop(): Promise<Recorded> {
  const folder = fileURLToPath(new URL('../examples/shop/recording', import.meta.url));
  const { head, interactions, screenshots, snapshots, bytesOf } = await readRecording(folder);
  const { format: _, ...session } = head;
  const recorded: Recorded = {
    head: session,
    interactions: (await Array.fromAsync(interactions())).filter(
      (item): item is InteractionRecord => 'id' in item,
    ),
    screenshots: [],
    snapshots: [],
  };
  for await (const record of screenshots())
    recorded.screenshots.push({ record, bytes: await bytesOf(record) });
  for await (const record of snapshots())
    recorded.snapshots.push({ record, html: String(await bytesOf(record)) });
  return recorded;
}

type Whole = {
  session: {
    state: string;
    processing: {
      stage: string;
      state: string;
      attempt: number;
      progress: number;
      message: string;
      finishedAt: string;
    }[];
    quality: { score: number; issues: { code: string; count: number; severity: string }[] } | null;
    examples: { totalCount: number; edges: { node: { text: string } }[] };
    exports: { url: string; examples: number; bytes: number; sha256: string }[];
  };
};
const WHOLE = `query ($id: ID!) { session(id: $id) {
  state
  processing { stage state attempt progress message finishedAt }
  quality { score issues { code count severity } }
  examples(first: 20) { totalCount edges { node { text } } }
  exports { url examples bytes sha256 }
} }`;

type Progress = {
  processingProgress: {
    cursor: string;
    step: { stage: string; state: string; progress: number; message: string | null } | null;
  };
};
const PROGRESS = `subscription ($sessionId: ID, $after: String) {
  processingProgress(sessionId: $sessionId, after: $after) {
    ... on ProcessingChange { cursor step { stage state progress message } }
    ... on Gap { cursor }
  } }`;
