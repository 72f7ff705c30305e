import { deleteExpiredTokens } from '../accounts/sign-in.ts';
import type { App } from '../platform/app.ts';
import { applyChange, lockSession } from '../sessions/change.ts';
import type { SessionIds } from '../sessions/events.ts';
import { removeContent } from '../sessions/lifecycle.ts';
import { forgetSession } from '../sessions/session-keys.ts';

const outboxHours = 24;
const abandonedMs = 24 * 3_600_000;
const sessionsPerRun = 500;

/** What a clean-up did. */
export type CleanUp = { erased: number; outboxRows: number; abandonedUploads: number };

/**
 * Erases sessions that ended longer ago than the retention allows, trims the outbox to a day, removes
 * what interrupted uploads left.
 */
export async function cleanUp(app: App): Promise<CleanUp> {
  const before = new Date(Date.now() - app.config.retention.days * 86_400_000);
  const old = await app.db.session.findMany({
    where: {
      endedAt: { lt: before },
      state: { notIn: ['DISCARDED', 'ERASED', 'ACTIVE', 'PAUSED'] },
    },
    orderBy: { endedAt: 'asc' },
    take: sessionsPerRun,
    select: { id: true },
  });
  for (const { id } of old)
    await eraseSession(app, id, `Its retention of ${app.config.retention.days} days is over.`);
  const trimmed = await app.db.outbox.deleteMany({
    where: { createdAt: { lt: new Date(Date.now() - outboxHours * 3_600_000) } },
  });
  await deleteExpiredTokens(app, new Date());
  const abandonedUploads = await app.storage.sweep(abandonedMs);
  return { erased: old.length, outboxRows: trimmed.count, abandonedUploads };
}

/** Deletes what the features after `sessions` hold of a removed session, and its objects. */
export async function removeSession(app: App, { projectId, sessionId }: SessionIds): Promise<void> {
  const where = { sessionId };
  await app.db.$transaction([
    app.db.processingStep.deleteMany({ where }),
    app.db.qualityReport.deleteMany({ where }),
    app.db.example.deleteMany({ where }),
    app.db.sessionExport.deleteMany({ where }),
  ]);
  await app.storage.removeAll(`${projectId}/${sessionId}/`);
}

async function eraseSession(app: App, id: string, reason: string): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const session = await lockSession(tx, id);
    if (!session || session.state === 'ERASED') return;
    await removeContent(app, tx, session);
    await applyChange(app, tx, session, { state: 'ERASED', task: null, reason });
  });
  forgetSession(app, id);
}
