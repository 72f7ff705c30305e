import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { ask, makeProject, makeTestKey, openTestLog, wholeDatabase } from '../../test/accounts.ts';
import { openTestApp } from '../../test/app.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { openDatabase } from '../platform/db.ts';
import { authenticate } from './authenticate.ts';
import { makeKey, prefixOf } from './key-format.ts';
import { forgetViewer } from './viewers.ts';

const address = '192.0.2.1';
const limit = { env: { AUTH_MAX_FAILURES: '3' } };

/** `good`, `nobody` or the code of the refusal. */
async function verdictOf(app: App, token: string | null, from = address): Promise<string> {
  try {
    return (await authenticate(app, { token, address: from })) ? 'good' : 'nobody';
  } catch (error) {
    return String((error as { extensions?: { code?: string } }).extensions?.code ?? error);
  }
}

test('no token is nobody, and is no guess', async () => {
  const app = await openTestApp(limit);

  for (let i = 0; i < 10; i += 1) expect(await verdictOf(app, null)).toBe('nobody');
});

const wrong: [string, () => string][] = [
  ['keys', () => makeKey()],
  ['keys with a typo', () => `${makeKey().slice(0, -1)}_`],
  ['texts of another form', () => 'hunter2'],
];

test.for(wrong)(
  'wrong %s are refused after the limit, for this address alone',
  async ([, make]) => {
    const app = await openTestApp(limit);
    const { secret } = await makeProject(app);

    const verdicts: string[] = [];
    for (let i = 0; i < 5; i += 1) verdicts.push(await verdictOf(app, make()));

    expect(verdicts).toEqual(['nobody', 'nobody', 'nobody', 'RATE_LIMITED', 'RATE_LIMITED']);
    expect(await verdictOf(app, secret)).toBe('RATE_LIMITED'); // was never seen at this address
    expect(await verdictOf(app, secret, '198.51.100.7')).toBe('good');
  },
);

test('guesses of one key are refused from wherever they come, and say when to try again', async () => {
  const app = await openTestApp(limit);
  const { secret } = await makeProject(app);
  const guess = (): string => withPrefix(prefixOf(secret));

  const verdicts: string[] = [];
  for (let i = 0; i < 4; i += 1) verdicts.push(await verdictOf(app, guess(), `203.0.113.${i}`));
  const refusal: unknown = await authenticate(app, {
    token: guess(),
    address: '203.0.113.9',
  }).catch((error: unknown) => error);

  expect(verdicts).toEqual(['nobody', 'nobody', 'nobody', 'RATE_LIMITED']);
  const { retryAfterSeconds } = (refusal as { extensions: { retryAfterSeconds: number } })
    .extensions;
  expect(retryAfterSeconds).toBeGreaterThan(800);
  expect(retryAfterSeconds).toBeLessThanOrEqual(900);
});

test('the owner of a key is not locked out by others at the same address', async () => {
  const app = await openTestApp(limit);
  const { secret, keyId } = await makeProject(app);
  await verdictOf(app, secret);

  for (let i = 0; i < 5; i += 1) await verdictOf(app, makeKey());
  forgetViewer(app, keyId); // looked up again

  expect(await verdictOf(app, makeKey())).toBe('RATE_LIMITED');
  expect(await verdictOf(app, secret)).toBe('good');
});

test('a revoked key that comes again and again is nobody, but no guess', async () => {
  const app = await openTestApp(limit);
  const { projectId, secret } = await makeProject(app);
  const key = await makeTestKey(app, projectId, ['READ']);
  await app.db.apiKey.update({ where: { id: key.id }, data: { revokedAt: new Date() } });

  for (let i = 0; i < 6; i += 1) expect(await verdictOf(app, key.secret)).toBe('nobody');

  expect(await verdictOf(app, secret)).toBe('good');
});

test('a busy key is looked up about once a second and its use is written once a minute', async () => {
  const app = await openTestApp();
  const { secret, keyId } = await makeProject(app);
  const before = app.database.statements();

  for (let i = 0; i < 10; i += 1)
    await Promise.all(
      Array.from({ length: 50 }, () => authenticate(app, { token: secret, address })),
    );

  expect(app.database.statements() - before).toBeLessThanOrEqual(6);
  const { lastUsedAt } = await app.db.apiKey.findUniqueOrThrow({ where: { id: keyId } });
  expect(Math.abs((lastUsedAt?.getTime() ?? 0) - Date.now())).toBeLessThan(120_000);
  expect((lastUsedAt?.getTime() ?? 1) % 60_000).toBe(0);
});

test('another process refuses a revoked key within two seconds', async () => {
  const app = await openTestApp();
  const { projectId, secret } = await makeProject(app);
  const key = await makeTestKey(app, projectId, ['READ']);
  const replica = { ...app, config: { ...app.config } }; // remembers for itself
  expect(await verdictOf(replica, key.secret)).toBe('good');

  const source =
    'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename } }';
  await ask(app, secret, source, { input: { keyId: key.id } });

  await expect.poll(() => verdictOf(replica, key.secret), { timeout: 2_000 }).toBe('nobody');
});

test('an outage of the database is a fault, not nobody', async () => {
  const app = await openTestApp();
  const database = openDatabase(
    'postgres://nobody@127.0.0.1:1/none',
    { ...app.config.database, connectTimeoutMs: 200 },
    app.log,
  );
  const cut = { ...app, config: { ...app.config }, db: database.db };

  await expect(authenticate(cut, { token: makeKey(), address })).rejects.toThrow();
  await database.close();
});

test('neither the log nor any row of the database holds a key', async () => {
  const { log, written } = openTestLog();
  const app = await openTestApp({ log });
  const { secret, keyId } = await makeProject(app);
  const source = `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) {
    ... on IssuedApiKey { secret } } }`;

  const { data } = await ask(app, secret, source, { input: { id: newId(), keyId } });
  await verdictOf(app, makeKey());
  app.log.info(
    { err: new Error(`refused ${secret}`), token: secret },
    'as careless code would log it',
  );

  const everything = `${await wholeDatabase(app)}\n${written()}`;
  for (const one of [secret, data.rotateApiKey.secret]) {
    expect(everything).toContain(prefixOf(one));
    expect(everything).not.toContain(one.slice(11));
  }
});

/** A key with this prefix and a checksum that fits, as a guesser would make it. */
function withPrefix(prefix: string): string {
  const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const body = prefix + makeKey().slice(prefix.length, 33);
  let rest = crc32(body);
  let digits = '';
  for (; digits.length < 6; rest = Math.floor(rest / 62)) digits = base62[rest % 62] + digits;
  return body + digits;
}
