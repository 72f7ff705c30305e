import { createHmac, generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { loadConfig } from '../platform/config.ts';
import type { Keys } from '../platform/keys.ts';
import { readAccessToken, signAccessToken } from './tokens.ts';

const secret = Buffer.alloc(32, 7);
const keysOf = (derived: Buffer): Keys => ({
  generation: 'test',
  create: () => ({ generation: 'test', wrapped: Buffer.alloc(0) }),
  open: () => ({ id: derived, seal: derived, mac: derived }),
  derive: () => derived,
});
const needs = { keys: keysOf(secret), config: loadConfig({}) };
const now = new Date('2026-11-20T12:00:00Z');
const who = {
  userId: '0198a3c0-0000-7000-8000-000000000001',
  projectId: '0198a3c0-0000-7000-8000-000000000002',
  familyId: '0198a3c0-0000-7000-8000-000000000003',
  role: 'REVIEWER',
} as const;
const claims = { project: who.projectId, role: 'OWNER', sid: who.familyId };

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const inAnHour = Math.floor(now.getTime() / 1000) + 3600;
const forge = (
  change: {
    alg?: string;
    typ?: string;
    iss?: string;
    aud?: string;
    exp?: number;
    sub?: string;
  } = {},
) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: change.alg ?? 'HS256', typ: change.typ ?? 'at+jwt' })
    .setSubject(change.sub ?? who.userId)
    .setIssuer(change.iss ?? 'codesight')
    .setAudience(change.aud ?? 'codesight-api')
    .setExpirationTime(change.exp ?? inAnHour);

test('a token says who, where, as what and until when', async () => {
  const { accessToken, expiresAt } = await signAccessToken(needs, { ...who, now });

  expect(expiresAt).toEqual(new Date('2026-11-20T12:15:00Z'));
  expect(await readAccessToken(needs, accessToken, now)).toEqual({ ...who, expiresAt });
});

test('a token has expired at the instant that it names, not later', async () => {
  const { accessToken, expiresAt } = await signAccessToken(needs, { ...who, now });
  const before = new Date(expiresAt.getTime() - 1);

  expect(await readAccessToken(needs, accessToken, before)).toMatchObject(who);
  expect(await readAccessToken(needs, accessToken, expiresAt)).toBe('EXPIRED');
});

test('what the other tests forge would be taken, were it not for the one thing that is wrong', async () => {
  expect(await readAccessToken(needs, await forge().sign(secret), now)).toMatchObject({
    role: 'OWNER',
  });
});

test.for([
  [
    'another algorithm under the same key, HS512',
    () => forge({ alg: 'HS512' }).sign(Buffer.alloc(64, 7)),
  ],
  ['another key', () => forge().sign(Buffer.alloc(32, 8))],
  ['another issuer', () => forge({ iss: 'elsewhere' }).sign(secret)],
  ['another audience', () => forge({ aud: 'codesight-uploads' }).sign(secret)],
  ['another type', () => forge({ typ: 'JWT' }).sign(secret)],
  ['a subject that is no user', () => forge({ sub: 'root' }).sign(secret)],
  [
    'a signature by RSA',
    () =>
      forge({ alg: 'RS256' }).sign(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  ],
] as const)('%s is forged', async ([, make]) => {
  expect(await readAccessToken(needs, await make(), now)).toBe('FORGED');
});

test('no algorithm is forged, however it is written', async () => {
  const payload = base64({
    ...claims,
    sub: who.userId,
    iss: 'codesight',
    aud: 'codesight-api',
    exp: inAnHour,
  });

  for (const alg of ['none', 'None', 'NONE', ''])
    for (const signature of ['', 'AAAA']) {
      const token = `${base64({ alg, typ: 'at+jwt' })}.${payload}.${signature}`;
      expect(await readAccessToken(needs, token, now)).toBe('FORGED');
    }
});

test('a changed payload is forged, and so is a signature under a header that names another algorithm', async () => {
  const { accessToken } = await signAccessToken(needs, { ...who, now });
  const [header, , signature] = accessToken.split('.');
  const payload = base64({
    ...claims,
    sub: who.userId,
    iss: 'codesight',
    aud: 'codesight-api',
    exp: inAnHour,
  });
  const confused = `${base64({ alg: 'RS256', typ: 'at+jwt' })}.${payload}`;
  const mac = createHmac('sha256', secret).update(confused).digest('base64url');

  expect(await readAccessToken(needs, `${header}.${payload}.${signature}`, now)).toBe('FORGED');
  expect(await readAccessToken(needs, `${confused}.${mac}`, now)).toBe('FORGED');
});
