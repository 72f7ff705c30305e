import { LRUCache } from 'lru-cache';
import type { HearContract } from '../../graphql/operations.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { takeReports } from '../intake/take.ts';
import { mismatchOf } from './checks.ts';
import { ownService } from './own.ts';

/** The same client with the same hash is told of once in so long. */
const intervalMs = 3_600_000;
/** Hashes of one client that are looked at in an interval: what it makes up costs no more than that. */
const mostPerClient = 100;
/** Look-ups at once, of all clients. One that finds no room comes again with the next operation. */
const mostLookups = 4;
const maxClients = 10_000;
const isHash = /^[0-9a-f]{64}$/;

/**
 * Hears by which contracts clients go. One that nobody registered for that operation, in whatever version,
 * becomes a report of VERSION_MISMATCH of the client's project; the operation itself is answered as ever.
 */
export function openVersionWatch(app: App): HearContract {
  const known = new LRUCache<string, true>({ max: 5_000, ttl: intervalMs });
  const seenOf = new LRUCache<string, Set<string>>({ max: maxClients, ttl: intervalMs });
  let lookups = 0;

  /** Whether it is known; tells of it when it is not. */
  const look = async ({
    hash,
    operation,
    viewer: { id: viewerId, projectId },
  }: Parameters<HearContract>[0]): Promise<boolean> => {
    const mine = [{ projectId }, { isOwn: true }];
    if ((await app.db.contract.count({ where: { hash, operation, OR: mine } })) > 0) return true;
    const report = {
      ...mismatchOf({ id: newId(), contractHash: hash }),
      source: { service: ownService },
      contract: { hash, operation },
      tags: { client: viewerId },
      // One client of another version names as many hashes as it has operations.
      fingerprint: [ownService, 'version-mismatch'],
    };
    const sender = { projectId, keyId: null };
    const receivedAt = new Date();
    await takeReports(app, sender, {
      reports: [report],
      clientReports: [],
      sentAt: null,
      receivedAt,
    });
    return false;
  };

  return ({ hash, operation, viewer }) => {
    if (!isHash.test(hash)) return; // it cannot be anybody's
    const key = `${viewer.projectId} ${operation} ${hash}`;
    if (known.has(key)) return;
    const client = `${viewer.kind} ${viewer.id}`;
    const seen = seenOf.get(client) ?? new Set();
    if (seen.has(key) || seen.size >= mostPerClient || lookups >= mostLookups) return;
    seen.add(key);
    if (seen.size === 1) seenOf.set(client, seen);
    lookups += 1;
    look({ hash, operation, viewer })
      .then((isKnown) => isKnown && known.set(key, true))
      .catch((error: unknown) => {
        seen.delete(key);
        app.log.warn({ err: error }, 'a contract that a client names was not looked up');
      })
      .finally(() => {
        lookups -= 1;
      });
  };
}
