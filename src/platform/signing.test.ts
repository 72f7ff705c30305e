import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Grant, makeSigner } from './signing.ts';

const grant: Grant = { action: 'upload-screenshot', id: '01900000-0000-7000-8000-000000000000' };
const expiresAt = new Date('2026-01-01T00:00:00Z');
const before = new Date('2025-12-31T23:59:59Z');

const queryOf = (url: string) => new URL(url, 'http://localhost').searchParams;

test('a signed address is good for its grant until it expires, for everybody with the key', () => {
  const key = randomBytes(32);
  const url = makeSigner(key).sign(grant, expiresAt);
  const other = makeSigner(Buffer.from(key));

  expect(url).toMatch(
    /^\/objects\/upload-screenshot\/01900000-0000-7000-8000-000000000000\?expires=1767225600&signature=[\w-]{43}$/,
  );
  expect(other.check(grant, queryOf(url), before)).toBe('good');
  expect(other.check(grant, queryOf(url), expiresAt)).toBe('good');
  expect(other.check(grant, queryOf(url), new Date(expiresAt.getTime() + 1))).toBe('expired');
});

test('what was changed, or signed with another key, is forged', () => {
  const signer = makeSigner(randomBytes(32));
  const query = queryOf(signer.sign(grant, expiresAt));
  const changed = (name: string, value: string) => {
    const copy = new URLSearchParams(query);
    copy.set(name, value);
    return copy;
  };

  const verdicts = [
    signer.check({ ...grant, action: 'read-screenshot' }, query, before),
    signer.check({ ...grant, id: grant.id.replace('1', '2') }, query, before),
    signer.check(grant, changed('expires', '1767225601'), before),
    signer.check(grant, changed('expires', '1767225600.0'), before),
    signer.check(grant, changed('signature', 'x'), before),
    signer.check(grant, changed('signature', ''), before),
    signer.check(grant, new URLSearchParams(), before),
    makeSigner(randomBytes(32)).check(grant, query, before),
  ];

  expect(verdicts).toEqual(Array(8).fill('forged'));
});
