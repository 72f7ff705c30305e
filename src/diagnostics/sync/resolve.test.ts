import { expect, test } from 'vitest';
import { ask, makeProject, makeViewer, openTestApp } from '../../../test/app.ts';
import { makeClient, makeStore, versionOf } from '../../../test/sync.ts';
import { newId } from '../../lib/ids.ts';
import { type Copy, carryOut, carryOutAll } from '../../lib/sync/client.ts';

const note = { entityType: 'Note', entityId: 'n1' };
const ISSUE = `id state strategy version type entityType entityId copies { side value format hash }
  tasks { nodes { kind state client { name } } } history { nodes { action strategy actorId } }`;
const RESOLVE = `mutation ($input: ResolveSyncIssueInput!) { resolveSyncIssue(input: $input) {
  __typename ... on Problem { code message } ... on SyncIssue { ${ISSUE} }
  ... on SyncIssueVersionConflict { current { version strategy } } } }`;
const UNDO = `mutation ($input: UndoSyncResolutionInput!) { undoSyncResolution(input: $input) {
  __typename ... on Problem { code } ... on SyncIssue { ${ISSUE} } } }`;
const READ = `query ($id: ID!) { syncIssue(id: $id) { ${ISSUE} } }`;

type Issue = {
  __typename?: string;
  code?: string;
  current?: { version: number; strategy: string | null };
  id: string;
  state: string;
  strategy: string | null;
  version: number;
  copies: { side: string; value: unknown }[];
  tasks: { nodes: { kind: string; state: string; client: { name: string } }[] };
  history: { nodes: { action: string; strategy: string | null; actorId: string | null }[] };
};

const base = { title: 'a', body: 'b' };
const local: Copy = { value: { title: 'L', body: 'b' }, vector: { page: 2, server: 1 } };
const remote: Copy = { value: { title: 'a', body: 'R' }, vector: { page: 1, server: 2 } };

/** A page and a server whose copies of a note conflict; the page's third operation led to it. */
async function openConflict({ here = local, there = remote }: { here?: Copy; there?: Copy } = {}) {
  const app = await openTestApp();
  const project = await makeProject(app);
  const reporter = await makeViewer(app, { project, scopes: ['REPORT'], participant: null });
  const person = await makeViewer(app, { project, scopes: ['READ', 'ADMIN'], participant: null });
  const server = {
    ...makeClient(app, reporter, { name: 'server', isAuthority: true }),
    ...makeStore(),
  };
  const page = { ...makeClient(app, reporter, { name: 'page' }), ...makeStore() };
  page.copies.set('Note/n1', here);
  server.copies.set('Note/n1', there);
  page.queue.set(3, 'Note/n1');
  page.queue.set(4, 'Note/n2');

  const tell = async () => {
    await server.report({ versions: [versionOf('n1', server.read(note))] });
    const told = await page.report({ versions: [versionOf('n1', page.read(note))] });
    return told.versions[0];
  };
  const found = await tell();
  const id = found?.issueId ?? '';
  await page.report({
    issues: [
      {
        ...{ ...note, type: 'CONFLICT', operation: 3, base, local: here.value },
        localVector: here.vector,
      },
    ],
  });
  await server.report({
    issues: [{ ...note, type: 'CONFLICT', local: there.value, localVector: there.vector }],
  });
  const read = async () => (await ask<{ syncIssue: Issue }>(app, person, READ, { id })).syncIssue;
  const resolve = async (input: object) => {
    const { version } = await read();
    const whole = { issueId: id, operationId: newId(), expectedVersion: version, ...input };
    const answer = await ask<{ resolveSyncIssue: Issue }>(app, person, RESOLVE, { input: whole });
    return answer.resolveSyncIssue;
  };
  const undo = async (input: object = {}) => {
    const { version } = await read();
    const whole = { issueId: id, operationId: newId(), expectedVersion: version, ...input };
    const answer = await ask<{ undoSyncResolution: Issue }>(app, person, UNDO, { input: whole });
    return answer.undoSyncResolution;
  };
  const carry = async () =>
    (await carryOutAll(page.instructor, page.store)) +
    (await carryOutAll(server.instructor, server.store));
  return { app, project, person, server, page, id, found, tell, read, resolve, undo, carry };
}

test('a conflict shows base, local and remote, without personal data', async () => {
  const here = { value: { title: 'mail anna@example.org', body: 'b' }, vector: { page: 2 } };
  const { found, read, page } = await openConflict({ here });

  expect(found).toMatchObject({ state: 'CONFLICT' });
  const { copies, state, type } = (await read()) as Issue & { type: string };
  expect({ state, type }).toEqual({ state: 'OPEN', type: 'CONFLICT' });
  expect(Object.fromEntries(copies.map(({ side, value }) => [side, value]))).toEqual({
    BASE: base,
    LOCAL: { title: 'mail [EMAIL]', body: 'b' },
    REMOTE: remote.value,
  });
  expect(page.read(note).value).toEqual(here.value);
});

test('server_wins: the client replaces its copy, its operation is acknowledged as superseded', async () => {
  const { page, server, resolve, carry, read, tell } = await openConflict();

  await resolve({ strategy: 'SERVER_WINS' });
  await carry();

  expect(page.read(note).value).toEqual(remote.value);
  expect(server.read(note).value).toEqual(remote.value);
  expect(page.settled).toEqual([{ operation: 3, state: 'SUPERSEDED', reason: null }]);
  expect([...page.queue.keys()]).toEqual([4]);
  expect(await read()).toMatchObject({ state: 'APPLIED', strategy: 'SERVER_WINS' });
  expect(await tell()).toMatchObject({ state: 'SAME' });
  expect(await read()).toMatchObject({ state: 'CLOSED' });
});

test('client_wins: the server takes the client’s copy as a new version on top', async () => {
  const { page, server, resolve, carry, read, tell } = await openConflict();

  await resolve({ strategy: 'CLIENT_WINS' });
  await carry();

  expect(server.read(note).value).toEqual(local.value);
  expect(server.read(note).vector).toMatchObject({ page: 2, server: 2 });
  expect(server.read(note).vector).toEqual(page.read(note).vector);
  expect(page.settled).toEqual([{ operation: 3, state: 'TAKEN', reason: null }]);
  expect(await tell()).toMatchObject({ state: 'SAME' });
  expect(await read()).toMatchObject({ state: 'CLOSED' });
});

test('merge: both take what each changed since the base', async () => {
  const { page, server, resolve, carry, read, tell } = await openConflict();

  await resolve({ strategy: 'MERGE' });
  await carry();

  expect(page.read(note).value).toEqual({ title: 'L', body: 'R' });
  expect(server.read(note)).toEqual(page.read(note));
  expect(page.settled).toEqual([{ operation: 3, state: 'TAKEN', reason: null }]);
  expect(await tell()).toMatchObject({ state: 'SAME' });
  expect(await read()).toMatchObject({ state: 'CLOSED', strategy: 'MERGE' });
});

test('a merge that overlaps goes to manual: only that entity freezes until a person decides', async () => {
  const here = { value: { title: 'L', body: 'b' }, vector: { page: 2 } };
  const there = { value: { title: 'R', body: 'b' }, vector: { server: 2 } };
  const { page, server, resolve, carry, read } = await openConflict({ here, there });

  const answer = await resolve({ strategy: 'MERGE' });
  await carry();
  const [frozen, waiting] = [[...page.frozen], await read()];
  await resolve({ strategy: 'MANUAL', value: { title: 'both', body: 'b' } });
  await carry();

  expect(answer).toMatchObject({ strategy: 'MANUAL', state: 'RESOLVING' });
  expect(frozen).toEqual(['Note/n1']);
  expect(waiting).toMatchObject({ state: 'RESOLVING', strategy: 'MANUAL' });
  expect(page.read(note).value).toEqual({ title: 'both', body: 'b' });
  expect(server.read(note)).toEqual(page.read(note));
  expect(page.frozen.size).toBe(0);
  expect(await read()).toMatchObject({ state: 'APPLIED', strategy: 'MANUAL' });
});

test('rejected: the operation is dead with its reason, the client rolls back and tells its user once', async () => {
  const { page, server, resolve, carry, read, tell } = await openConflict();

  await resolve({ strategy: 'REJECTED', reason: 'The note is closed.' });
  const [instruction] = await page.instructor.instructions();
  if (!instruction) throw new Error('expected an instruction');
  await carryOut(page.store, instruction); // done, and its acknowledgement lost
  await carry();

  expect(page.settled).toEqual([{ operation: 3, state: 'DEAD', reason: 'The note is closed.' }]);
  expect(page.told).toEqual(['The note is closed.']);
  expect(page.read(note).value).toEqual(remote.value);
  expect(server.read(note)).toEqual(remote);
  expect(await tell()).toMatchObject({ state: 'SAME' });
  expect(await read()).toMatchObject({ state: 'CLOSED' });
});

test.each(['SERVER_WINS', 'CLIENT_WINS', 'MERGE', 'REJECTED'])(
  '%s can be undone: the loser was kept and is put back, exactly',
  async (strategy) => {
    const here = { value: { title: 'mail anna@example.org', body: 'b' }, vector: { page: 2 } };
    const { page, server, resolve, undo, carry, read } = await openConflict({ here });
    await resolve({ strategy });
    await carry();

    const undone = await undo();
    await carry();

    expect(undone).toMatchObject({ state: 'UNDOING' });
    expect(page.read(note).value).toEqual(here.value);
    expect(server.read(note).value).toEqual(remote.value);
    expect(await read()).toMatchObject({ state: 'OPEN', strategy: null });
    await resolve({ strategy: 'SERVER_WINS' });
    await carry();
    expect(page.read(note).value).toEqual(remote.value);
    expect(await read()).toMatchObject({ state: 'APPLIED' });
  },
);

test('a frozen entity is thawed by an undo', async () => {
  const { page, resolve, undo, carry, read } = await openConflict();
  await resolve({ strategy: 'MANUAL' });
  await carry();
  const frozen = [...page.frozen];

  await undo();
  await carry();

  expect(frozen).toEqual(['Note/n1']);
  expect(page.frozen.size).toBe(0);
  expect(await read()).toMatchObject({ state: 'OPEN' });
});

test('of two who resolve at once one wins, and the other is shown what is there', async () => {
  const { app, read, resolve } = await openConflict();
  const { version: expectedVersion } = await read();

  const answers = await Promise.all(
    ['SERVER_WINS', 'CLIENT_WINS'].map((strategy) => resolve({ strategy, expectedVersion })),
  );

  const [won] = answers.filter(({ __typename }) => __typename === 'SyncIssue');
  const [lost] = answers.filter(({ __typename }) => __typename !== 'SyncIssue');
  expect(lost).toMatchObject({ code: 'SYNC_ISSUE_CHANGED', current: { strategy: won?.strategy } });
  expect(await app.db.syncInstruction.count()).toBe(2);
});

test('a repeated decision changes nothing, and another one under its operationId is refused', async () => {
  const { app, read, resolve } = await openConflict();
  const { version: expectedVersion } = await read();
  const operation = { operationId: newId(), expectedVersion };

  const first = await resolve({ strategy: 'SERVER_WINS', ...operation });
  const again = await resolve({ strategy: 'SERVER_WINS', ...operation });
  const other = await resolve({ strategy: 'CLIENT_WINS', ...operation });

  expect(again).toEqual(first);
  expect(other).toMatchObject({ code: 'INVALID_INPUT' });
  expect(await app.db.syncInstruction.count()).toBe(2);
});

test('a copy that changed after it was resolved is left alone, and the issue is open again', async () => {
  const { page, server, resolve, carry, read } = await openConflict();
  await resolve({ strategy: 'SERVER_WINS' });
  page.copies.set('Note/n1', { value: { title: 'newer', body: 'b' }, vector: { page: 3 } });

  await carry();

  expect(page.read(note).value).toEqual({ title: 'newer', body: 'b' });
  expect(server.read(note)).toEqual(remote);
  expect(await read()).toMatchObject({ state: 'OPEN', strategy: null });
  expect(page.settled).toEqual([]);
});

test('everything that was done is in the history, by whom', async () => {
  const { page, person, resolve, undo, carry, read } = await openConflict();
  await resolve({ strategy: 'SERVER_WINS' });
  await carry();
  await undo();

  expect((await read()).history.nodes.map(({ action, actorId }) => [action, actorId])).toEqual([
    ['UNDONE', person.id],
    ['ACKNOWLEDGED', expect.any(String)],
    ['RESOLVED', person.id],
    ['OPENED', null],
  ]);
  expect(page.id).not.toBe(person.id);
});

test('only who knows the client’s token gets its instructions and may answer them', async () => {
  const { app, project, page, resolve } = await openConflict();
  await resolve({ strategy: 'SERVER_WINS' });
  const reporter = await makeViewer(app, { project, scopes: ['REPORT'], participant: null });
  const thief = { ...page.proof, token: 'x'.repeat(40) };

  await expect(
    ask(
      app,
      reporter,
      `query ($client: SyncClientProofInput!) { syncInstructions(client: $client) { id } }`,
      {
        client: thief,
      },
    ),
  ).rejects.toMatchObject({ code: 'SYNC_CLIENT_NOT_FOUND' });
});

test('without copies the clients exchange the items with their own other side', async () => {
  const app = await openTestApp();
  const project = await makeProject(app);
  const reporter = await makeViewer(app, { project, scopes: ['REPORT'], participant: null });
  const person = await makeViewer(app, { project, scopes: ['READ', 'ADMIN'], participant: null });
  const page = { ...makeClient(app, reporter), ...makeStore() };
  const moved: string[] = [];
  for (const strategy of ['SERVER_WINS', 'CLIENT_WINS']) {
    const found = await page.report({
      issues: [{ ...note, entityId: strategy, type: 'MISSING_DATA', keys: ['7'] }],
    });
    await ask(app, person, RESOLVE, {
      input: { issueId: found.issues[0], operationId: newId(), expectedVersion: 1, strategy },
    });
    await carryOutAll(page.instructor, page.store);
    moved.push(...page.moved.splice(0));
  }

  expect(moved).toEqual(['pull Note/SERVER_WINS 7', 'push Note/CLIENT_WINS 7']);
});

test('a client that finds a mere lag, or the same content, has found no conflict', async () => {
  const { app, page } = await openConflict();
  const found = { ...note, entityId: 'n9', type: 'CONFLICT' };

  const { issues } = await page.report({
    issues: [
      { ...found, local: 1, remote: 2, localVector: { a: 1 }, remoteVector: { a: 2 } },
      { ...found, local: { a: 1 }, remote: { a: 1 } },
      { ...found, local: 1, remote: 2, localVector: { a: 1 }, remoteVector: { b: 1 } },
    ],
  });

  expect(issues).toEqual([null, null, expect.any(String)]);
  expect(await app.db.syncIssue.count({ where: { entityId: 'n9' } })).toBe(1);
});
