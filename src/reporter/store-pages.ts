import { host, type IdbDatabase, type IdbStore, randomHex } from './host.ts';
import { joined, nothing } from './outbox.ts';
import type { Change, Kept, ReportStore } from './types.ts';

/**
 * Keeps reports in IndexedDB, each page or worker under a name of its own, on which it holds a Web Lock.
 * Whoever starts takes over what is under names that nobody holds, in one transaction.
 *
 * @returns `null` where there is no IndexedDB or are no locks (a page without HTTPS)
 */
export function indexedStore(name = 'codesight-reports'): ReportStore | null {
  const { indexedDB, navigator } = host;
  const locks = navigator?.locks;
  if (!indexedDB || !locks) return null;
  const lane = name + randomHex(8);
  let db: IdbDatabase;
  let release: () => void;

  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore('all');
      request.onsuccess = () => {
        db = request.result;
        resolve();
      };
      request.onerror = () => reject(request.error);
    });

  /** Holds the lock until the store is closed or the page is gone. */
  const hold = (): Promise<void> =>
    new Promise((held, fail) => {
      const hour = () =>
        new Promise<void>((end) => {
          release = end;
          held();
        });
      locks.request(lane, hour).catch(fail);
    });

  const within = (work: (all: IdbStore) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const tx = db.transaction(['all'], 'readwrite', { durability: 'strict' });
      tx.onabort = () => reject(tx.error);
      tx.oncomplete = () => resolve();
      work(tx.objectStore('all'));
    });

  /** Reports under `lane/id`, counts and what is owed under `lane`. */
  const put = (all: IdbStore, { put: added, gone, counts, owed }: Change): void => {
    for (const report of added) all.put(report, `${lane}/${report.id}`);
    for (const id of gone) all.delete(`${lane}/${id}`);
    all.put({ ...nothing(), counts, owed }, lane);
  };

  return {
    async load() {
      await Promise.all([open(), hold()]);
      const alive = (await locks.query()).held.map((lock) => lock.name);
      const isDead = (key: string) => !alive.includes(key.split('/', 1)[0] as string);
      let found = nothing();
      await within((all) => {
        const keys = all.getAllKeys();
        const kept = all.getAll();
        // Requests answer in order: when this one does, both have.
        kept.onsuccess = () => {
          for (const [index, key] of keys.result.entries())
            if (isDead(key)) {
              const one = kept.result[index] as Kept | Change;
              if ('json' in one) found.put.push(one);
              else found = joined(found, one);
              all.delete(key);
            }
          put(all, found);
        };
      });
      return found;
    },
    write: (change) => within((all) => put(all, change)),
    close() {
      db?.close();
      release?.();
    },
  };
}
