import type { App } from '../../platform/app.ts';
import { InvalidCursorError } from '../../platform/pubsub.ts';
import { DebugBuffer, type DebugItem } from './buffer.ts';
import { joinFeed } from './feed.ts';
import { type DebugFilter, fitsFilter } from './filter.ts';
import { whenDatabaseIsThere } from './patience.ts';
import { readRing, ringBounds } from './ring.ts';

/**
 * Events of a project from now on, or after the cursor of one that was seen within the last five
 * minutes. Whoever reads too slowly, or comes back too late, is told by a gap. While the database is away
 * nothing comes; what follows then follows without a break.
 *
 * @throws {InvalidCursorError}
 */
export async function* followDebugEvents(
  app: App,
  {
    projectId,
    where,
    after,
    signal,
  }: { projectId: string; where: DebugFilter; after: string | null; signal: AbortSignal },
): AsyncGenerator<DebugItem> {
  let from = after === null ? null : parseCursor(after);
  const buffer = new DebugBuffer((event) => fitsFilter(where, event));
  const end = () => buffer.end();
  if (signal.aborted) return;
  signal.addEventListener('abort', end, { once: true });
  const patiently = <T>(work: () => Promise<T>) => whenDatabaseIsThere(app, signal, work);
  const leave = await patiently(() => joinFeed(app, projectId, buffer));
  try {
    if (from !== null) {
      const { oldest, final, next } = await patiently(() => ringBounds(app, projectId));
      const isAhead = from >= next; // from before the database was restored or moved
      if (isAhead || oldest === null || from < oldest) {
        const to = isAhead || oldest === null ? final : oldest - 1n;
        yield { from: isAhead ? 0n : from + 1n, to, dropped: null };
        from = to;
      }
      for (;;) {
        const position: bigint = from;
        const { events, isLastPage } = await patiently(() => readRing(app, projectId, position));
        for (const event of events) {
          if (signal.aborted) return;
          from = event.sequence;
          if (fitsFilter(where, event)) yield event;
        }
        // What the buffer dropped meanwhile is still in the ring.
        if (isLastPage && !buffer.skipUpTo(from)) break;
      }
    }
    yield* buffer.read();
  } finally {
    leave();
    signal.removeEventListener('abort', end);
  }
}

function parseCursor(cursor: string): bigint {
  if (!/^\d{1,18}$/.test(cursor)) throw new InvalidCursorError(cursor);
  return BigInt(cursor);
}
