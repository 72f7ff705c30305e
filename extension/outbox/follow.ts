import {
  OutcomeChangedDocument,
  OutcomeDocument,
  type OutcomeFragment,
  ProcessingChangedDocument,
  ViewerDocument,
} from '../../src/generated/extension/graphql.ts';
import type { Backlog } from './backlog.ts';
import { openBell } from './bell.ts';
import type { Connection } from './connection.ts';
import { sleep } from './patience.ts';
import type { StoredSession } from './types.ts';

export type FollowOptions = {
  backlog: Backlog;
  connection: Connection;
  signal: AbortSignal;
  /** Hears after every change. */
  onRemote: (session: StoredSession) => void;
};

/** What becomes of sessions after they were sent. */
export type Follower = {
  /** Follows a session to the end of its processing; a repeat while it is followed does nothing. */
  watch(sessionId: string): void;
  /** Asks once after the latest sessions, and follows those that are not through. */
  refresh(): Promise<void>;
};

/** States after which nothing happens by itself. */
const final = new Set([
  'ready',
  'needs_review',
  'rejected',
  'failed',
  'archived',
  'discarded',
  'erased',
]);
const askedMost = 20;
const watchedMost = 5;
/** Time without news after which nobody waits any more; the next look is at the next refresh. */
const quietMs = 10 * 60_000;
const betweenLooksMs = 300;

export function openFollower({ backlog, connection, signal, onRemote }: FollowOptions): Follower {
  const watched = new Set<string>();

  const look = async (sessionId: string): Promise<string | null> => {
    const { session } = await connection.run(OutcomeDocument, { id: sessionId }, signal);
    const row = await backlog.row(sessionId);
    if (!session || row?.session.state !== 'sent') return null;
    const remote = remoteOf(session);
    if (JSON.stringify(remote) !== JSON.stringify(row.session.remote)) {
      const changed = await backlog.setRemote(sessionId, remote);
      if (changed) onRemote(changed);
    }
    return remote.state;
  };

  const follow = async (sessionId: string): Promise<void> => {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const bell = openBell();
    const hear = async (events: AsyncIterable<unknown>) => {
      for await (const _ of events) bell.ring();
    };
    const hearing = Promise.all([
      hear(connection.follow(OutcomeChangedDocument, { id: sessionId }, either)),
      hear(connection.follow(ProcessingChangedDocument, { id: sessionId }, either)),
    ]).catch(() => stop.abort()); // let go by the server: the next refresh asks again
    try {
      for (let heard = -1; heard < bell.count(); ) {
        heard = bell.count();
        const state = await look(sessionId);
        if (state === null || final.has(state)) return;
        await sleep(betweenLooksMs, either);
        await bell.after(heard, quietMs, either);
      }
    } finally {
      stop.abort();
      await hearing;
    }
  };

  const watch = (sessionId: string): void => {
    if (watched.has(sessionId) || watched.size >= watchedMost) return;
    watched.add(sessionId);
    follow(sessionId)
      .catch(() => undefined) // closed, or let go: as above
      .finally(() => watched.delete(sessionId));
  };

  const refresh = async (): Promise<void> => {
    await connection.run(ViewerDocument, {}, signal); // also when nothing was sent: it says whether one may
    const rows = await backlog.rows();
    const sent = rows.filter(({ session }) => session.state === 'sent').slice(-askedMost);
    for (const { session } of sent.reverse()) {
      const state = await look(session.id);
      if (state && !final.has(state)) watch(session.id);
    }
  };

  let refreshing: Promise<void> | null = null;
  return {
    watch,
    refresh() {
      refreshing ??= refresh().finally(() => {
        refreshing = null;
      });
      return refreshing;
    },
  };
}

export function isFinal(state: string): boolean {
  return final.has(state);
}

function remoteOf({ state, site, processing, quality }: OutcomeFragment) {
  const advice = quality?.issues.map((issue) => issue.advice) ?? [];
  return {
    state: state.toLowerCase(),
    site,
    stages: processing.map(({ stage, state, progress }) => ({ stage, state, progress })),
    quality: quality?.score ?? null,
    advice: [...new Set(advice)],
  };
}
