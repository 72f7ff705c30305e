import { expect, test } from 'vitest';
import { ask, makeProject, makeTestKey, openTestLog, wholeDatabase } from '../../test/accounts.ts';
import { openTestApp } from '../../test/app.ts';
import type { Role } from '../contract/accounts.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { authenticate } from './authenticate.ts';
import { deleteExpiredTokens } from './sign-in.ts';
import { forgetViewer } from './viewers.ts';

const TOKENS =
  '... on Tokens { accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt }';
const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) {
  __typename ${TOKENS} ... on Problem { code message } } }`;
const REFRESH = `mutation ($input: RefreshInput!) { refresh(input: $input) {
  __typename ${TOKENS} ... on Problem { code } } }`;
const SIGN_OUT = 'mutation ($input: SignOutInput!) { signOut(input: $input) }';
const CREATE = `mutation ($input: CreateUserInput!) { createUser(input: $input) {
  __typename ... on User { id email name role } ... on Problem { code } ... on InvalidInput { field } } }`;
const VIEWER = '{ viewer { kind id scopes participant { id } project { id } expiresAt } }';
const password = 'correct horse battery staple';
const limit = { env: { AUTH_MAX_FAILURES: '3' } };

async function makeUser(
  app: App,
  secret: string,
  { role = 'ADMIN', email = 'ada@example.com' }: { role?: Role; email?: string } = {},
) {
  const input = { id: newId(), email, name: 'Ada', password, role };
  const { data } = await ask(app, secret, CREATE, { input });
  expect(data.createUser).toMatchObject({ __typename: 'User' });
  return input;
}

async function signIn(app: App, input: object = {}, address?: string) {
  const variables = { input: { email: 'ada@example.com', password, ...input } };
  const { data, codes } = await ask(app, null, SIGN_IN, variables, address);
  return codes.length > 0 ? { code: codes[0] } : data.signIn;
}

async function refresh(app: App, refreshToken: string, operationId = newId()) {
  const { data, codes } = await ask(app, null, REFRESH, { input: { refreshToken, operationId } });
  return codes.length > 0 ? { code: codes[0] } : data.refresh;
}

const isGood = async (app: App, token: string) =>
  (await authenticate(app, { token, address: '192.0.2.1' })) !== null;

test('a member signs in and is known by the token, with the scopes of the role', async () => {
  const app = await openTestApp();
  const { secret, projectId } = await makeProject(app);
  const user = await makeUser(app, secret, { role: 'REVIEWER' });

  const tokens = await signIn(app, { email: ' Ada@Example.com ' });
  const { data } = await ask(app, tokens.accessToken, VIEWER);

  expect(data.viewer).toEqual({
    kind: 'USER',
    id: user.id,
    scopes: ['READ'],
    participant: null,
    project: { id: projectId },
    expiresAt: tokens.accessTokenExpiresAt,
  });
  expect(tokens.refreshToken).toMatch(/^[\w-]{43}$/);
});

test('a wrong password and an unknown address are refused alike', async () => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);
  await makeUser(app, secret);

  const wrong = await signIn(app, { password: 'correct horse battery stable' });
  const unknown = await signIn(app, { email: 'eve@example.com' });

  expect(wrong).toEqual({
    __typename: 'SignInRefused',
    code: 'SIGN_IN_REFUSED',
    message: wrong.message,
  });
  expect(unknown).toEqual(wrong);
});

test('a user cannot sign in to a project of others, nor after leaving', async () => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);
  const other = await makeProject(app);
  const user = await makeUser(app, secret);

  const elsewhere = await signIn(app, { projectId: other.projectId });
  await app.db.membership.deleteMany({ where: { userId: user.id } });
  const after = await signIn(app);

  expect(elsewhere).toMatchObject({ code: 'SIGN_IN_REFUSED' });
  expect(after).toMatchObject({ code: 'SIGN_IN_REFUSED' });
});

test('guesses of one password are refused from wherever they come, also the right one', async () => {
  const app = await openTestApp(limit);
  const { secret } = await makeProject(app);
  await makeUser(app, secret);

  const codes: unknown[] = [];
  for (let i = 0; i < 4; i += 1)
    codes.push((await signIn(app, { password: 'wrong' }, `203.0.113.${i}`)).code);
  const right = await signIn(app, {}, '203.0.113.9');

  expect(codes).toEqual(['SIGN_IN_REFUSED', 'SIGN_IN_REFUSED', 'SIGN_IN_REFUSED', 'RATE_LIMITED']);
  expect(right).toEqual({ code: 'RATE_LIMITED' });
});

test('guesses from one address are refused, whomever they are for', async () => {
  const app = await openTestApp(limit);

  const codes: unknown[] = [];
  for (let i = 0; i < 4; i += 1)
    codes.push((await signIn(app, { email: `u${i}@example.com` })).code);

  expect(codes.at(-1)).toBe('RATE_LIMITED');
});

test('guesses that come all at once are counted, too', async () => {
  const app = await openTestApp(limit);
  const { secret } = await makeProject(app);
  await makeUser(app, secret);

  const answers = await Promise.all(
    Array.from({ length: 20 }, () => signIn(app, { password: 'wrong' })),
  );

  expect(answers.filter(({ code }) => code === 'SIGN_IN_REFUSED')).toHaveLength(3);
  expect(answers.filter(({ code }) => code === 'RATE_LIMITED')).toHaveLength(17);
});

test('a user who has signed in from an address is not locked out by guesses of others', async () => {
  const app = await openTestApp(limit);
  const { secret } = await makeProject(app);
  await makeUser(app, secret);
  await signIn(app, {}, '198.51.100.1');

  for (let i = 0; i < 5; i += 1) await signIn(app, { password: 'wrong' }, '203.0.113.1');

  expect(await signIn(app, {}, '203.0.113.1')).toEqual({ code: 'RATE_LIMITED' });
  expect(await signIn(app, {}, '198.51.100.1')).toMatchObject({ __typename: 'Tokens' });
});

test('many right passwords in a row are no guesses', async () => {
  const app = await openTestApp(limit);
  const { secret } = await makeProject(app);
  await makeUser(app, secret);

  for (let i = 0; i < 6; i += 1) expect(await signIn(app)).toMatchObject({ __typename: 'Tokens' });
});

test('a refresh gives new tokens, and the old refresh token ends the sign-in when it comes back', async () => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);
  await makeUser(app, secret);
  const first = await signIn(app);
  const untouched = await signIn(app);

  const second = await refresh(app, first.refreshToken);
  const good = await isGood(app, second.accessToken);
  const reused = await refresh(app, first.refreshToken);

  expect(good).toBe(true);
  expect(second.refreshToken).not.toBe(first.refreshToken);
  expect(reused).toMatchObject({ code: 'REFRESH_REFUSED' });
  expect(await refresh(app, second.refreshToken)).toMatchObject({ code: 'REFRESH_REFUSED' });
  expect(await isGood(app, first.accessToken)).toBe(false);
  expect(await isGood(app, second.accessToken)).toBe(false);
  expect(await isGood(app, untouched.accessToken)).toBe(true);
});

test('a refresh whose answer was lost can be repeated, until the next one', async () => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);
  await makeUser(app, secret);
  const first = await signIn(app);
  const operationId = newId();

  const [one, two] = await Promise.all([
    refresh(app, first.refreshToken, operationId),
    refresh(app, first.refreshToken, operationId),
  ]);
  const three = await refresh(app, two.refreshToken);
  const late = await refresh(app, first.refreshToken, operationId);

  expect(two.refreshToken).toBe(one.refreshToken);
  expect(three).toMatchObject({ __typename: 'Tokens' });
  expect(late).toMatchObject({ code: 'REFRESH_REFUSED' });
  expect(await isGood(app, three.accessToken)).toBe(false);
});

test('of two refreshes at once with one token, one gets tokens and then nobody has any', async () => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);
  await makeUser(app, secret);
  const { refreshToken } = await signIn(app);

  const answers = await Promise.all([refresh(app, refreshToken), refresh(app, refreshToken)]);

  const won = answers.filter(({ __typename }) => __typename === 'Tokens');
  expect(won).toHaveLength(1);
  expect(await refresh(app, won[0].refreshToken)).toMatchObject({ code: 'REFRESH_REFUSED' });
});

test('an expired refresh token is refused and later deleted, an unknown one counts as a guess', async () => {
  const app = await openTestApp(limit);
  const { secret } = await makeProject(app);
  await makeUser(app, secret);
  const { refreshToken, refreshTokenExpiresAt } = await signIn(app);
  const life = refreshTokenExpiresAt.getTime() - Date.now();
  await app.db.refreshToken.updateMany({ data: { expiresAt: new Date(Date.now() - 1) } });

  const expired = await refresh(app, refreshToken);
  const deleted = await deleteExpiredTokens(app, new Date());
  const codes: unknown[] = [];
  for (let i = 0; i < 4; i += 1) codes.push((await refresh(app, `unknown-${i}`)).code);

  expect(Math.abs(life - 30 * 86_400_000)).toBeLessThan(60_000);
  expect(expired).toMatchObject({ code: 'REFRESH_REFUSED' });
  expect(deleted).toBe(1);
  expect(codes).toEqual(['REFRESH_REFUSED', 'REFRESH_REFUSED', 'REFRESH_REFUSED', 'RATE_LIMITED']);
});

test('signing out ends every token of the sign-in, and can be repeated', async () => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);
  await makeUser(app, secret);
  const tokens = await signIn(app);
  await isGood(app, tokens.accessToken);
  const input = { refreshToken: tokens.refreshToken };

  const first = await ask(app, null, SIGN_OUT, { input });
  const good = await isGood(app, tokens.accessToken);
  const second = await ask(app, null, SIGN_OUT, { input });

  expect([first.data.signOut, second.data.signOut]).toEqual([true, true]);
  expect(good).toBe(false);
  expect(await refresh(app, tokens.refreshToken)).toMatchObject({ code: 'REFRESH_REFUSED' });
});

test('the role is read anew: a token keeps no right that its user lost', async () => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);
  const user = await makeUser(app, secret, { role: 'ADMIN' });
  const { accessToken } = await signIn(app);
  const before = await ask(app, accessToken, '{ apiKeys { totalCount } }');

  await app.db.membership.updateMany({ where: { userId: user.id }, data: { role: 'VIEWER' } });
  forgetViewer(app, user.id);
  const after = await ask(app, accessToken, '{ apiKeys { totalCount } }');

  expect(before.codes).toEqual([]);
  expect(after.codes).toEqual(['FORBIDDEN']);
});

test('a token that another server signed is nobody, and a guess', async () => {
  const app = await openTestApp(limit);
  const other = await openTestApp();
  const { secret } = await makeProject(other);
  await makeUser(other, secret);
  const { accessToken } = await signIn(other);

  for (let i = 0; i < 3; i += 1) expect(await isGood(app, accessToken)).toBe(false);

  await expect(isGood(app, accessToken)).rejects.toThrow('Too many failed attempts');
});

test('a user is made once per id, and only with an address that is new', async () => {
  const app = await openTestApp();
  const { secret } = await makeProject(app);
  const other = await makeProject(app);
  const input = { id: newId(), email: 'Ada@Example.com', name: 'Ada', password, role: 'VIEWER' };
  const make = async (token: string, change: object = {}) =>
    (await ask(app, token, CREATE, { input: { ...input, ...change } })).data.createUser;

  const first = await make(secret);

  expect(first).toEqual({
    __typename: 'User',
    id: input.id,
    email: 'ada@example.com',
    name: 'Ada',
    role: 'VIEWER',
  });
  expect(await make(secret, { password: 'another password' })).toEqual(first);
  expect(await signIn(app, { password: 'another password' })).toMatchObject({
    code: 'SIGN_IN_REFUSED',
  });
  expect(await make(secret, { id: newId() })).toMatchObject({ code: 'EMAIL_TAKEN' });
  expect(await make(secret, { email: 'b@example.com' })).toMatchObject({ code: 'ID_TAKEN' });
  expect(await make(other.secret)).toMatchObject({ code: 'ID_TAKEN' });
  expect(await make(secret, { id: newId(), password: 'too short' })).toMatchObject({
    field: 'input.password',
  });
  expect(await make(secret, { id: newId(), email: 'not an address' })).toMatchObject({
    field: 'input.email',
  });
});

test('nobody gives a role that may do more, and owners are made by owners', async () => {
  const app = await openTestApp();
  const { secret, projectId } = await makeProject(app);
  const weak = await makeTestKey(app, projectId, ['ADMIN', 'READ']);
  const make = async (token: string, role: Role) => {
    const input = { id: newId(), email: `${newId()}@example.com`, name: 'Bo', password, role };
    return { ...input, answer: (await ask(app, token, CREATE, { input })).data.createUser };
  };

  expect((await make(weak.secret, 'ADMIN')).answer).toMatchObject({ code: 'SCOPES_EXCEEDED' });
  expect((await make(weak.secret, 'VIEWER')).answer).toMatchObject({ __typename: 'User' });
  const owner = await make(secret, 'OWNER');
  expect(owner.answer).toMatchObject({ __typename: 'User', role: 'OWNER' });
  expect((await make(secret, 'OWNER')).answer).toMatchObject({ code: 'ROLE_NOT_GRANTABLE' });
  const { accessToken } = await signIn(app, { email: owner.email });
  expect((await make(accessToken, 'OWNER')).answer).toMatchObject({ role: 'OWNER' });
});

test('neither the log nor any row of the database holds a password or token', async () => {
  const { log, written } = openTestLog();
  const app = await openTestApp({ log });
  const { secret } = await makeProject(app);
  await makeUser(app, secret);

  const first = await signIn(app);
  const second = await refresh(app, first.refreshToken);
  await refresh(app, first.refreshToken);
  await signIn(app, { password: `${password}r` });

  const everything = `${await wholeDatabase(app)}\n${written()}`;
  expect(written()).toContain('a used refresh token came back');
  for (const one of [password, ...[first, second].flatMap((t) => [t.accessToken, t.refreshToken])])
    expect(everything).not.toContain(one);
});
