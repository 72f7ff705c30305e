import type { Backlog } from './backlog.ts';
import type { Database, SessionRow } from './database.ts';
import { ageOf } from './health.ts';
import { totalBytes } from './room.ts';
import { isLive, isOver } from './service.ts';
import type { QueueState } from './types.ts';

const lookEveryMs = 500;

/** Counts what waits for the server, at most twice a second. */
export function openQueue({
  backlog,
  database,
  signal,
  progress,
  onLook,
}: {
  backlog: Backlog;
  database: Database;
  signal: AbortSignal;
  progress: () => Pick<QueueState, 'attempts' | 'lastError'>;
  /** Hears after every count. */
  onLook: (rows: SessionRow[]) => void;
}): { state(): QueueState; look(): void } {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let counted = { interactions: 0, uploads: 0, bytes: 0, oldestAt: null as number | null };

  const count = async (): Promise<void> => {
    const rows = await backlog.rows();
    const waiting = await Promise.all(
      rows
        .filter((row) => isOver(row) || isLive(row))
        .map(({ session }) => backlog.waitingOf(session.id)),
    );
    const times = waiting.flatMap(({ oldestAt }) => (oldestAt === null ? [] : [oldestAt]));
    counted = {
      interactions: waiting.reduce((sum, { interactions }) => sum + interactions, 0),
      uploads: waiting.reduce((sum, { uploads }) => sum + uploads, 0),
      bytes: await totalBytes(database),
      oldestAt: times.length > 0 ? Math.min(...times) : null,
    };
    if (!signal.aborted) onLook(rows);
  };

  return {
    state() {
      const { oldestAt, ...rest } = counted;
      return { ...rest, oldestAgeMs: oldestAt === null ? null : ageOf(oldestAt), ...progress() };
    },
    look() {
      if (timer !== null || signal.aborted) return;
      timer = setTimeout(() => {
        timer = null;
        count().catch(() => undefined); // the browser closed the database; the next look opens it
      }, lookEveryMs);
    },
  };
}
