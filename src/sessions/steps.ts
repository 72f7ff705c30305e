import { LRUCache } from 'lru-cache';
import type { InteractionRecord } from '../contract/interaction.ts';
import type { App } from '../platform/app.ts';
import { detailsAt, place, type StoredDetail } from './details.ts';

/** An interaction of a session with its columns and its detail; tombstones are left out. */
export type Step = Pick<
  InteractionRecord,
  'sequence' | 'type' | 'url' | 'sessionTimeMs' | 'confidence'
> &
  Partial<
    Pick<
      InteractionRecord,
      | 'pageTitle'
      | 'frame'
      | 'target'
      | 'selectors'
      | 'pointer'
      | 'value'
      | 'key'
      | 'modifiers'
      | 'before'
      | 'after'
    >
  > & { id: string; site: string; occurredAt: Date };

const pageSize = 200;
const chunksKept = 32; // interactions mostly lie beside those they arrived with

/** All interactions of a session by sequence, read a page at a time, however long the session is. */
export async function* streamSteps(
  app: Pick<App, 'db' | 'keys'>,
  ids: { projectId: string; sessionId: string },
): AsyncGenerator<Step> {
  const opened = new LRUCache<string, StoredDetail[]>({ max: chunksKept });
  for (let last = 0; ; ) {
    const rows = await app.db.interaction.findMany({
      where: { ...ids, dropped: null, sequence: { gt: last } },
      orderBy: { sequence: 'asc' },
      take: pageSize,
      select: {
        ...place,
        sequence: true,
        type: true,
        url: true,
        site: true,
        pageTitle: true,
        occurredAt: true,
        sessionTimeMs: true,
        confidence: true,
      },
    });
    const details = await detailsAt(app, rows, opened);
    for (const [index, { sessionId, sealed, chunkId, chunkIndex, ...row }] of rows.entries()) {
      const detail = details[index] ?? {};
      const { frame, target, selectors, pointer, value, key, modifiers, before, after } = detail;
      yield { ...row, frame, target, selectors, pointer, value, key, modifiers, before, after };
    }
    if (rows.length < pageSize) return;
    last = rows.at(-1)?.sequence ?? last;
  }
}
