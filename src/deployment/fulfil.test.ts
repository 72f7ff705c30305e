import { expect, test } from 'vitest';
import { ask, makeViewer } from '../../test/app.ts';
import { aRun, makeRecorded, openWorkingApp, playRecorded, until } from '../../test/recorded.ts';
import { makeSuite } from '../../test/suites.ts';
import { newId } from '../lib/ids.ts';
import { others, pipeline } from '../pipeline.ts';
import type { App } from '../platform/app.ts';
import { fulfilRequests } from './fulfil.ts';

test('a request is fulfilled by itself when enough good sessions with its action came to its site, and its participants see how many', {
  timeout: 90_000,
}, async () => {
  const app = await openWorkingApp(pipeline, {}, others);
  const viewer = await makeViewer(app, { scopes: ['CAPTURE'] });
  const { projectId } = viewer;
  const early = await play(app, viewer, 'early');
  const wanted = await makeRequest(app, projectId, { sessions: 2 });
  const elsewhere = await makeRequest(app, projectId, { site: 'other.example' });
  const otherwise = await makeRequest(app, projectId, { operation: 'hover' });
  const stranger = await makeViewer(app, { scopes: ['CAPTURE'] });
  const heard: string[] = [];
  const end = new AbortController();
  const changes = app.pubsub.subscribe({ topic: 'request', projectId }, end);
  const hearing = (async () => {
    for await (const change of changes) if ('subjectId' in change) heard.push(change.subjectId);
  })();

  await fulfilRequests(app, { projectId, sessionId: early }, aRun());
  expect(await read(app, viewer, wanted)).toMatchObject({ state: 'OPEN', collected: 0 });
  const first = await play(app, viewer, 'first');
  await expect.poll(() => heard, { timeout: 10_000 }).toEqual([wanted]);
  expect(await read(app, viewer, wanted)).toMatchObject({ collected: 1, progress: 0.5 });
  await fulfilRequests(app, { projectId, sessionId: first }, aRun());
  expect(await read(app, viewer, wanted)).toMatchObject({ state: 'OPEN', collected: 1 });
  await play(app, viewer, 'second');

  await expect
    .poll(async () => (await read(app, viewer, wanted))?.state, { timeout: 10_000 })
    .toBe('FULFILLED');
  expect(await read(app, viewer, wanted)).toMatchObject({ collected: 2, progress: 1 });
  for (const id of [elsewhere, otherwise])
    expect(await read(app, viewer, id)).toMatchObject({ state: 'OPEN', collected: 0 });
  expect(await read(app, stranger, wanted)).toBeUndefined();
  end.abort();
  await hearing;
});

type Viewer = Awaited<ReturnType<typeof makeViewer>>;
type Request = { id: string; state: string; collected: number; progress: number };

async function play(app: App, viewer: Viewer, seed: string): Promise<string> {
  const sessionId = await playRecorded(app, viewer, await makeRecorded({ seed, steps: 5 }));
  await until(app, sessionId, 'READY');
  return sessionId;
}

async function read(app: App, viewer: Viewer, id: string): Promise<Request | undefined> {
  const query = `{ dataRequests(where: { states: [OPEN, FULFILLED] }) { nodes { id state collected progress } } }`;
  const { dataRequests } = await ask<{ dataRequests: { nodes: Request[] } }>(app, viewer, query);
  return dataRequests.nodes.find((request) => request.id === id);
}

/** A request as an evaluation would have made it. */
async function makeRequest(
  app: App,
  projectId: string,
  more: { sessions?: number; site?: string; operation?: string },
): Promise<string> {
  const { sessions = 1, site = 'shop.example', operation = 'click' } = more;
  const [id, evaluationId] = [newId(), newId()];
  const datasetId = await makeSuite(app, projectId, { train: [], test: [] });
  const asked = { contestant: 'RANDOM', name: 'random', seed: 'x', concurrency: 1 } as const;
  const inputHash = new Uint8Array();
  await app.db.evaluation.create({
    data: { id: evaluationId, projectId, datasetId, inputHash, ...asked },
  });
  const measured = { expectedPoints: 5, measured: 0.5, low: 0.4, high: 0.6, steps: 20 };
  const told = { method: 'measured', curve: { points: [] } };
  await app.db.dataRequest.create({
    data: { id, projectId, evaluationId, site, operation, sessions, ...measured, ...told },
  });
  return id;
}
