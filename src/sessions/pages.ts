import { LRUCache } from 'lru-cache';
import type { Page } from '../lib/page/element.ts';
import { parsePage } from '../lib/page/parse.ts';
import type { App } from '../platform/app.ts';
import { ObjectMissingError } from '../platform/storage.ts';
import { readSnapshotHtml } from './objects.ts';
import { openSession } from './session-keys.ts';

/** Reads the parsed pages of a session by snapshot id. */
export type PageReader = (snapshotId: string | null | undefined) => Promise<Page | null>;

/**
 * Opens the snapshots of a session for reading. Equal pages are parsed once; a few are kept, since
 * neighbouring steps mostly share theirs.
 *
 * The reader answers `null` for a snapshot that is unknown, has no bytes or whose key is gone.
 */
export async function openPages(
  app: Pick<App, 'db' | 'keys' | 'storage'>,
  sessionId: string,
): Promise<PageReader> {
  const access = await openSession(app, sessionId);
  const rows = await app.db.pageSnapshot.findMany({
    where: { sessionId, upload: 'STORED' },
    select: { id: true, objectKey: true },
  });
  const keys = new Map(rows.map(({ id, objectKey }) => [id, objectKey]));
  const parsed = new LRUCache<string, Page>({ max: 8 });
  return async (snapshotId) => {
    const objectKey = snapshotId ? keys.get(snapshotId) : null;
    if (!objectKey || !access) return null;
    const known = parsed.get(objectKey);
    if (known) return known;
    try {
      const page = parsePage(await readSnapshotHtml(app, access.key, objectKey));
      parsed.set(objectKey, page);
      return page;
    } catch (error) {
      if (error instanceof ObjectMissingError) return null;
      throw error;
    }
  };
}
