import { expect, test } from 'vitest';
import { ask, makeProject, makeTestKey } from '../../test/accounts.ts';
import { openTestApp } from '../../test/app.ts';
import type { ApiScope } from '../contract/accounts.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { authenticate } from './authenticate.ts';
import { hashSecret } from './key-format.ts';
import { ensureFirstKey, listKeys } from './keys.ts';

const CREATE = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
  __typename
  ... on IssuedApiKey { secret apiKey { id prefix scopes isLive participant { label } } }
  ... on Problem { code message }
  ... on SecretAlreadyShown { keyId }
  ... on ScopesExceeded { missing }
  ... on InvalidInput { field }
} }`;
const ROTATE = `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) {
  __typename
  ... on IssuedApiKey { secret apiKey { id name scopes rotatedFromId expiresAt participant { label } } }
  ... on Problem { code }
  ... on RotationUnderWay { olderKeyId newerKeyId endsAt }
  ... on ScopesExceeded { missing }
} }`;
const REVOKE = `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) {
  __typename ... on ApiKey { id isLive revokedAt } ... on Problem { code }
} }`;
const LIST = `query ($where: ApiKeyFilter, $orderBy: ApiKeyOrder, $first: Int, $after: String) {
  apiKeys(where: $where, orderBy: $orderBy, first: $first, after: $after) {
    totalCount nodes { id name participant { label } } pageInfo { hasNextPage endCursor }
  }
}`;
const hour = 3_600_000;

const isGood = async (app: App, token: string) =>
  (await authenticate(app, { token, address: '192.0.2.1' })) !== null;

test('the first start makes one project with a participant and a key, though two processes start at once', async () => {
  const app = await openTestApp();

  const answers = await Promise.all([
    ensureFirstKey(app, new Date()),
    ensureFirstKey(app, new Date()),
  ]);
  const later = await ensureFirstKey(app, new Date());

  const [first] = answers.filter((answer) => answer !== null);
  expect(answers.filter((answer) => answer === null)).toHaveLength(1);
  expect(later).toBeNull();
  expect(await app.db.project.findMany({ select: { name: true } })).toEqual([{ name: 'Default' }]);
  const viewer = await authenticate(app, { token: first?.secret ?? '', address: '192.0.2.1' });
  expect(viewer).toMatchObject({ kind: 'KEY', id: first?.id, participantId: first?.participantId });
  expect([...(viewer?.scopes ?? [])].sort()).toEqual([
    'ADMIN',
    'CAPTURE',
    'READ',
    'REPORT',
    'TRAIN',
  ]);
});

test('a created key is good at once and is kept as a digest', async () => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);
  const id = newId();

  const input = {
    id,
    name: 'For the lab',
    scopes: ['CAPTURE', 'CAPTURE'],
    participantLabel: 'P-17',
  };
  const { data } = await ask(app, secret, CREATE, { input });

  const issued = data.createApiKey;
  expect(issued.apiKey).toEqual({
    id,
    prefix: issued.secret.slice(0, 11),
    scopes: ['CAPTURE'],
    isLive: true,
    participant: { label: 'P-17' },
  });
  expect(await isGood(app, issued.secret)).toBe(true);
  const row = await app.db.apiKey.findUniqueOrThrow({ where: { id } });
  expect(Buffer.from(row.hash)).toEqual(hashSecret(issued.secret));
});

test('a repeated creation shows no secret and makes no second key, also when it comes at once', async () => {
  const app = await openTestApp();
  const { secret, projectId } = await makeProject(app);
  const input = { id: newId(), name: 'Twice', scopes: ['READ'] };

  const answers = await Promise.all([
    ask(app, secret, CREATE, { input }),
    ask(app, secret, CREATE, { input }),
    ask(app, secret, CREATE, { input }),
  ]);

  const names = answers.map(({ data }) => data.createApiKey.__typename).sort();
  expect(names).toEqual(['IssuedApiKey', 'SecretAlreadyShown', 'SecretAlreadyShown']);
  expect(await app.db.apiKey.count({ where: { projectId, name: 'Twice' } })).toBe(1);
});

test('a key cannot make a key that may do more than itself', async () => {
  const app = await openTestApp();
  const { projectId } = await makeProject(app);
  const admin = await makeTestKey(app, projectId, ['ADMIN', 'READ']);

  const input = { id: newId(), name: 'More', scopes: ['READ', 'TRAIN', 'REPORT'] };
  const { data } = await ask(app, admin.secret, CREATE, { input });

  expect(data.createApiKey).toMatchObject({
    code: 'SCOPES_EXCEEDED',
    missing: ['TRAIN', 'REPORT'],
  });
});

test('a key cannot get more rights by rotating one that has them', async () => {
  const app = await openTestApp();
  const { projectId, keyId } = await makeProject(app);
  const admin = await makeTestKey(app, projectId, ['ADMIN']);

  const { data } = await ask(app, admin.secret, ROTATE, { input: { id: newId(), keyId } });

  expect(data.rotateApiKey).toMatchObject({ code: 'SCOPES_EXCEEDED' });
});

test.for([
  ['no participant for CAPTURE', { scopes: ['CAPTURE'] }, 'input.participantLabel'],
  ['no scope', { scopes: [] }, 'input.scopes'],
  ['an expiry in the past', { expiresAt: '2020-01-01T00:00:00Z' }, 'input.expiresAt'],
  ['an empty name', { name: '   ' }, 'input.name'],
  ['a NUL in the name', { name: 'a\u0000b' }, 'input.name'],
  ['an id that is no UUID', { id: 'key-1' }, 'input.id'],
  ['personal data as a label', { participantLabel: 'ada@example.com' }, 'input.participantLabel'],
] as const)('a new key is refused with %s', async ([, change, field]) => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);

  const input = { id: newId(), name: 'Refused', scopes: ['READ'], ...change };
  const { data } = await ask(app, secret, CREATE, { input });

  expect(data.createApiKey).toMatchObject({
    __typename: 'InvalidInput',
    code: 'INVALID_INPUT',
    field,
  });
  expect(await app.db.apiKey.count({ where: { name: 'Refused' } })).toBe(0);
});

test('a rotated key and its successor are both good, a third is not made', async () => {
  const app = await openTestApp();
  const { secret, projectId } = await makeProject(app);
  const older = await makeTestKey(app, projectId, ['CAPTURE', 'READ']);
  const id = newId();

  const { data } = await ask(app, secret, ROTATE, { input: { id, keyId: older.id } });
  const newer = data.rotateApiKey;
  const third = await ask(app, secret, ROTATE, { input: { id: newId(), keyId: id } });
  const sibling = await ask(app, secret, ROTATE, { input: { id: newId(), keyId: older.id } });

  expect(newer.apiKey).toMatchObject({
    id,
    rotatedFromId: older.id,
    scopes: ['CAPTURE', 'READ'],
    expiresAt: null,
    participant: { label: 'P-1' },
  });
  expect(await isGood(app, older.secret)).toBe(true);
  expect(await isGood(app, newer.secret)).toBe(true);
  const row = await app.db.apiKey.findUniqueOrThrow({ where: { id: older.id } });
  expect(Math.abs((row.expiresAt?.getTime() ?? 0) - Date.now() - 24 * hour)).toBeLessThan(60_000);
  for (const refused of [third, sibling])
    expect(refused.data.rotateApiKey).toMatchObject({
      code: 'ROTATION_UNDER_WAY',
      olderKeyId: older.id,
      newerKeyId: id,
      endsAt: row.expiresAt,
    });
});

test('the next rotation waits until the older key is gone', async () => {
  const app = await openTestApp();
  const { secret, projectId } = await makeProject(app);
  const first = await makeTestKey(app, projectId, ['READ']);
  const second = newId();
  const third = newId();

  await ask(app, secret, ROTATE, { input: { id: second, keyId: first.id } });
  await ask(app, secret, REVOKE, { input: { keyId: first.id } });
  const { data } = await ask(app, secret, ROTATE, {
    input: { id: third, keyId: second, overlapMinutes: 0 },
  });
  const dead = await ask(app, secret, ROTATE, { input: { id: newId(), keyId: second } });

  expect(data.rotateApiKey.apiKey.rotatedFromId).toBe(second);
  expect(dead.data.rotateApiKey).toMatchObject({ code: 'API_KEY_NOT_LIVE' });
});

test('of many rotations at once one makes a key', async () => {
  const app = await openTestApp();
  const { secret, projectId } = await makeProject(app);
  const { id: keyId } = await makeTestKey(app, projectId, ['READ']);

  const answers = await Promise.all(
    Array.from({ length: 5 }, () => ask(app, secret, ROTATE, { input: { id: newId(), keyId } })),
  );

  const names = answers.map(({ data }) => data.rotateApiKey.__typename);
  expect(names.filter((name) => name === 'IssuedApiKey')).toHaveLength(1);
  expect(names.filter((name) => name === 'RotationUnderWay')).toHaveLength(4);
});

test('a rotation never lengthens the life of the older key, and the newer lives as long as that was made to', async () => {
  const app = await openTestApp();
  const { secret, projectId } = await makeProject(app);
  const now = new Date();
  const ends = new Date(now.getTime() + 2 * hour);
  const older = await makeTestKey(app, projectId, ['READ'], { expiresAt: ends, now });

  const { data } = await ask(app, secret, ROTATE, {
    input: { id: newId(), keyId: older.id, overlapMinutes: 600 },
  });

  const row = await app.db.apiKey.findUniqueOrThrow({ where: { id: older.id } });
  expect(row.expiresAt).toEqual(ends);
  const life = data.rotateApiKey.apiKey.expiresAt.getTime() - Date.now();
  expect(Math.abs(life - 2 * hour)).toBeLessThan(60_000);
});

test('a repeated rotation shows no secret, and its id is not taken for another key', async () => {
  const app = await openTestApp();
  const { secret, projectId, keyId } = await makeProject(app);
  const older = await makeTestKey(app, projectId, ['READ']);
  const input = { id: newId(), keyId: older.id };

  await ask(app, secret, ROTATE, { input });
  const repeat = await ask(app, secret, ROTATE, { input });
  const other = await ask(app, secret, ROTATE, { input: { ...input, keyId } });

  expect(repeat.data.rotateApiKey).toMatchObject({ code: 'SECRET_ALREADY_SHOWN' });
  expect(other.data.rotateApiKey).toMatchObject({ code: 'ID_TAKEN' });
});

test('an expired key is refused', async () => {
  const app = await openTestApp();
  const { projectId } = await makeProject(app);
  const past = new Date(Date.now() - hour);
  const key = await makeTestKey(app, projectId, ['READ'], {
    expiresAt: new Date(Date.now() - 1),
    now: past,
  });

  const { codes } = await ask(app, key.secret, '{ viewer { id } }');

  expect(codes).toEqual(['UNAUTHENTICATED']);
});

test('a key that expires while it is remembered is refused at that instant', async () => {
  const app = await openTestApp();
  const { projectId } = await makeProject(app);
  const key = await makeTestKey(app, projectId, ['READ'], {
    expiresAt: new Date(Date.now() + 300),
  });

  const before = await isGood(app, key.secret);
  await expect.poll(() => isGood(app, key.secret), { timeout: 600, interval: 20 }).toBe(false);

  expect(before).toBe(true);
});

test('a revoked key is refused at once, a repeat changes nothing, subscribers are told once', async () => {
  const app = await openTestApp();
  const { secret, projectId } = await makeProject(app);
  const key = await makeTestKey(app, projectId, ['READ']);
  await isGood(app, key.secret);

  const first = await ask(app, secret, REVOKE, { input: { keyId: key.id } });
  const good = await isGood(app, key.secret);
  const second = await ask(app, secret, REVOKE, { input: { keyId: key.id } });

  expect(first.data.revokeApiKey).toMatchObject({ id: key.id, isLive: false });
  expect(good).toBe(false);
  expect(second.data).toEqual(first.data);
  expect(await app.db.outbox.count({ where: { topic: 'key', subjectId: key.id, projectId } })).toBe(
    1,
  );
});

test('keys of another project cannot be seen, used, rotated, revoked or have their ids taken', async () => {
  const app = await openTestApp();
  const mine = await makeProject(app, 'Mine');
  const other = await makeProject(app, 'Other');
  const { id: theirParticipant } = await app.db.participant.findFirstOrThrow({
    where: { projectId: other.projectId },
  });
  const input = { id: newId(), name: 'Mine', scopes: ['READ'] };

  const list = await ask(app, mine.secret, LIST);
  const rotate = await ask(app, mine.secret, ROTATE, {
    input: { id: newId(), keyId: other.keyId },
  });
  const revoke = await ask(app, mine.secret, REVOKE, { input: { keyId: other.keyId } });
  const sameId = await ask(app, mine.secret, CREATE, { input: { ...input, id: other.keyId } });
  const theirs = await ask(app, mine.secret, CREATE, {
    input: { ...input, participantId: theirParticipant },
  });
  const viewer = await ask(app, mine.secret, '{ viewer { project { id name } } }');

  expect(list.data.apiKeys.nodes.map(({ id }: { id: string }) => id)).toEqual([mine.keyId]);
  expect(list.data.apiKeys.totalCount).toBe(1);
  expect(rotate.data.rotateApiKey).toMatchObject({ code: 'API_KEY_NOT_FOUND' });
  expect(revoke.data.revokeApiKey).toMatchObject({ code: 'API_KEY_NOT_FOUND' });
  expect(sameId.data.createApiKey).toMatchObject({ code: 'ID_TAKEN' });
  expect(theirs.data.createApiKey).toMatchObject({ code: 'PARTICIPANT_NOT_FOUND' });
  expect(viewer.data.viewer.project).toEqual({ id: mine.projectId, name: 'Mine' });
  expect(await isGood(app, other.secret)).toBe(true);
});

test('every operation asks for its scope', async () => {
  const app = await openTestApp();
  const { projectId } = await makeProject(app);
  const operations: Record<
    string,
    { source: string; variables?: object; allowed: (ApiScope | 'anybody')[] }
  > = {
    viewer: {
      source: '{ viewer { id } }',
      allowed: ['CAPTURE', 'READ', 'TRAIN', 'REPORT', 'ADMIN'],
    },
    apiKeys: { source: '{ apiKeys { totalCount } }', allowed: ['ADMIN'] },
    participants: { source: '{ participants { totalCount } }', allowed: ['READ', 'ADMIN'] },
    createApiKey: {
      source: CREATE,
      variables: { id: 'x', name: 'x', scopes: [] },
      allowed: ['ADMIN'],
    },
    rotateApiKey: { source: ROTATE, variables: { id: 'x', keyId: 'x' }, allowed: ['ADMIN'] },
    revokeApiKey: { source: REVOKE, variables: { keyId: 'x' }, allowed: ['ADMIN'] },
    createParticipant: {
      source:
        'mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { __typename } }',
      variables: { id: 'x', label: '' },
      allowed: ['ADMIN'],
    },
    createUser: {
      source: 'mutation ($input: CreateUserInput!) { createUser(input: $input) { __typename } }',
      variables: { id: 'x', email: 'x', name: 'x', password: 'x', role: 'VIEWER' },
      allowed: ['ADMIN'],
    },
  };
  const bearers: [ApiScope | 'anybody', string | null][] = [['anybody', null]];
  for (const scope of ['CAPTURE', 'READ', 'TRAIN', 'REPORT', 'ADMIN'] as const)
    bearers.push([scope, (await makeTestKey(app, projectId, [scope])).secret]);

  const verdicts: Record<string, string[]> = {};
  for (const [name, { source, variables }] of Object.entries(operations)) {
    const passed: string[] = [];
    verdicts[name] = passed;
    for (const [scope, secret] of bearers) {
      const { codes } = await ask(app, secret, source, { input: variables });
      if (codes.length === 0) passed.push(scope);
      else expect(codes).toEqual([scope === 'anybody' ? 'UNAUTHENTICATED' : 'FORBIDDEN']);
    }
  }

  const expected = Object.fromEntries(
    Object.entries(operations).map(([name, { allowed }]) => [name, allowed]),
  );
  expect(verdicts).toEqual(expected);
});

test('keys are listed by page, filter and order, with as many statements for ten as for one', async () => {
  const app = await openTestApp();
  const { secret, projectId, keyId } = await makeProject(app);
  const made: string[] = [];
  for (let i = 0; i < 10; i += 1) {
    const now = new Date(Date.now() - hour + i);
    made.push((await makeTestKey(app, projectId, ['CAPTURE'], { now })).id);
  }
  await ask(app, secret, REVOKE, { input: { keyId: made[0] } });

  const statementsOf = async (first: number) => {
    const before = app.database.statements();
    const { data } = await ask(app, secret, LIST, {
      first,
      orderBy: 'OLDEST_FIRST',
      where: { isLive: true },
    });
    return { page: data.apiKeys, statements: app.database.statements() - before };
  };
  const one = await statementsOf(1);
  const ten = await statementsOf(10);
  const rest = await ask(app, secret, LIST, {
    orderBy: 'OLDEST_FIRST',
    first: 20,
    after: one.page.pageInfo.endCursor,
  });
  const dead = await ask(app, secret, LIST, { where: { isLive: false } });

  expect(ten.page.totalCount).toBe(10);
  expect(ten.page.nodes.map(({ id }: { id: string }) => id)).toEqual([...made.slice(1), keyId]);
  expect(ten.statements).toBeLessThanOrEqual(one.statements);
  expect(rest.data.apiKeys.nodes[0].id).toBe(made[2]);
  expect(dead.data.apiKeys.nodes).toEqual([
    { id: made[0], name: 'for CAPTURE', participant: { label: 'P-1' } },
  ]);
});

test.for([
  ['no cursor at all', 'x'],
  ['a cursor of something that is no id', Buffer.from('GPC:S:x').toString('base64')],
])('a page after %s, or a filter by it, is refused as wrong input', async ([, after]) => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);

  const page = await ask(app, secret, LIST, { after });
  const filtered = await ask(app, secret, LIST, { where: { participantId: after } });

  expect(page.codes).toEqual(['BAD_USER_INPUT']);
  expect(new Set(filtered.codes)).toEqual(new Set(['BAD_USER_INPUT']));
});

test('keys are listed for the command line without their digests', async () => {
  const app = await openTestApp();
  const { projectId, keyId } = await makeProject(app);

  const [key] = await listKeys(app, { projectId });

  expect(key?.id).toBe(keyId);
  expect(key).not.toHaveProperty('hash');
});

test('a participant is made once per id and label, in its own project', async () => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);
  const other = await makeProject(app);
  const source = `mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) {
    __typename ... on Participant { id label } ... on Problem { code } ... on LabelTaken { participantId }
  } }`;
  const input = { id: newId(), label: 'P-9' };
  const make = async (token: string, change: object = {}) =>
    (await ask(app, token, source, { input: { ...input, ...change } })).data.createParticipant;

  const first = await make(secret);

  expect(first).toEqual({ __typename: 'Participant', ...input });
  expect(await make(secret)).toEqual(first);
  expect(await make(secret, { id: newId() })).toMatchObject({
    code: 'LABEL_TAKEN',
    participantId: input.id,
  });
  expect(await make(secret, { label: 'P-10' })).toMatchObject({ code: 'ID_TAKEN' });
  expect(await make(other.secret)).toMatchObject({ code: 'ID_TAKEN' });
  expect(await make(other.secret, { id: newId() })).toMatchObject({
    __typename: 'Participant',
    label: 'P-9',
  });
  const found = await ask(
    app,
    secret,
    '{ participants(where: { labelContains: "p-9" }) { totalCount nodes { id } } }',
  );
  expect(found.data.participants).toEqual({ totalCount: 1, nodes: [{ id: input.id }] });
});
