import type { App } from '../platform/app.ts';
import type { Authenticate, Context, Viewer } from './context.ts';
import { networkOf } from './limits.ts';

/** Who sends an operation, and how. */
export type Caller = Pick<Context, 'viewer' | 'transport' | 'address' | 'trace' | 'recheck'>;

const recheckMs = 1_000;

/** The viewer as of at most a second ago, so that many events of one client ask once. */
export function recheckOf(
  app: App,
  authenticate: Authenticate,
  credentials: { token: string | null; address: string },
): () => Promise<Viewer | null> {
  let asked = { at: Number.NEGATIVE_INFINITY, viewer: Promise.resolve<Viewer | null>(null) };
  return () => {
    const now = performance.now();
    if (now - asked.at < recheckMs) return asked.viewer;
    const viewer = authenticate(app, credentials);
    asked = { at: now, viewer };
    viewer.catch(() => {
      asked.at = Number.NEGATIVE_INFINITY;
    });
    return viewer;
  };
}

/** Whom limits count: a key, a user, or the network of somebody unknown. */
export function limitKeyOf({ viewer, address }: Pick<Caller, 'viewer' | 'address'>): string {
  return viewer ? `${viewer.kind}:${viewer.id}` : `address:${networkOf(address)}`;
}
