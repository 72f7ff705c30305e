import type { App } from '../platform/app.ts';
import { applyChange, lockSession } from './change.ts';

const touchEveryMs = 10_000;

type Needs = Pick<App, 'db' | 'sql' | 'pubsub' | 'log'>;
type Touches = { ids: Set<string>; timer: NodeJS.Timeout | null };

const touched = new WeakMap<Needs['sql'], Touches>();

/**
 * Notes that something was received for a session. Written for all sessions together every ten
 * seconds, outside ingest and without raising versions.
 */
export function touchSession(app: Needs, sessionId: string): void {
  let touches = touched.get(app.sql);
  if (!touches) {
    touches = { ids: new Set(), timer: null };
    touched.set(app.sql, touches);
  }
  touches.ids.add(sessionId);
  if (touches.timer) return;
  touches.timer = setTimeout(() => {
    writeTouches(app).catch((error: unknown) =>
      app.log.warn({ err: error }, 'the activity of sessions was not noted'),
    );
  }, touchEveryMs);
  touches.timer.unref();
}

/** Writes what was noted. Rows that another transaction holds wait for the next time. */
export async function writeTouches(app: Needs): Promise<void> {
  const touches = touched.get(app.sql);
  if (!touches) return;
  const ids = [...touches.ids];
  touches.ids.clear();
  touches.timer = null;
  await app.sql.query(
    `UPDATE "Session" SET "lastActivityAt" = now() WHERE "id" IN (
       SELECT "id" FROM "Session" WHERE "id" = ANY($1::uuid[]) ORDER BY "id" FOR NO KEY UPDATE SKIP LOCKED)`,
    [ids],
  );
}

/** A record came for a session that was paused, however late: it goes on. */
export async function resumeIdleSession(app: Needs, sessionId: string): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const session = await lockSession(tx, sessionId);
    if (session?.state !== 'PAUSED') return;
    await applyChange(app, tx, session, {
      state: 'ACTIVE',
      reason: 'A record arrived.',
      lastActivityAt: new Date(),
    });
  });
}

/** Pauses sessions for which nothing was received within the time-out. Nothing is refused or lost by it. */
export async function pauseIdleSessions(app: App): Promise<number> {
  const before = new Date(Date.now() - app.config.sessions.timeoutMinutes * 60_000);
  const idle = await app.db.session.findMany({
    where: { state: 'ACTIVE', lastActivityAt: { lt: before } },
    orderBy: { lastActivityAt: 'asc' },
    take: 500,
    select: { id: true },
  });
  let paused = 0;
  for (const { id } of idle)
    await app.db.$transaction(async (tx) => {
      const session = await lockSession(tx, id);
      if (session?.state !== 'ACTIVE' || session.lastActivityAt >= before) return;
      await applyChange(app, tx, session, {
        state: 'PAUSED',
        reason: `Nothing was received for ${app.config.sessions.timeoutMinutes} minutes.`,
      });
      paused += 1;
    });
  return paused;
}
