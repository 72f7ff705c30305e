import type { Backlog } from './backlog.ts';
import type { Connection } from './connection.ts';
import type { Problem } from './room.ts';

/** What the parts of sending one session have in common. */
export type Delivery = {
  sessionId: string;
  backlog: Backlog;
  connection: Connection;
  pace: Pace;
  /** Aborted when the session is removed, the connection changes or the sender is closed. */
  signal: AbortSignal;
  /** Hears why the server asks for patience. */
  onWait: (message: string) => void;
  onProblem: (problem: Problem) => void;
};

/**
 * How much is sent at once. A network that breaks before a whole batch is through would otherwise never
 * let any through.
 */
export type Pace = {
  size(): { count: number; chars: number; inFlight: number };
  /** A batch has arrived: a little more next time. */
  quicken(): void;
  /** The connection was lost meanwhile: half as much. */
  slow(): void;
};

const most = {
  count: 50,
  /** A message of the WebSocket stays well under the server's `MAX_MESSAGE_MB`. */
  chars: 512 * 1024,
};

export function openPace(): Pace {
  let { count, chars } = most;
  return {
    size: () => ({ count, chars, inFlight: count < most.count ? 1 : 2 }),
    quicken() {
      count = Math.min(most.count, count + 5);
      chars = Math.min(most.chars, chars + most.chars / 10);
    },
    slow() {
      count = Math.max(1, Math.floor(count / 2));
      chars = Math.max(1, chars / 2);
    },
  };
}
