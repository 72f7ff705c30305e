import { expect, test } from 'vitest';
import { ask, makeProject, makeViewer, openTestApp } from '../../../test/app.ts';
import { dumpDatabase } from '../../../test/sessions.ts';
import { makeClient, notes, versionOf } from '../../../test/sync.ts';
import type { Viewer } from '../../graphql/context.ts';
import { newId } from '../../lib/ids.ts';
import { findGaps } from './sequences.ts';

const ISSUES = `query ($where: SyncIssueFilter) { syncIssues(where: $where) { totalCount nodes {
  type state entityType entityId keys seenCount source { name } targetId message } } }`;
type Issues = { syncIssues: { totalCount: number; nodes: Record<string, unknown>[] } };

async function openPlace() {
  const app = await openTestApp();
  const project = await makeProject(app);
  const viewer = await makeViewer(app, { project, scopes: ['REPORT'], participant: null });
  const reader = await makeViewer(app, { project, scopes: ['READ'], participant: null });
  const server = makeClient(app, viewer, { name: 'Notes server', isAuthority: true });
  const page = makeClient(app, viewer, { name: 'Notes page' });
  const issues = async (where: object = {}) =>
    (await ask<Issues>(app, reader, ISSUES, { where })).syncIssues.nodes;
  return { app, project, viewer, reader, server, page, issues };
}

test('digests are compared at the same checkpoint: equal ones agree, whatever their order', async () => {
  const { server, page, issues } = await openPlace();

  const alone = await page.compare('v1', notes(1_000));
  const other = await server.compare('v2', notes(999));
  const same = await server.compare('v1', notes(1_000).reverse());

  expect(alone.digests[0]?.state).toBe('WAITING');
  expect(other.digests[0]?.state).toBe('WAITING');
  expect(same.digests[0]?.state).toBe('AGREE');
  expect(await issues()).toEqual([]);
});

test('with something left to upload nothing is compared', async () => {
  const { server, page, issues } = await openPlace();
  await server.compare('v1', notes(10));

  const busy = await page.compare('v1', notes(9), { isUploadQueueEmpty: false });

  expect(busy.digests[0]?.state).toBe('NOT_COMPARED');
  expect(await issues()).toEqual([]);
});

test('a difference is suspected once, and divergence twice in a row; it names what differs', async () => {
  const { server, page, issues } = await openPlace();
  const held = notes(1_000).with(700, { key: 'note-700', value: 'changed' });

  await server.compare('v1', notes(1_000));
  const once = await page.compare('v1', held);
  const before = await issues();
  await server.compare('v2', notes(1_000));
  const twice = await page.compare('v2', held);
  await server.compare('v2', notes(1_000)); // asked to descend, too
  await page.compare('v2', held);
  await server.compare('v3', notes(1_000));
  await page.compare('v3', held);
  await server.compare('v3', notes(1_000));

  expect(once.digests[0]).toMatchObject({ state: 'SUSPECTED', issueId: null });
  expect(before).toEqual([]);
  expect(twice.digests[0]).toMatchObject({ state: 'DIVERGENT', issueId: expect.any(String) });
  expect(await issues()).toMatchObject([
    {
      ...{ type: 'DIVERGENCE', state: 'OPEN', entityType: 'Note', entityId: '' },
      ...{ source: { name: 'Notes page' }, targetId: server.id, keys: ['note-700'] },
    },
  ]);
});

test('the tree is descended only where it differs', async () => {
  const { server, page } = await openPlace();
  const held = notes(5_000).with(7, { key: 'note-7', value: 'changed' });
  await server.compare('v1', notes(5_000));

  const told = await page.compare('v1', held);

  expect(told.rounds).toBeGreaterThan(0);
  expect(told.rounds).toBeLessThanOrEqual(3);
});

test('an issue closes only when the next digest agrees', async () => {
  const { server, page, issues } = await openPlace();
  for (const checkpoint of ['v1', 'v2']) {
    await server.compare(checkpoint, notes(20));
    await page.compare(checkpoint, notes(19));
  }
  const diverged = await issues();

  await server.compare('v3', notes(20));
  await page.compare('v3', notes(20));

  expect(diverged).toMatchObject([{ state: 'OPEN' }]);
  expect(await issues()).toMatchObject([{ state: 'CLOSED' }]);
  expect(await issues({ states: ['OPEN'] })).toEqual([]);
});

test('many issues are closed in as many statements as a few, and what they froze is thawed', async () => {
  const { app, page, server, issues } = await openPlace();
  const admin = await makeViewer(app, {
    ...{ project: (await app.db.project.findFirstOrThrow()).id, scopes: ['ADMIN'] },
    participant: null,
  });
  const costs = [];
  for (const names of [['a', 'b'], [...'cdefghij']]) {
    const version = (value: number) => ({
      versions: names.map((name) => versionOf(name, { value, vector: { [`v${value}`]: 1 } })),
    });
    await server.report(version(1));
    await page.report(version(2));
    const open = await app.db.syncIssue.findMany({ where: { state: 'OPEN' } });
    expect(open).toHaveLength(names.length);
    for (const { id, version: expectedVersion } of open)
      await ask(
        app,
        admin,
        `mutation ($input: ResolveSyncIssueInput!) { resolveSyncIssue(input: $input) { __typename } }`,
        { input: { issueId: id, operationId: newId(), expectedVersion, strategy: 'MANUAL' } },
      );
    const before = app.database.statements();
    await page.report(version(1));
    costs.push(app.database.statements() - before);
  }

  expect(costs[1]).toBe(costs[0]);
  expect((await issues()).every(({ state }) => state === 'CLOSED')).toBe(true);
  const given = async (kind: 'FREEZE' | 'THAW', state: 'CANCELLED' | 'WAITING') =>
    app.db.syncInstruction.count({ where: { kind, state } });
  expect(await given('FREEZE', 'CANCELLED')).toBe(10);
  expect(await given('THAW', 'WAITING')).toBe(10);
  expect(await app.db.outbox.count({ where: { topic: 'instructions' } })).toBe(20); // clients are told of both
  expect(await app.db.syncIssueChange.count({ where: { action: 'CLOSED' } })).toBe(10);
});

test('a repeat of a report is answered as the first time and counts once', async () => {
  const { app, server, page, issues } = await openPlace();
  const report = { reportId: newId(), checkpoint: 'v1', takenAt: new Date().toISOString() };
  const digests = [{ entityType: 'Note', entityId: '', count: 1, sum: '0'.repeat(32) }];
  await server.compare('v1', notes(1));

  const answers = [];
  for (let time = 0; time < 3; time += 1)
    answers.push(await page.report({ ...report, isUploadQueueEmpty: true, digests }));

  expect(answers[0]?.digests[0]?.state).toBe('SUSPECTED');
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  expect(await issues()).toEqual([]);
  expect(await app.db.syncPair.count()).toBe(1);
});

test('a conflict is concurrent and different: a lag and the same change on both sides are none', async () => {
  const { server, page, issues } = await openPlace();
  const tell = async (entityId: string, here: object, there: object) => {
    await server.report({ versions: [there].map((copy) => ({ ...version(entityId, copy) })) });
    const receipt = await page.report({ versions: [version(entityId, here)] });
    return receipt.versions[0]?.state;
  };
  const version = (entityId: string, copy: object) =>
    versionOf(entityId, { value: null, vector: {}, ...copy });

  expect(await tell('lag', { value: 1, vector: { a: 1 } }, { value: 2, vector: { a: 2 } })).toBe(
    'LAG',
  );
  expect(await tell('same', { value: 1, vector: { a: 1 } }, { value: 1, vector: { b: 1 } })).toBe(
    'SAME',
  );
  expect(await issues()).toEqual([]);
  expect(await tell('both', { value: 1, vector: { a: 1 } }, { value: 2, vector: { b: 1 } })).toBe(
    'CONFLICT',
  );
  expect(await issues()).toMatchObject([
    { type: 'CONFLICT', entityId: 'both', source: { name: 'Notes page' }, targetId: server.id },
  ]);
});

test('sequences are judged when both sides told of the same checkpoint', async () => {
  const { server, page, issues } = await openPlace();
  await page.report({});
  const applied = (checkpoint: string, upTo: number, waiting: number[] = []) =>
    server.report({
      ...{ checkpoint, isUploadQueueEmpty: true },
      sequences: [{ stream: 'main', clientId: page.id, applied: upTo, waiting }],
    });
  const issued = (checkpoint: string, last: number, pendingFrom: number) =>
    page.report({
      ...{ checkpoint, isUploadQueueEmpty: true },
      sequences: [{ stream: 'main', issued: last, pendingFrom }],
    });

  const early = await applied('v1', 3, [5]);
  const other = await issued('v2', 9, 10);
  const before = await issues();
  const judged = await applied('v2', 7, [9]);

  expect(early.sequences).toEqual([{ stream: 'main', state: 'WAITING', sequences: [] }]);
  expect(other.sequences[0]?.state).toBe('WAITING');
  expect(before).toEqual([]);
  expect(judged.sequences).toEqual([{ stream: 'main', state: 'MISSING_DATA', sequences: [8] }]);
  expect(await issues()).toMatchObject([
    { type: 'MISSING_DATA', entityType: 'Sequence', entityId: 'main', keys: ['8'] },
  ]);
});

test('a gap without progress for 30 s is judged though nobody tells of it any more, once', async () => {
  const { app, server, page, issues } = await openPlace();
  await page.report({ telemetry: { isOnline: true, queueDepth: 0, headAttempts: 0, restarts: 0 } });
  await server.report({
    sequences: [{ stream: 'main', clientId: page.id, applied: 3, waiting: [5, 6] }],
  });
  const after = (seconds: number) => findGaps(app, new Date(Date.now() + seconds * 1_000));

  expect(await after(29)).toBe(0);
  expect(await issues()).toEqual([]);
  expect(await after(31)).toBe(1);
  expect(await after(92)).toBe(0);

  expect(await issues()).toMatchObject([
    { type: 'MISSING_DATA', entityId: 'main', keys: ['4'], targetId: server.id, seenCount: 1 },
  ]);
});

test('what a later checkpoint no longer shows is over by itself, and only that', async () => {
  const { server, page, issues } = await openPlace();
  await page.report({});
  const told = async (
    checkpoint: string,
    last: number,
    applied: number,
    waiting: number[] = [],
  ) => {
    const shared = { checkpoint, isUploadQueueEmpty: true };
    await page.report({
      ...shared,
      sequences: [{ stream: 'main', issued: last, pendingFrom: last + 1 }],
    });
    const sequences = [{ stream: 'main', clientId: page.id, applied, waiting }];
    return (await server.report({ ...shared, sequences })).sequences[0]?.state;
  };
  const states = async () => (await issues()).map(({ type, state }) => `${type} ${state}`).sort();

  // 8 was sent and is not there; 12 is there and was never sent.
  expect(await told('v1', 9, 7, [9, 12])).toBe('MISSING_DATA');
  expect(await states()).toEqual(['MISSING_DATA OPEN', 'ORDER_VIOLATION OPEN']);
  expect(await told('v2', 9, 9, [12])).toBe('ORDER_VIOLATION');
  expect(await states()).toEqual(['MISSING_DATA CLOSED', 'ORDER_VIOLATION OPEN']);
  expect(await told('v3', 12, 12)).toBe('OK');

  expect(await states()).toEqual(['MISSING_DATA CLOSED', 'ORDER_VIOLATION CLOSED']);
  expect(await told('v4', 14, 12, [14])).toBe('MISSING_DATA');
  expect(await states()).toEqual(['MISSING_DATA OPEN', 'ORDER_VIOLATION CLOSED']);
});

test('only ADMIN makes an authority: another key cannot claim it, nor speak for others', async () => {
  const { app, project, viewer, page } = await openPlace();
  const admin = await makeViewer(app, { project, scopes: ['ADMIN'], participant: null });
  const claimant = makeClient(app, viewer, { name: 'Pretender' });
  await page.report({});
  const set = (who: Viewer, clientId: string, isAuthority: boolean) =>
    ask<{ setSyncAuthority: object }>(
      app,
      who,
      `mutation ($input: SetSyncAuthorityInput!) { setSyncAuthority(input: $input) {
        ... on SyncClient { isAuthority } ... on Problem { code } } }`,
      { input: { clientId, isAuthority } },
    ).then((data) => data.setSyncAuthority);
  const forOthers = { sequences: [{ stream: 'main', clientId: page.id, applied: 1 }] };

  const claimed = await claimant.report({ client: { ...claimant.client, isAuthority: true } });
  expect(claimed).toMatchObject({ code: 'SYNC_AUTHORITY_UNKNOWN' });
  expect(await claimant.report({})).toMatchObject({ clientId: claimant.id });
  await claimant.report({ client: { ...claimant.client, isAuthority: true } });
  expect(await app.db.syncClient.count({ where: { isAuthority: true } })).toBe(0);

  await expect(set(viewer, page.id, true)).rejects.toThrow('lacks the scope');
  expect(await set(admin, newId(), true)).toEqual({ code: 'SYNC_CLIENT_NOT_FOUND' });
  expect(await set(admin, page.id, true)).toEqual({ isAuthority: true });
  expect(await claimant.report(forOthers)).toMatchObject({ field: 'input.sequences.clientId' });
  expect(await set(admin, page.id, false)).toEqual({ isAuthority: false });
  expect(await claimant.report(forOthers)).toMatchObject({ sequences: [{ state: 'OK' }] });
});

test('who does not know a client’s token is not that client', async () => {
  const { app, viewer, page } = await openPlace();
  await page.report({});
  const stranger = await makeViewer(app, { scopes: ['REPORT'], participant: null });

  const forged = await page.report({ client: { ...page.client, token: 'x'.repeat(40) } });
  const abroad = await makeClient(app, stranger).report({ client: page.client });

  expect(forged).toMatchObject({ code: 'SYNC_CLIENT_TAKEN' });
  expect(abroad).toMatchObject({ code: 'SYNC_CLIENT_TAKEN' });
  expect(await app.db.syncClient.count({ where: { projectId: viewer.projectId } })).toBe(1);
});

test('what does not fit is refused by the name of its field and limit', async () => {
  const { app, page } = await openPlace();
  const digest = { entityType: 'Note', entityId: '', count: 1, sum: '0'.repeat(32) };

  for (const [field, input] of [
    ['input.checkpoint', { digests: [digest] }],
    [
      'input.digests',
      {
        digests: Array.from({ length: 51 }, () => digest),
        checkpoint: 'v',
        takenAt: new Date().toISOString(),
      },
    ],
    [
      'input.digests.0.sum',
      { digests: [{ ...digest, sum: 'x' }], checkpoint: 'v', takenAt: new Date().toISOString() },
    ],
    [
      'input.versions.0.entityId',
      { versions: [versionOf('anna@example.org', { value: 1, vector: {} })] },
    ],
    [
      'input.versions.0',
      { versions: [versionOf('n', { value: 1, vector: { 'anna@example.org': 1 } })] },
    ],
    ['input.client.token', { client: { ...page.client, token: 'short' } }],
    [
      'input.issues.0.local',
      {
        issues: [
          { type: 'CONFLICT', entityType: 'Note', entityId: 'n', local: 'x'.repeat(65_537) },
        ],
      },
    ],
  ] as const)
    expect(await page.report(input)).toMatchObject({ __typename: 'InvalidInput', field });
  expect(await app.db.syncClient.count()).toBe(0);
});

test('what clients call things in their own words is kept without personal data', async () => {
  const { app, page } = await openPlace();
  const anna = 'anna@example.org';
  const calm = { isOnline: true, queueDepth: 1, headAttempts: 1, restarts: 0 };

  await page.report({
    telemetry: { ...calm, headId: `to ${anna}`, lastError: `${anna} is unknown` },
    sequences: [{ stream: `of ${anna}`, issued: 1 }],
    issues: [
      {
        ...{ type: 'VALIDATION_FAILED', entityType: 'Note', entityId: 'n', keys: ['title', anna] },
        message: `Not for ${anna}`,
      },
    ],
  });

  expect(await app.db.syncIssue.findMany()).toMatchObject([
    { keys: ['title', expect.stringMatching(/^[0-9a-f]{8,}$/)] },
  ]);
  expect(await dumpDatabase(app)).not.toContain(anna);
});

test('a client and its other side that tell of a sequence at the same time undo nothing of each other', async () => {
  const { app, page, server } = await openPlace();
  await Promise.all([page.report({}), server.report({})]);
  const streams = ['a', 'b', 'c', 'd'];

  for (let round = 1; round <= 10; round += 1) {
    const shared = { checkpoint: `v${round}`, isUploadQueueEmpty: true };
    const applied = streams.map((stream) => ({ stream, clientId: page.id, applied: round }));
    const issued = streams.toReversed().map((stream) => ({ stream, issued: round }));
    const receipts = await Promise.all([
      page.report({ ...shared, sequences: issued }),
      server.report({ ...shared, sequences: applied }),
    ]);
    expect(receipts.map((one) => one.__typename)).toEqual(['SyncReceipt', 'SyncReceipt']);
    const rows = await app.db.syncSequence.findMany();
    expect(rows.map((row) => [row.issuedCheckpoint, row.appliedCheckpoint])).toEqual(
      streams.map(() => [`v${round}`, `v${round}`]),
    );
  }
});

test('an authority is compared with, however many peers told after it', async () => {
  const { app, page, server, project } = await openPlace();
  await server.compare('v1', notes(2));
  await page.report({});
  const [row] = await app.db.syncDigest.findMany();
  const peers = Array.from({ length: 201 }, () => newId());
  await app.db.syncClient.createMany({
    data: peers.map((id) => ({
      ...{ id, projectId: project, name: 'Peer', platform: 'PWA' },
      ...{ sampledAt: new Date(), latest: {}, worst: {} },
    })),
  });
  await app.db.syncDigest.createMany({
    data: peers.map((clientId) => ({
      ...{ clientId, projectId: project, entityType: 'Note', entityId: '', checkpoint: 'v1' },
      ...{ takenAt: new Date(), isQueueEmpty: true, count: 2, sum: row?.sum ?? '' },
      ...{ nodes: [], leaves: [], createdAt: new Date(Date.now() + 1_000) },
    })),
  });

  await page.compare('v1', notes(2));

  const pairs = await app.db.syncPair.findMany();
  expect(pairs.map(({ a, b }) => [a, b].sort())).toEqual([[page.id, server.id].sort()]);
});

test('takes of a clock that ran ahead and was set right are compared again', async () => {
  const { server, page } = await openPlace();
  const told = (checkpoint: string, aheadMs: number) =>
    page.report({
      ...{ checkpoint, isUploadQueueEmpty: true },
      takenAt: new Date(Date.now() + aheadMs).toISOString(),
      digests: [{ entityType: 'Note', entityId: '', count: 1, sum: '0'.repeat(32) }],
    });
  const states = [];
  for (const [at, aheadMs] of [3_600_000, 0, 0].entries()) {
    await server.compare(`v${at}`, notes(2));
    states.push((await told(`v${at}`, aheadMs)).digests[0]?.state);
  }

  expect(states).toEqual(['SUSPECTED', 'DIVERGENT', 'DIVERGENT']);
});

test('a conflict whose other side nobody named is over when its client agrees with any', async () => {
  const { app, project, viewer, issues } = await openPlace();
  await app.db.syncClient.deleteMany();
  const [one, other] = [makeClient(app, viewer), makeClient(app, viewer)];
  const found = { type: 'CONFLICT', entityType: 'Note', entityId: 'n' };
  await one.report({ issues: [{ ...found, local: 1, remote: 2 }] });
  const before = await issues();
  const version = versionOf('n', { value: 2, vector: { a: 2 } });

  await other.report({ versions: [version] });
  await one.report({ versions: [version] });

  expect(before).toMatchObject([{ state: 'OPEN', targetId: null }]);
  expect(await issues()).toMatchObject([{ state: 'CLOSED' }]);
  expect(await app.db.syncIssue.count({ where: { projectId: project } })).toBe(1);
});

test('statements do not grow with the entities of a report', async () => {
  const { app, page, server } = await openPlace();
  const takenAt = new Date().toISOString();
  const report = (count: number) => ({
    ...{ checkpoint: 'v1', takenAt, isUploadQueueEmpty: true },
    digests: Array.from({ length: count }, (_, index) => ({
      ...{ entityType: 'Note', entityId: `n${index}`, count: 1, sum: '0'.repeat(32) },
    })),
    versions: Array.from({ length: count }, (_, index) =>
      versionOf(`n${index}`, { value: 1, vector: { a: 1 } }),
    ),
    sequences: Array.from({ length: count }, (_, index) => ({ stream: `s${index}`, issued: 1 })),
  });
  await server.report(report(50));
  await page.report(report(1));
  const costs = [];
  for (const count of [2, 40]) {
    const before = app.database.statements();
    await page.report(report(count));
    costs.push(app.database.statements() - before);
  }

  expect(costs[1]).toBe(costs[0]);
});
