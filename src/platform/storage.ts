import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Objects by key. Keys are made by us: `project/session/…`, ASCII letters, digits, `.`, `_`, `-` and
 * `/`. Everything that is put is sealed already; the store sees no plain bytes.
 */
export type Storage = {
  /** Stores whole or not at all; a present object of this key is replaced. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** A part-by-part `put`: `commit` makes it visible, `abort` leaves nothing behind. */
  writer(key: string): Promise<ObjectWriter>;
  /** @throws {ObjectMissingError} */
  get(key: string): Promise<Buffer>;
  exists(key: string): Promise<boolean>;
  /** Deletes; an absent object is as good. */
  remove(key: string): Promise<void>;
  /** Deletes every object whose key begins with the prefix, which ends in `/`. */
  removeAll(prefix: string): Promise<void>;
  /** Removes what aborted writers of dead processes left, if older. Answers with how many. */
  sweep(olderThanMs: number): Promise<number>;
  /** Answers with the milliseconds of a write and a read. */
  ping(): Promise<number>;
};

export type ObjectWriter = {
  write(part: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
};

export class ObjectMissingError extends Error {
  override name = 'ObjectMissingError';
  constructor(key: string) {
    super(`Expected an object ${key} in the store, found none.`);
  }
}

/** The embedded store: one file an object, below `dir`. */
export async function openFileStorage(dir: string): Promise<Storage> {
  const incoming = join(dir, 'incoming');
  await mkdir(incoming, { recursive: true });

  const pathOf = (key: string): string => {
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\/?$/.test(key))
      throw new Error(
        `Expected a key of safe characters for an object, got ${JSON.stringify(key)}.`,
      );
    return join(dir, 'objects', key);
  };

  const writer = async (key: string): Promise<ObjectWriter> => {
    const path = pathOf(key);
    const temporary = join(incoming, randomUUID());
    const handle = await open(temporary, 'wx', 0o600);
    return {
      async write(part) {
        await handle.writeFile(part);
      },
      async commit() {
        await handle.sync();
        await handle.close();
        await mkdir(dirname(path), { recursive: true });
        await rename(temporary, path);
      },
      async abort() {
        await handle.close();
        await rm(temporary, { force: true });
      },
    };
  };

  const storage: Storage = {
    writer,
    async put(key, bytes) {
      const target = await writer(key);
      try {
        await target.write(bytes);
        await target.commit();
      } catch (error) {
        await target.abort();
        throw error;
      }
    },
    async get(key) {
      try {
        return await readFile(pathOf(key));
      } catch (error) {
        if (isMissing(error)) throw new ObjectMissingError(key);
        throw error;
      }
    },
    async exists(key) {
      try {
        return (await stat(pathOf(key))).isFile();
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    },
    remove: async (key) => rm(pathOf(key), { force: true }),
    // Somebody may put on while it is emptied: ENOTEMPTY.
    removeAll: async (prefix) =>
      rm(pathOf(prefix), { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }),
    async sweep(olderThanMs) {
      let removed = 0;
      for (const name of await readdir(incoming)) {
        const path = join(incoming, name);
        const found = await stat(path).catch(() => null); // committed or aborted meanwhile
        if (!found || Date.now() - found.mtimeMs < olderThanMs) continue;
        await rm(path, { force: true });
        removed += 1;
      }
      return removed;
    },
    async ping() {
      const begun = performance.now();
      const probe = join(incoming, `probe-${randomUUID()}`);
      const handle = await open(probe, 'wx', 0o600);
      await handle.close();
      await link(probe, `${probe}-linked`);
      await Promise.all([unlink(probe), unlink(`${probe}-linked`)]);
      return performance.now() - begun;
    },
  };
  return storage;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
