import { expect, test } from 'vitest';
import { ask, askRaw, makeViewer, openReplica, openTestApp } from '../../test/app.ts';
import {
  aChange,
  anAudioClip,
  anEnd,
  anInteraction,
  aPicture,
  aScreenshot,
  aSnapshot,
  aSound,
  countStatements,
  interactions,
  makeSession,
  record,
  upTo,
} from '../../test/sessions.ts';
import type { Viewer } from '../graphql/context.ts';
import { maskError } from '../graphql/watch.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { recordAudioClips, recordScreenshots, recordSnapshots } from './announce.ts';
import { endSession, pauseSession } from './lifecycle.ts';

const EVERYTHING = `query ($first: Int) { sessions(first: $first) { totalCount nodes {
  id kind state version task site startUrl startedAt endedAt lastActivityAt lastSequence hold reason
  client dropped participantId durationMs acknowledged
  history { state version reason at }
  interactions(first: 20) { totalCount nodes {
    id sequence type occurredAt url modifiers { shift } frame { index } target { tag name } selectors { value }
    pointer { clientX } key value before { url } after { url } context elementAnalysis
  } }
  screenshots(first: 20) { totalCount nodes { id upload masks { kind } url } }
  snapshots(first: 20) { totalCount nodes { id upload url } }
  audioClips(first: 20) { totalCount nodes { id upload url } }
  consent { version } coverage { canvases } captureHealth { queueDepth }
} } }`;

const NAMES = `query ($where: SessionFilter, $orderBy: SessionOrder, $first: Int, $after: String, $last: Int, $before: String) {
  sessions(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { task } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }`;

type Page = {
  sessions: {
    totalCount: number;
    nodes: { task: string }[];
    pageInfo: {
      hasNextPage: boolean;
      hasPreviousPage: boolean;
      startCursor: string;
      endCursor: string;
    };
  };
};

/** A session with two chunks of details, a screenshot, a snapshot and a history. */
async function makeFullSession(app: App, viewer: Viewer): Promise<void> {
  const sessionId = await makeSession(app, viewer);
  await record(app, viewer, sessionId, interactions(1, 2));
  await record(app, viewer, sessionId, interactions(3, 5), [{ sequence: 4, dropped: 'QUOTA' }]);
  await recordScreenshots(app, viewer, { sessionId, screenshots: [aScreenshot(aPicture())] });
  await recordSnapshots(app, viewer, { sessionId, snapshots: [aSnapshot('<p>1</p>')] });
  await recordAudioClips(app, viewer, { sessionId, audioClips: [anAudioClip(aSound())] });
  await pauseSession(app, viewer, aChange(sessionId));
}

test('a list of sessions with everything in them takes as many statements for twenty as for five', async () => {
  const app = await openTestApp({ env: { MAX_SESSIONS_PER_USER: '100' } });
  const viewer = await makeViewer(app);
  const counts: number[] = [];
  for (const sessions of [5, 20]) {
    const more = sessions - (await app.db.session.count());
    await Promise.all(upTo(more).map(() => makeFullSession(app, viewer)));
    const replica = await openReplica(app); // one that remembers no keys
    const list = async () => {
      const page = await ask<{ sessions: { nodes: unknown[] } }>(replica, viewer, EVERYTHING, {
        first: sessions,
      });
      expect(page.sessions.nodes).toHaveLength(sessions);
      expect(page.sessions.nodes[0]).toMatchObject({
        acknowledged: 5,
        interactions: { totalCount: 5, nodes: { 0: { target: { tag: 'button' } } } },
        screenshots: { totalCount: 1 },
        snapshots: { totalCount: 1 },
        audioClips: { totalCount: 1 },
      });
    };
    counts.push(await countStatements(replica, list));
  }

  expect(counts[1]).toBe(counts[0]);
  expect(counts[0]).toBeLessThanOrEqual(21);
});

test('a long session’s page takes as many statements as a short one’s', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const counts: number[] = [];
  for (const [calls, perCall] of [
    [1, 2],
    [30, 5],
  ] as const) {
    const sessionId = await makeSession(app, viewer);
    for (const call of upTo(calls))
      await record(
        app,
        viewer,
        sessionId,
        interactions(...upTo(perCall).map((number) => (call - 1) * perCall + number)),
      );
    const replica = await openReplica(app);
    const document = `{ session(id: "${sessionId}") { acknowledged interactions(first: 200) { nodes { selectors { value } target { name } before { url } } } } }`;
    counts.push(await countStatements(replica, () => ask(replica, viewer, document)));
  }

  expect(counts[1]).toBe(counts[0]);
});

test('sessions are read page by page in both directions and orders, each once', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const startedAt = '2026-01-01T00:00:00.000Z'; // the same for all: the id decides
  for (const number of upTo(7)) await makeSession(app, viewer, { task: `${number}`, startedAt });
  const read = async (variables: object) =>
    (await ask<Page>(app, viewer, NAMES, { ...variables })).sessions;

  const walked: string[] = [];
  let after: string | null = null;
  do {
    const page: Page['sessions'] = await read({ orderBy: 'STARTED_AT_ASC', first: 3, after });
    walked.push(...page.nodes.map(({ task }) => task));
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after);
  const newest = await read({ first: 2 });
  const back = await read({ last: 2 });
  const middle = await read({ last: 2, before: back.pageInfo.startCursor });

  const tasks = ({ nodes }: Page['sessions']) => nodes.map(({ task }) => task);
  expect(walked).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  expect(tasks(newest)).toEqual(['7', '6']);
  expect(newest.totalCount).toBe(7);
  expect([tasks(back), tasks(middle)]).toEqual([
    ['2', '1'],
    ['4', '3'],
  ]);
});

test('each filter of sessions keeps what it names, and all of them together what fits them all', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const other = await makeViewer(app, { project: viewer.projectId, participant: 'P-2' });
  await makeSession(app, viewer, { task: 'plain' });
  await makeSession(app, viewer, { task: 'automated', kind: 'AUTOMATED' });
  await makeSession(app, viewer, { task: 'elsewhere', startUrl: 'https://b.example/' });
  await makeSession(app, viewer, { task: 'Later 100%_sure', startedAt: '2026-02-01T00:00:00Z' });
  const paused = await makeSession(app, viewer, { task: 'paused' });
  await pauseSession(app, viewer, aChange(paused));
  await makeSession(app, other, { task: 'theirs' });
  const kept = async (where: object) =>
    (await ask<Page>(app, viewer, NAMES, { where })).sessions.nodes.map(({ task }) => task);

  expect(await kept({ kinds: ['AUTOMATED'] })).toEqual(['automated']);
  expect(await kept({ states: ['PAUSED', 'ENDED'] })).toEqual(['paused']);
  expect(await kept({ site: 'b.example' })).toEqual(['elsewhere']);
  expect(await kept({ startedFrom: '2026-01-15T00:00:00Z' })).toEqual(['Later 100%_sure']);
  expect(await kept({ startedBefore: '2026-01-15T00:00:00Z', kinds: ['AUTOMATED'] })).toEqual([
    'automated',
  ]);
  expect(await kept({ participantId: other.participantId })).toEqual(['theirs']);
  expect(await kept({ taskContains: '100%_SURE' })).toEqual(['Later 100%_sure']);
  expect(await kept({ taskContains: '%' })).toEqual(['Later 100%_sure']);
  expect(await kept({ kinds: ['AUTOMATED'], site: 'b.example' })).toEqual([]);
  expect(await kept({ states: [] })).toEqual([]);
  expect(await kept({})).toHaveLength(6);
});

test('interactions and screenshots are filtered inside their session', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  await record(
    app,
    viewer,
    sessionId,
    [
      anInteraction(1),
      anInteraction(2, { type: 'SCROLL' }),
      anInteraction(3, { url: 'https://b.example/' }),
    ],
    [{ sequence: 4, dropped: 'QUOTA' }],
  );
  const burstId = newId();
  const screenshots = [
    aScreenshot(aPicture('1'), { interactionSequence: 1 }),
    aScreenshot(aPicture('2'), { trigger: 'NAVIGATION', burstId, burstIndex: 0, burstTotal: 1 }),
  ];
  await recordScreenshots(app, viewer, { sessionId, screenshots });
  const sequences = async (where: string) => {
    const { session } = await ask<{ session: { interactions: { nodes: { sequence: number }[] } } }>(
      app,
      viewer,
      `{ session(id: "${sessionId}") { interactions(where: ${where}) { nodes { sequence } } } }`,
    );
    return session.interactions.nodes.map(({ sequence }) => sequence);
  };
  const pictures = async (where: string) => {
    const { session } = await ask<{ session: { screenshots: { nodes: { id: string }[] } } }>(
      app,
      viewer,
      `{ session(id: "${sessionId}") { screenshots(where: ${where}) { nodes { id } } } }`,
    );
    return session.screenshots.nodes.map(({ id }) =>
      screenshots.findIndex((shot) => shot.id === id),
    );
  };

  expect(await sequences('{ types: [SCROLL] }')).toEqual([2]);
  expect(await sequences('{ site: "b.example" }')).toEqual([3]);
  expect(await sequences('{ sequenceFrom: 2, sequenceTo: 3 }')).toEqual([2, 3]);
  expect(await sequences('{ sequenceTo: 1 }')).toEqual([1]);
  expect(await sequences('{ isDropped: true }')).toEqual([4]);
  expect(await sequences('{ isDropped: false }')).toEqual([1, 2, 3]);
  expect(await pictures('{ triggers: [NAVIGATION] }')).toEqual([1]);
  expect(await pictures('{ interactionSequence: 1 }')).toEqual([0]);
  expect(await pictures(`{ burstId: "${burstId}" }`)).toEqual([1]);
  expect(await pictures('{ upload: STORED }')).toEqual([]);
});

test('a key sees its participant’s sessions, READ the project’s, a key of nobody none of nobody’s', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['CAPTURE'] });
  const { projectId: project } = viewer;
  const other = await makeViewer(app, { project, participant: 'P-2', scopes: ['CAPTURE'] });
  const nobody = await makeViewer(app, { project, participant: null, scopes: ['CAPTURE'] });
  const reader = await makeViewer(app, { project, participant: null, scopes: ['READ'] });
  const stranger = await makeViewer(app, { scopes: ['READ', 'ADMIN'] });
  const trainer = await makeViewer(app, { project, scopes: ['TRAIN'] });
  const mine = await makeSession(app, viewer, { task: 'mine' });
  await makeSession(app, other, { task: 'other' });
  await makeSession(app, nobody, { task: 'nobody' });
  const seen = async (who: Viewer) =>
    (await ask<Page>(app, who, NAMES)).sessions.nodes.map(({ task }) => task).sort();
  const one = async (who: Viewer) =>
    (await ask<{ session: unknown }>(app, who, `{ session(id: "${mine}") { task } }`)).session;

  expect(await seen(viewer)).toEqual(['mine']);
  expect(await seen(other)).toEqual(['other']);
  expect(await seen(nobody)).toEqual([]);
  expect(await seen(reader)).toEqual(['mine', 'nobody', 'other']);
  expect(await seen(stranger)).toEqual([]);
  expect([await one(viewer), await one(other), await one(reader), await one(stranger)]).toEqual([
    { task: 'mine' },
    null,
    { task: 'mine' },
    null,
  ]);
  for (const [who, code] of [
    [trainer, 'FORBIDDEN'],
    [null, 'UNAUTHENTICATED'],
  ] as const) {
    const { errors } = await askRaw(app, who, NAMES);
    expect(errors?.[0]?.extensions.code).toBe(code);
  }
});

test('an id, a cursor or a text that the database refuses is the client’s mistake, not a fault', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  await endSession(app, viewer, anEnd(sessionId, 0));

  const documents = [
    '{ session(id: "one") { id } }',
    '{ sessions(where: { participantId: "one" }) { nodes { id } } }',
    '{ sessions(where: { site: "\\u0000" }) { nodes { id } } }',
    '{ sessions(where: { taskContains: "\\u0000" }) { nodes { id } } }',
    '{ sessions(where: { startedFrom: "0000-01-01T00:00:00Z" }) { nodes { id } } }',
    '{ sessions(after: "one") { nodes { id } } }',
    `{ session(id: "${sessionId}") { interactions(after: "one") { nodes { id } } } }`,
    `{ session(id: "${sessionId}") { screenshots(where: { burstId: "one" }) { nodes { id } } } }`,
  ];
  for (const document of documents) {
    const { errors = [] } = await askRaw(app, viewer, document);
    const codes = errors.map((error) => maskError(error, '', () => undefined).extensions.code);
    expect([document, codes]).toEqual([document, ['BAD_USER_INPUT']]);
  }
});
