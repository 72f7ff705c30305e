import { LRUCache } from 'lru-cache';
import type { Viewer } from '../graphql/context.ts';
import type { App } from '../platform/app.ts';
import type { DataKey } from '../platform/keys.ts';
import { SessionNotFoundError } from './errors.ts';

/** What ingest must know of a session and what never changes about it. */
export type SessionAccess = { projectId: string; participantId: string | null; key: DataKey };

type Needs = Pick<App, 'db' | 'keys'>;

const caches = new WeakMap<Needs['keys'], LRUCache<string, SessionAccess>>();

/**
 * The data key of a session that the viewer may write to, remembered for up to a minute.
 *
 * @throws {SessionNotFoundError} it is absent, another project's or another participant's
 */
export async function openSessionFor(
  app: Needs,
  viewer: Viewer,
  sessionId: string,
): Promise<SessionAccess> {
  const access = await openSession(app, sessionId);
  if (!access || access.projectId !== viewer.projectId || !mayWrite(viewer, access))
    throw new SessionNotFoundError(sessionId);
  return access;
}

/** The data key of a session, or `null` when the session or its key is gone. */
export async function openSession(app: Needs, sessionId: string): Promise<SessionAccess | null> {
  const cache = cacheOf(app);
  const known = cache.get(sessionId);
  if (known) return known;
  const session = await app.db.session.findUnique({
    where: { id: sessionId },
    select: { projectId: true, participantId: true, key: true },
  });
  if (!session?.key) return null;
  const { projectId, participantId } = session;
  const access = { projectId, participantId, key: app.keys.open(sessionId, session.key) };
  cache.set(sessionId, access);
  return access;
}

/** Forgets a session's key, so that an erased session is dark here too. Others forget within a minute. */
export function forgetSession(app: Needs, sessionId: string): void {
  cacheOf(app).delete(sessionId);
}

/** Whether the viewer may change the session: its participant's key, or an administrator. */
export function mayWrite(viewer: Viewer, session: { participantId: string | null }): boolean {
  if (viewer.scopes.has('ADMIN')) return true;
  return viewer.scopes.has('CAPTURE') && viewer.participantId === session.participantId;
}

function cacheOf(app: Needs): LRUCache<string, SessionAccess> {
  let cache = caches.get(app.keys);
  if (!cache) {
    cache = new LRUCache({ max: 10_000, ttl: 60_000 });
    caches.set(app.keys, cache);
  }
  return cache;
}
