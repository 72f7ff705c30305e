import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { openTestApp } from '../../test/app.ts';
import {
  checkMasterKey,
  macOf,
  openKeys,
  sameBytes,
  seal,
  sealOverheadBytes,
  unseal,
  WrongMasterKeyError,
} from './keys.ts';

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-keys-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const masterKey = () => randomBytes(32).toString('base64');

test('the first start makes a master key that only its owner may read; later starts find it', async () => {
  const dataDir = join(await makeDir(), 'new');
  const owner = randomUUID();

  const wrapped = (await openKeys({ dataDir })).create(owner);
  const key = (await openKeys({ dataDir })).open(owner, wrapped);

  expect((await stat(join(dataDir, 'keys.json'))).mode & 0o777).toBe(0o600);
  expect(await readdir(dataDir)).toEqual(['keys.json']);
  expect(wrapped.generation).toBe(new Date().toISOString().slice(0, 7));
  expect(key.seal).toHaveLength(32);
});

test('processes that start together agree on one master key', async () => {
  const dataDir = await makeDir();

  const [one, two] = await Promise.all([openKeys({ dataDir }), openKeys({ dataDir })]);

  expect(one?.derive('x')).toEqual(two?.derive('x'));
});

test('processes with the same MASTER_KEY open each other’s keys, and no file is made', async () => {
  const dataDir = await makeDir();
  const config = { dataDir, masterKey: masterKey() };
  const owner = randomUUID();
  const [one, two] = [await openKeys(config), await openKeys(config)];

  const wrapped = one.create(owner);

  expect(two.open(owner, wrapped)).toEqual(one.open(owner, wrapped));
  expect(two.derive('signed-urls')).toEqual(one.derive('signed-urls'));
  expect(one.derive('signed-urls')).not.toEqual(one.derive('other'));
  expect(await readdir(dataDir)).toEqual([]);
});

test('a wrapped key opens for its owner, its generation and its master key, and for nothing else', async () => {
  const dataDir = await makeDir();
  const keys = await openKeys({ dataDir, masterKey: masterKey() });
  const others = await openKeys({ dataDir, masterKey: masterKey() });
  const owner = randomUUID();
  const wrapped = keys.create(owner);

  expect(() => keys.open(randomUUID(), wrapped)).toThrow('another key’s');
  expect(() => others.open(owner, wrapped)).toThrow('unable to authenticate');
  expect(() => keys.open(owner, { ...wrapped, generation: '1999-01' })).toThrow(
    'generation 1999-01',
  );
  expect(keys.create(owner).wrapped.equals(wrapped.wrapped)).toBe(false);
});

test('a damaged key file stops the start in words, and is not replaced', async () => {
  const dataDir = await makeDir();
  const path = join(dataDir, 'keys.json');
  await writeFile(path, '{"current":"2026-01"}');

  await expect(openKeys({ dataDir })).rejects.toThrow(`Expected master keys in ${path}`);

  expect(await readFile(path, 'utf8')).toBe('{"current":"2026-01"}');
});

test('sealed bytes open with their key and context, and any other byte, key or context fails', async () => {
  const keys = await openKeys({ dataDir: '', masterKey: masterKey() });
  const [owner, stranger] = [randomUUID(), randomUUID()];
  const key = keys.open(owner, keys.create(owner));
  const other = { ...keys.open(stranger, keys.create(stranger)), id: key.id };

  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.nat(), (plain, context, at) => {
      const sealed = seal(key, plain, context);
      const changed = Buffer.from(sealed);
      const place = at % sealed.length;
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place);

      expect(sealed).toHaveLength(plain.length + sealOverheadBytes);
      expect(unseal(key, new Uint8Array(sealed), context)).toEqual(Buffer.from(plain));
      expect(() => unseal(key, changed, context)).toThrow();
      expect(() => unseal(key, sealed, `${context}x`)).toThrow();
      expect(() => unseal(other, sealed, context)).toThrow();
      expect(() => unseal(key, sealed.subarray(0, -1), context)).toThrow();
      expect(seal(key, plain, context).equals(sealed)).toBe(false);
    }),
    { numRuns: 50 },
  );
});

test('a MAC depends on key and body; bytes of different lengths are unequal', async () => {
  const keys = await openKeys({ dataDir: '', masterKey: masterKey() });
  const [one, two] = [randomUUID(), randomUUID()].map((id) => keys.open(id, keys.create(id)));
  if (!one || !two) throw new Error('Expected two keys.');

  expect(sameBytes(macOf(one, 'body'), macOf(one, 'body'))).toBe(true);
  expect(sameBytes(macOf(one, 'body'), macOf(one, 'Body'))).toBe(false);
  expect(sameBytes(macOf(one, 'body'), macOf(two, 'body'))).toBe(false);
  expect(sameBytes(macOf(one, 'body'), macOf(one, 'body').subarray(1))).toBe(false);
  expect(one.seal.equals(one.mac)).toBe(false);
});

test('a process with another master key than the database’s is refused, one with the same is not', async () => {
  const app = await openTestApp();
  const [same, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const keysOf = (key: Buffer) =>
    openKeys({ masterKey: key.toString('base64'), dataDir: app.config.dataDir });

  await checkMasterKey(app.database, await keysOf(same));
  await checkMasterKey(app.database, await keysOf(same));

  await expect(checkMasterKey(app.database, await keysOf(other))).rejects.toThrow(
    WrongMasterKeyError,
  );
});
