import { ReportCaptureHealthDocument } from '../../src/generated/extension/graphql.ts';
import type { Backlog } from './backlog.ts';
import type { Connection } from './connection.ts';
import type { Database, SessionRow } from './database.ts';
import { totalBytes } from './room.ts';

const timeoutMs = 10_000;
const intMost = 2 ** 31 - 1;

/**
 * Tells the server how sending a session goes, and a digest of what it acknowledged. Nothing waits for it,
 * and it is not repeated.
 */
export async function reportHealth({
  sessionId,
  backlog,
  database,
  connection,
  attempts,
  attemptAgeMs,
  retryIntervalMs,
  lastError,
  signal,
}: {
  sessionId: string;
  backlog: Backlog;
  database: Database;
  connection: Connection;
  attempts: number;
  /** Since the last attempt to send; `null` before the first. */
  attemptAgeMs: number | null;
  /** What is waited between attempts now; `null` while they are well. */
  retryIntervalMs: number | null;
  lastError: string | null;
  signal: AbortSignal;
}): Promise<void> {
  const row = await backlog.row(sessionId);
  if (!row?.book.home) return;
  const { interactions, uploads, oldestAt } = await backlog.waitingOf(sessionId);
  const [head] = await backlog.nextInteractions(sessionId, 0, { count: 1, chars: 0 });
  const { quota } = await navigator.storage.estimate();
  const input = {
    sessionId,
    sampledAt: new Date().toISOString(),
    queueDepth: interactions + uploads,
    oldestAgeMs: oldestAt === null ? null : ageOf(oldestAt),
    attempts,
    lastError: lastError?.slice(0, 1000) ?? null,
    restarts: row.book.restarts,
    storedBytes: await totalBytes(database),
    quotaBytes: quota === undefined ? null : Math.min(Math.floor(quota), Number.MAX_SAFE_INTEGER),
    sync: {
      lastSequence: row.session.lastSequence,
      headSequence: head?.sequence ?? null,
      isQueueEmpty: interactions + uploads === 0,
      attemptAgeMs,
      retryIntervalMs,
      reconnects: connection.reconnects(),
      digest: digestOf(row),
    },
  };
  const either = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  await connection.run(ReportCaptureHealthDocument, { input }, either);
}

/** Of all that was acknowledged, if it is all in the digest. */
function digestOf({ session: { acknowledged: upTo }, book: { digest } }: SessionRow) {
  if (!digest || digest.count !== upTo) return null;
  return { upTo, ...digest, takenAt: new Date().toISOString() };
}

/** In whole milliseconds, as far as the wire can say it; clocks may go back. */
export function ageOf(at: number): number {
  return Math.min(intMost, Math.max(0, Math.round(Date.now() - at)));
}
