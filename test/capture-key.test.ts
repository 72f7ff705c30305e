import { expect, test } from 'vitest';
import { allScopes, createKey } from '../src/accounts/keys.ts';
import type { Connection } from '../src/client/connection.ts';
import { play } from '../src/client/play.ts';
import { TypedDocumentString } from '../src/generated/client/graphql.ts';
import { newId } from '../src/lib/ids.ts';
import { aSource, openProduct, type Product } from './product.ts';

// What the extension shows a participant of the recent sessions, with the key that records them.

type Session = {
  id: string;
  state: string;
  processing: { stage: string; state: string; progress: number }[];
  quality: { score: number; issues: { code: string; advice: string }[] } | null;
};
type Event = { cursor: string; step?: { sessionId: string; stage: string; state: string } | null };

const RECENT = document<{ sessions: { totalCount: number; nodes: Session[] } }>(`
  { sessions(first: 20) { totalCount nodes { id state task site startedAt endedAt
    processing { stage state progress message error }
    quality { score completeness reliability accuracy issues { code severity message advice count } } } } }`);
const ONE = document<{ session: Session | null }, { id: string }>(
  'query ($id: ID!) { session(id: $id) { id state processing { stage state progress } quality { score } } }',
);
const REPORTS = document<{ qualityReports: { nodes: { sessionId: string }[] } }>(
  '{ qualityReports { nodes { sessionId score issues { advice } } } }',
);
const STAGES = document<{ processingProgress: Event }, { sessionId?: string }>(
  `subscription ($sessionId: ID) { processingProgress(sessionId: $sessionId) {
    ... on ProcessingChange { cursor step { sessionId stage state progress } } ... on Gap { cursor } } }`,
);
const CHANGES = document<{ sessionsChanged: { session?: { id: string; state: string } } }>(
  'subscription { sessionsChanged { ... on SessionChange { session { id state } } ... on Gap { cursor } } }',
);

function document<R, V = Record<string, never>>(text: string): TypedDocumentString<R, V> {
  return new TypedDocumentString<R, V>(text);
}

/** A participant's key that may do nothing but record, and a connection with it. */
async function connectAs(product: Product, participantLabel: string): Promise<Connection> {
  const { app, keyId } = product;
  const { projectId } = await app.db.apiKey.findUniqueOrThrow({ where: { id: keyId } });
  const grantor = { projectId, scopes: allScopes };
  const { secret } = await createKey(app, grantor, {
    id: newId(),
    name: participantLabel,
    scopes: ['CAPTURE'],
    participantLabel,
    now: new Date(),
  });
  return product.connect({ token: secret });
}

/** Collects events until the connection is closed. */
function collect<R, V>(
  connection: Connection,
  asked: TypedDocumentString<R, V>,
  variables: V,
): R[] {
  const came: R[] = [];
  const reading = async () => {
    for await (const event of connection.follow(asked, variables)) came.push(event);
  };
  reading().catch(() => undefined); // it ends with the connection
  return came;
}

/** A subscription is not answered when it begins: something is told of until the first event comes. */
async function untilHeard({ app }: Product, sessionId: string, came: unknown[]): Promise<void> {
  const { projectId } = await app.db.session.findUniqueOrThrow({ where: { id: sessionId } });
  const tell = (topic: 'session' | 'processing') =>
    app.db.$transaction((tx) =>
      app.pubsub.notify(tx, { topic, projectId, subjectId: sessionId, sessionId }),
    );
  await expect
    .poll(async () => {
      await tell('session');
      await tell('processing');
      return came.length;
    })
    .toBeGreaterThan(0);
}

test('a CAPTURE key lists its own sessions with stages, scores and advice, and follows all of them live', async () => {
  const product = await openProduct();
  const [mine, theirs] = [await connectAs(product, 'P-1'), await connectAs(product, 'P-2')];
  const source = () => aSource({ interactions: 3, snapshots: 1 });
  const [{ sessionId: first }, { sessionId: second }] = [
    await play(source(), mine),
    await play(source(), mine),
  ];
  const { sessionId: other } = await play(source(), theirs);
  const stages = collect(mine, STAGES, {});
  const othersStages = collect(mine, STAGES, { sessionId: other });
  const changes = collect(mine, CHANGES, {});
  const theirStages = collect(theirs, STAGES, {});
  await untilHeard(product, first, stages);
  await untilHeard(product, first, changes);
  await untilHeard(product, other, theirStages);

  await product.app.queue.work(product.app);
  for (const id of [first, second, other])
    await expect
      .poll(
        async () => (await product.app.db.qualityReport.count({ where: { sessionId: id } })) > 0,
      )
      .toBe(true);
  const heard = (events: { processingProgress: Event }[]) =>
    new Set(events.map(({ processingProgress: { step } }) => step?.sessionId).filter(Boolean));
  const scored = (events: { processingProgress: Event }[], id: string) =>
    events.some(
      ({ processingProgress: { step } }) =>
        step?.sessionId === id && step.stage === 'SCORE' && step.state === 'DONE',
    );
  await expect.poll(() => scored(stages, first) && scored(stages, second)).toBe(true);
  await expect.poll(() => scored(theirStages, other)).toBe(true);

  expect(heard(stages)).toEqual(new Set([first, second]));
  expect(heard(theirStages)).toEqual(new Set([other]));
  expect(othersStages).toEqual([]);
  const changed = changes.map(({ sessionsChanged: { session } }) => session?.id);
  expect(new Set(changed)).toEqual(new Set([first, second]));
  const { sessions } = await mine.run(RECENT, {});
  expect(sessions.totalCount).toBe(2);
  expect(sessions.nodes.map(({ id }) => id).sort()).toEqual([first, second].sort());
  for (const { processing, quality } of sessions.nodes) {
    expect(processing).toContainEqual(
      expect.objectContaining({ stage: 'SCORE', state: 'DONE', progress: 1 }),
    );
    expect(quality?.score).toBeGreaterThanOrEqual(0);
    expect(quality?.issues.length).toBeGreaterThan(0);
    for (const { advice } of quality?.issues ?? []) expect(advice).toMatch(/\w{3}/);
  }
  expect((await mine.run(ONE, { id: first })).session).toMatchObject({ id: first });
  expect((await mine.run(ONE, { id: other })).session).toBeNull();
  const { qualityReports } = await mine.run(REPORTS, {});
  expect(qualityReports.nodes.map(({ sessionId }) => sessionId).sort()).toEqual(
    [first, second].sort(),
  );
});
