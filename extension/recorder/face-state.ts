import { connectionWords } from '../face/words.ts';
import type { FaceState, RecentSession } from '../messages.ts';
import { loadConsent } from '../outbox/consents.ts';
import type { Sender } from '../outbox/sender.ts';
import type { StoredSession } from '../outbox/types.ts';
import type { Current, Desk } from './desk.ts';

const mostRecent = 20;

/** As much as the badge shows; asked often. */
export type Glance = Pick<FaceState, 'session' | 'problem' | 'connection'>;

export function glanceOf(
  { current }: Pick<Desk, 'current'>,
  sender: Pick<Sender, 'state'>,
  problem: FaceState['problem'],
): Glance {
  const session = current();
  return {
    connection: connectionOf(sender),
    problem,
    session: session && {
      ...session,
      startedAt: new Date(session.startedAt).toISOString(),
      interactions: 0,
      screenshots: 0,
    },
  };
}

/** Everything that the popup shows. */
export async function faceStateOf(
  { store, current, settings }: Pick<Desk, 'store' | 'current' | 'settings'>,
  sender: Pick<Sender, 'state'>,
  problem: FaceState['problem'],
): Promise<FaceState> {
  const [sessions, consent] = await Promise.all([store.sessions(), loadConsent()]);
  const { lastError: _, ...counts } = sender.state().queue;
  const session = current();
  const stored = sessions.find(({ id }) => id === session?.id);
  return {
    connection: connectionOf(sender),
    consent: consent && { version: consent.version, acceptedAt: consent.acceptedAt },
    settings: settings(),
    session: session && stored ? shownOf(session, stored) : null,
    queue: counts,
    problem,
    recent: sessions
      .filter(({ id }) => id !== session?.id)
      .slice(0, mostRecent)
      .map(recentOf),
  };
}

function connectionOf(sender: Pick<Sender, 'state'>): FaceState['connection'] {
  const { detail, ...connection } = sender.state().connection;
  return { ...connection, words: detail ?? connectionWords(connection) };
}

function shownOf(
  { isPaused, recordsAudio }: Current,
  { id, task, startedAt, lastSequence, screenshots }: StoredSession,
): NonNullable<FaceState['session']> {
  return {
    id,
    task,
    isPaused,
    startedAt,
    interactions: lastSequence,
    screenshots,
    recordsAudio,
  };
}

export function recentOf(session: StoredSession): RecentSession {
  const { id, task, startedAt, endedAt, lastSequence, screenshots, dropped, remote } = session;
  return {
    id,
    task,
    site: remote?.site ?? URL.parse(session.startUrl)?.host ?? null,
    startedAt,
    endedAt,
    state: stateOf(session),
    interactions: lastSequence,
    screenshots,
    dropped,
    stages: remote?.stages ?? [],
    quality: remote?.quality ?? null,
    advice: remote?.advice ?? [],
  };
}

/** The server's own word counts from the end on; before, where the session stands here. */
function stateOf({ state, remote }: StoredSession): string {
  if (state === 'sent') return remote?.state ?? 'sent';
  return state === 'sending' && remote?.state === 'stuck' ? 'stuck' : state;
}
