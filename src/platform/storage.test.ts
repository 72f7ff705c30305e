import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ObjectMissingError, openFileStorage, type Storage } from './storage.ts';

async function openTestStorage(): Promise<{ storage: Storage; dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-storage-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return { storage: await openFileStorage(dir), dir };
}

const filesOf = async (dir: string): Promise<string[]> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(dir.length + 1))
    .sort();
};

test('an object is got as it was put, and a second put replaces it', async () => {
  const { storage } = await openTestStorage();
  const bytes = Buffer.from([0, 1, 255, 10, 13]);

  await storage.put('a/b/c-0', bytes);
  const first = await storage.get('a/b/c-0');
  await storage.put('a/b/c-0', Buffer.from('other'));

  expect(first.equals(bytes)).toBe(true);
  expect((await storage.get('a/b/c-0')).toString()).toBe('other');
  expect([await storage.exists('a/b/c-0'), await storage.exists('a/b')]).toEqual([true, false]);
});

test('a missing object is told by name, and removing it is as good as done', async () => {
  const { storage } = await openTestStorage();

  await expect(storage.get('a/none')).rejects.toThrow(ObjectMissingError);
  expect(await storage.exists('a/none')).toBe(false);
  await storage.remove('a/none');
  await storage.removeAll('none/');
});

test('what is written in parts is visible whole after the commit, and not before', async () => {
  const { storage, dir } = await openTestStorage();
  const writer = await storage.writer('a/b');
  await writer.write(Buffer.from('one '));
  await writer.write(Buffer.alloc(0));
  await writer.write(Buffer.from('two'));

  const before = await storage.exists('a/b');
  await writer.commit();

  expect(before).toBe(false);
  expect((await storage.get('a/b')).toString()).toBe('one two');
  expect(await filesOf(dir)).toEqual(['objects/a/b']);
});

test('an aborted writer leaves nothing behind and the object before it as it was', async () => {
  const { storage, dir } = await openTestStorage();
  await storage.put('a/b', Buffer.from('before'));
  const writer = await storage.writer('a/b');
  await writer.write(Buffer.from('after'));

  await writer.abort();

  expect((await storage.get('a/b')).toString()).toBe('before');
  expect(await filesOf(dir)).toEqual(['objects/a/b']);
});

test('of writers of one key that commit at once, one whole object stays', async () => {
  const { storage } = await openTestStorage();
  const bodies = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(50_000));

  await Promise.all(bodies.map((body) => storage.put('x/y', Buffer.from(body))));

  expect(bodies).toContain((await storage.get('x/y')).toString());
});

test('a prefix is removed with everything below it, and nothing beside it', async () => {
  const { storage, dir } = await openTestStorage();
  for (const key of ['p/s1/a', 'p/s1/deep/b', 'p/s10/c', 'q/s1/d'])
    await storage.put(key, Buffer.from(key));

  await storage.removeAll('p/s1/');
  await storage.remove('q/s1/d');

  expect(await filesOf(dir)).toEqual(['objects/p/s10/c']);
});

test('a key that could leave the folder is refused', async () => {
  const { storage } = await openTestStorage();
  const keys = ['', '/a', '../a', 'a/../b', 'a//b', 'a/.', '.a', 'a\\b', 'a b', 'a\0', 'ä', '~/a'];

  for (const key of keys)
    for (const act of [
      () => storage.put(key, Buffer.from('x')),
      () => storage.get(key),
      () => storage.remove(key),
      () => storage.removeAll(key),
    ])
      await expect(act()).rejects.toThrow('safe characters');
});

test('a sweep takes what dead writers left once it is old enough, and no object', async () => {
  const { storage, dir } = await openTestStorage();
  await storage.put('a/b', Buffer.from('kept'));
  const dead = await storage.writer('a/dead');
  await dead.write(Buffer.from('half'));
  const [name = ''] = await readdir(join(dir, 'incoming'));
  const anHourAgo = new Date(Date.now() - 3_600_000);
  await utimes(join(dir, 'incoming', name), anHourAgo, anHourAgo);
  const living = await storage.writer('a/living');

  const removed = await storage.sweep(60_000);
  await living.write(Buffer.from('whole'));
  await living.commit();

  expect(removed).toBe(1);
  expect(await filesOf(dir)).toEqual(['objects/a/b', 'objects/a/living']);
  await dead.abort();
});

test('a ping writes, and leaves nothing behind', async () => {
  const { storage, dir } = await openTestStorage();

  expect(await storage.ping()).toBeGreaterThan(0);
  expect(await filesOf(dir)).toEqual([]);
});
