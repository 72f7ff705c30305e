import type { Settings } from '../messages.ts';
import type { OpenedStore } from '../outbox/store.ts';
import type { StoredSession } from '../outbox/types.ts';
import type { Coverage } from './coverage.ts';
import type { Film } from './film.ts';
import type { Memory } from './memory.ts';
import type { Secrets } from './secrets.ts';
import type { InTurn } from './turns.ts';

/** The session that goes on, as far as the parts of the recorder need it at once. */
export type Current = Pick<StoredSession, 'id' | 'task' | 'isHeld' | 'recordsAudio'> & {
  /** Milliseconds since 1970. */
  startedAt: number;
  isPaused: boolean;
  /** The last things of it are gathered; nothing new begins. */
  isEnding: boolean;
};

/** What the parts of the recorder share. All of it can be made anew from the store and the memory. */
export type Desk = {
  store: OpenedStore;
  memory: Memory;
  secrets: Secrets;
  film: Film;
  coverage: Coverage;
  settings: () => Settings;
  /** `null` while nothing is recorded. */
  current: () => Current | null;
  /** Changes of drafts that are read first go here, so that none is lost. */
  inTurn: InTurn;
  /** Something changed that the face shows. */
  changed: () => void;
};

/** The session if it is being recorded right now. */
export function recordingOf({ current }: Pick<Desk, 'current'>): Current | null {
  const session = current();
  return session && !session.isPaused && !session.isEnding ? session : null;
}
