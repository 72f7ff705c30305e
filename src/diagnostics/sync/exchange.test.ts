import { expect, test } from 'vitest';
import * as Yjs from 'yjs';
import { ask, makeProject, makeViewer, openTestApp } from '../../../test/app.ts';
import { follow } from '../../../test/follow.ts';
import { makeClient, makeStore, notes } from '../../../test/sync.ts';
import { newId } from '../../lib/ids.ts';
import { carryOutAll, type SyncStore } from '../../lib/sync/client.ts';
import { compareReplicas, versionOf } from '../../lib/sync/crdt.ts';
import { yjsAdapter } from '../../lib/sync/yjs.ts';

const RESOLVE = `mutation ($input: ResolveSyncIssueInput!) { resolveSyncIssue(input: $input) {
  __typename ... on Problem { code } ... on SyncIssue { state copies { side format value } } } }`;
const UNDO = `mutation ($input: UndoSyncResolutionInput!) { undoSyncResolution(input: $input) {
  __typename ... on Problem { code } } }`;
const yjs = yjsAdapter(Yjs);
const draft = { entityType: 'Draft', entityId: 'd1' };
const base64 = (doc: Yjs.Doc) => Buffer.from(yjs.stateOf(doc)).toString('base64');

test('merge of CRDTs: both exchange their states by instruction, and hold the same', async () => {
  const app = await openTestApp();
  const project = await makeProject(app);
  const reporter = await makeViewer(app, { project, scopes: ['REPORT'], participant: null });
  const person = await makeViewer(app, { project, scopes: ['READ', 'ADMIN'], participant: null });
  const sides = [true, false].map((isAuthority) => {
    const doc = new Yjs.Doc();
    doc.getText('text').insert(0, isAuthority ? 'server ' : 'page ');
    const store: SyncStore = {
      ...makeStore().store,
      exchange: async (_entity, state) => void yjs.merge(doc, Buffer.from(state, 'base64')),
    };
    return { doc, store, client: makeClient(app, reporter, { isAuthority }) };
  });
  const [server, page] = sides;
  if (!server || !page) throw new Error('expected two sides');
  await server.client.report({});
  const found = { ...draft, type: 'DIVERGENCE', format: 'YJS' };
  const told = await page.client.report({ issues: [{ ...found, local: base64(page.doc) }] });
  await server.client.report({ issues: [{ ...found, local: base64(server.doc) }] });
  const before = compareReplicas(versionOf(yjs, page.doc), versionOf(yjs, server.doc));
  const decision = { issueId: told.issues[0], operationId: newId() };

  const answer = await ask<{ resolveSyncIssue: object }>(app, person, RESOLVE, {
    input: { ...decision, expectedVersion: 1, strategy: 'MERGE' },
  });
  for (const { client, store } of sides) await carryOutAll(client.instructor, store);

  expect(before).toBe('lag');
  expect(answer.resolveSyncIssue).toMatchObject({
    state: 'RESOLVING',
    copies: [
      { side: 'LOCAL', format: 'YJS', value: null },
      { side: 'REMOTE', format: 'YJS', value: null },
    ],
  });
  expect(compareReplicas(versionOf(yjs, page.doc), versionOf(yjs, server.doc))).toBe('same');
  expect(page.doc.getText('text').toString()).toHaveLength('server page '.length);
  const undone = await ask<{ undoSyncResolution: object }>(app, person, UNDO, {
    input: { ...decision, operationId: newId(), expectedVersion: 3 },
  });
  expect(undone.undoSyncResolution).toEqual({
    __typename: 'SyncStrategyUnfit',
    code: 'SYNC_STRATEGY_UNFIT',
  });
});

test('a conflict screen follows its issues, a client its instructions', async () => {
  const app = await openTestApp();
  const project = await makeProject(app);
  const reporter = await makeViewer(app, { project, scopes: ['REPORT'], participant: null });
  const person = await makeViewer(app, { project, scopes: ['READ', 'ADMIN'], participant: null });
  const page = { ...makeClient(app, reporter), ...makeStore() };
  await page.report({});
  const screen = await follow<object>(
    app,
    person,
    `subscription { syncIssueChanged(where: { types: [CONFLICT] }) { __typename
      ... on SyncIssueChanged { issue { entityId state } } } }`,
    {},
  );
  const bell = await follow<object>(
    app,
    reporter,
    `subscription ($client: SyncClientProofInput!) { syncInstructionsWaiting(client: $client) { __typename } }`,
    { client: page.proof },
  );

  const { issues } = await page.report({
    issues: [
      { ...draft, type: 'VALIDATION_FAILED' },
      { ...draft, type: 'CONFLICT', local: 1, remote: 2 },
    ],
  });
  await ask(app, person, RESOLVE, {
    input: {
      ...{ issueId: issues[1], operationId: newId() },
      ...{ expectedVersion: 1, strategy: 'SERVER_WINS' },
    },
  });

  await expect
    .poll(() => screen)
    .toEqual([
      { syncIssueChanged: { __typename: 'SyncIssueChanged', issue: expect.anything() } },
      {
        syncIssueChanged: {
          __typename: 'SyncIssueChanged',
          issue: { entityId: 'd1', state: 'RESOLVING' },
        },
      },
    ]);
  await expect
    .poll(() => bell)
    .toEqual([{ syncInstructionsWaiting: { __typename: 'SyncInstructionsWaiting' } }]);
});

test('an applied resolution that did not help opens the issue again, after two new comparisons', async () => {
  const app = await openTestApp();
  const project = await makeProject(app);
  const reporter = await makeViewer(app, { project, scopes: ['REPORT'], participant: null });
  const person = await makeViewer(app, { project, scopes: ['READ', 'ADMIN'], participant: null });
  const server = makeClient(app, reporter, { isAuthority: true });
  const page = { ...makeClient(app, reporter), ...makeStore() };
  const stateAfter = async (checkpoint: string) => {
    await server.compare(checkpoint, notes(3));
    await page.compare(checkpoint, notes(2));
    return (await app.db.syncIssue.findFirst())?.state;
  };
  await stateAfter('v1');
  const opened = await stateAfter('v2');
  const { id: issueId = '', version: expectedVersion } = (await app.db.syncIssue.findFirst()) ?? {};

  await ask(app, person, RESOLVE, {
    input: { issueId, operationId: newId(), expectedVersion, strategy: 'SERVER_WINS' },
  });
  await carryOutAll(page.instructor, page.store); // and it does not pull

  expect([opened, await stateAfter('v3'), await stateAfter('v4')]).toEqual([
    'OPEN',
    'APPLIED',
    'OPEN',
  ]);
});
