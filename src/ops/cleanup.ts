import { deleteExpiredTokens } from '../accounts/sign-in.ts';
import { deleteOldAlerts } from '../diagnostics/alerts/retention.ts';
import { cleanContracts } from '../diagnostics/contracts/clean.ts';
import { deleteOldReports } from '../diagnostics/intake/retention.ts';
import { trimSync } from '../diagnostics/sync/retention.ts';
import type { App } from '../platform/app.ts';
import { removeInPieces } from '../platform/pieces.ts';
import { applyChange, lockSession } from '../sessions/change.ts';
import type { SessionIds } from '../sessions/events.ts';
import { goneContent, removeContent } from '../sessions/lifecycle.ts';
import { forgetSession } from '../sessions/session-keys.ts';

const outboxHours = 24;
const abandonedMs = 24 * 3_600_000;
const sessionsAtOnce = 500;

/** What a clean-up did. */
export type CleanUp = { erased: number; outboxRows: number; abandonedUploads: number };

/**
 * Erases sessions that ended longer ago than the retention allows, trims the outbox to a day, removes
 * what interrupted uploads left. A session that cannot be erased keeps none of the others.
 */
export async function cleanUp(app: App, signal?: AbortSignal): Promise<CleanUp> {
  const erased = await eraseOld(app, signal);
  const outboxRows = await trimOutbox(app, signal);
  await deleteExpiredTokens(app, new Date());
  await deleteOldPredictions(app);
  await deleteOldAlerts(app, new Date(), signal);
  await cleanContracts(app, new Date());
  await deleteOldReports(app, new Date(), signal);
  await trimSync(app, signal);
  const abandonedUploads = await app.storage.sweep(abandonedMs);
  return { erased, outboxRows, abandonedUploads };
}

/** Predictions hold pages, and go after the same time as sessions; what they came to stays counted. */
async function deleteOldPredictions({ db, config }: App): Promise<void> {
  const before = new Date(Date.now() - config.retention.days * 86_400_000);
  await db.outcome.deleteMany({ where: { prediction: { createdAt: { lt: before } } } });
  await db.prediction.deleteMany({ where: { createdAt: { lt: before }, outcome: null } });
}

/** Deletes what the features after `sessions` hold of a removed session, and its objects. */
export async function removeSession(app: App, { projectId, sessionId }: SessionIds): Promise<void> {
  const where = { sessionId };
  await app.db.$transaction([
    app.db.processingStep.deleteMany({ where }),
    app.db.qualityReport.deleteMany({ where }),
    app.db.example.deleteMany({ where }),
    app.db.sessionExport.deleteMany({ where }),
    app.db.evaluationResult.deleteMany({ where }),
  ]);
  await app.storage.removeAll(`${projectId}/${sessionId}/`);
}

async function eraseOld(app: App, signal?: AbortSignal): Promise<number> {
  const { days } = app.config.retention;
  const before = new Date(Date.now() - days * 86_400_000);
  const stuck: string[] = [];
  let erased = 0;
  for (;;) {
    signal?.throwIfAborted();
    const old = await app.db.session.findMany({
      where: {
        id: { notIn: stuck },
        // By our own clock: a client's may be wrong, and what is imported ended long ago.
        lastActivityAt: { lt: before },
        state: { notIn: ['DISCARDED', 'ERASED', 'ACTIVE', 'PAUSED'] },
      },
      orderBy: { lastActivityAt: 'asc' },
      take: sessionsAtOnce,
      select: { id: true },
    });
    for (const { id } of old)
      try {
        await eraseSession(app, id, `Its retention of ${days} days is over.`);
        erased += 1;
      } catch (error) {
        app.log.error({ err: error, sessionId: id }, 'a session could not be erased');
        stuck.push(id);
      }
    if (old.length < sessionsAtOnce || stuck.length > sessionsAtOnce) return erased;
  }
}

function trimOutbox({ db }: App, signal?: AbortSignal): Promise<number> {
  const before = new Date(Date.now() - outboxHours * 3_600_000);
  return removeInPieces(
    (atOnce) => db.$executeRaw`DELETE FROM "Outbox" WHERE "id" IN (
      SELECT "id" FROM "Outbox" WHERE "createdAt" < ${before} ORDER BY "createdAt" LIMIT ${atOnce})`,
    signal,
  );
}

async function eraseSession(app: App, id: string, reason: string): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const session = await lockSession(tx, id);
    if (!session || session.state === 'ERASED') return;
    await removeContent(app, tx, session);
    await applyChange(app, tx, session, { ...goneContent, state: 'ERASED', reason });
  });
  forgetSession(app, id);
}
