import { argon2Sync } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashPassword, verifyPassword } from './passwords.ts';

const password = 'correct horse battery staple';

test('a password is stored as argon2id in PHC format, under its own salt', async () => {
  const hashes = await Promise.all([hashPassword(password), hashPassword(password)]);

  for (const hash of hashes)
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(hashes[0]).not.toBe(hashes[1]);
});

test('only the password itself is right', async () => {
  const hash = await hashPassword(password);

  expect(await verifyPassword(hash, password)).toBe(true);
  expect(await verifyPassword(hash, `${password} `)).toBe(false);
  expect(await verifyPassword(hash, '')).toBe(false);
  expect(await verifyPassword(null, password)).toBe(false);
});

test('the cost is read from the hash, so that it can be raised later', async () => {
  const nonce = Buffer.from('0123456789abcdef');
  const parameters = {
    message: password,
    nonce,
    parallelism: 1,
    tagLength: 16,
    memory: 64,
    passes: 3,
  };
  const [salt, tag] = [nonce, argon2Sync('argon2id', parameters)].map((bytes) =>
    bytes.toString('base64').replaceAll('=', ''),
  );
  const cheap = `$argon2id$v=19$m=64,t=3,p=1$${salt}$${tag}`;

  expect(await verifyPassword(cheap, password)).toBe(true);
  expect(await verifyPassword(cheap, 'another password')).toBe(false);
});

test('the same letters typed as other code points are the same password', async () => {
  const hash = await hashPassword('Stra\u00dfe caf\u00e9 2026');

  expect(await verifyPassword(hash, 'Stra\u00dfe cafe\u0301 2026')).toBe(true);
});

test('a user who does not exist takes as long as one who does', async () => {
  const hash = await hashPassword(password);
  const timeOf = async (stored: string | null) => {
    const begun = performance.now();
    await verifyPassword(stored, 'a wrong password');
    return performance.now() - begun;
  };

  let [known, unknown] = [Infinity, Infinity]; // the fastest of each: the rest is noise of the machine
  for (let i = 0; i < 10; i += 1) {
    known = Math.min(known, await timeOf(hash));
    unknown = Math.min(unknown, await timeOf(null));
  }

  expect(unknown / known).toBeGreaterThan(0.5);
  expect(unknown / known).toBeLessThan(2);
});

test('many at once wait for each other and all get their answer', async () => {
  const hash = await hashPassword(password);

  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => verifyPassword(hash, i % 2 === 0 ? password : 'wrong')),
  );

  expect(answers).toEqual([true, false, true, false, true, false, true, false]);
});
