import { isOnline, later } from './host.ts';
import type { Details } from './types.ts';

/** How far a client's changes have come, as its queue knows it. */
export type SyncState = {
  /** Changes that wait to be sent. */
  pendingOperations: number;
  /** Instant of the last change that was acknowledged. Absent: none yet. */
  lastSyncedAt?: Date;
  /** Names the change that is sent next; that it stays the same is what a stall is. */
  head?: string | number;
};

/** Two copies that disagree. Never what is in them. */
export type SyncConflict = {
  type: 'conflict' | 'divergence' | 'missing_data' | 'order_violation' | 'validation_failed';
  /** Kind of thing, for example `note`; never its id. */
  entityType: string;
  /** What was seen, in words without content. */
  message?: string;
  /** Whether the copies are of a CRDT. */
  isCrdt?: boolean;
};

export type Sync = {
  state(state: SyncState): void;
  conflict(conflict: SyncConflict): void;
  /** Rides along with every report. */
  details(): Details['sync'];
  stop(): void;
};

const stallMs = 300_000; // shared DIAGNOSTICS: online and head unchanged for 5 minutes

export function openSync(tell: (message: string, details: Details) => void): Sync {
  let known: SyncState | undefined;
  let since = 0;
  const details = () =>
    known && {
      pendingOperations: known.pendingOperations,
      lastSyncedAt: known.lastSyncedAt?.toISOString(),
    };
  const look = (): void => {
    // Time without a network, or without anything to send, is no stall: the clock begins anew after it.
    if (!isOnline() || !known?.pendingOperations) since = performance.now();
    if (performance.now() - since < stallMs) return;
    since = Number.MAX_VALUE; // told once
    tell('The queue stands still.', {
      category: 'SYNC_TIMEOUT',
      sync: { type: 'stall', ...details() },
    });
  };
  let stop = () => {};
  const watch = (): void => {
    look();
    stop = later(watch, 30_000);
  };
  watch();

  return {
    details,
    state(state) {
      look(); // what was empty until now begins now
      const { head, pendingOperations } = known ?? state;
      if (state.head !== head || state.pendingOperations < pendingOperations)
        since = performance.now();
      known = state;
      look();
    },
    conflict({ type, entityType, message, isCrdt }) {
      tell(message ?? `${entityType}: ${type}`, {
        category: isCrdt ? 'CRDT_CONFLICT' : 'SYNC_CONFLICT',
        sync: { ...details(), type, entityType },
      });
    },
    stop: () => stop(),
  };
}
