import { GraphQLError } from 'graphql';
import type { App } from '../platform/app.ts';
import type { Authenticate } from './context.ts';
import { closeExpired, closePeer, codes, isOpen, type Peer } from './peers.ts';

/** With the second that `authenticate` remembers, a revoked key is out within 5 s. */
const sweepMs = 2_500;

/**
 * Closes the sockets of keys, users and tokens that are not good any more, also when they are idle:
 * at once where the change is announced, and by asking again where it is not. An outage closes none.
 */
export function openRevocation(
  app: App,
  authenticate: Authenticate,
  peers: ReadonlySet<Peer>,
): { stop(): Promise<void> } {
  const { log, pubsub } = app;
  const stopping = new AbortController();
  let sweeping: Promise<void> | null = null;
  let isWatching = false;

  const sweep = async (viewerId?: string): Promise<void> => {
    for (const peer of [...peers]) {
      if (!peer.viewer || (viewerId && peer.viewer.id !== viewerId)) continue;
      if (!isOpen(peer) || closeExpired(peer)) continue;
      try {
        const viewer = await authenticate(app, { token: peer.token, address: peer.address });
        if (viewer) peer.viewer = viewer;
        else closePeer(peer, codes.revoked, 'The key or token was revoked.');
      } catch (error) {
        if (!(error instanceof GraphQLError)) throw error; // nobody can be asked for now
      }
    }
  };

  const sweepAll = (): void => {
    sweeping ??= sweep()
      .catch((error: unknown) =>
        log.warn({ err: error }, 'the keys of open sockets could not be checked'),
      )
      .finally(() => {
        sweeping = null;
      });
  };

  const watch = async (): Promise<void> => {
    if (isWatching || peers.size === 0) return;
    isWatching = true;
    try {
      const changes = pubsub.subscribe({ topic: 'key' }, { signal: stopping.signal });
      for await (const change of changes) if (!('gap' in change)) await sweep(change.subjectId);
    } catch (error) {
      log.debug({ err: error }, 'revoked keys are found by asking alone for now');
    } finally {
      isWatching = false;
    }
  };

  const timer = setInterval(() => {
    sweepAll();
    void watch();
  }, sweepMs);

  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await sweeping;
    },
  };
}
