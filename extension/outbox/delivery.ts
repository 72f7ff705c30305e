import type { Backlog } from './backlog.ts';
import type { Connection } from './connection.ts';
import type { Problem } from './room.ts';

/** What the parts of sending one session have in common. */
export type Delivery = {
  sessionId: string;
  backlog: Backlog;
  connection: Connection;
  /** Aborted when the session is removed, the connection changes or the sender is closed. */
  signal: AbortSignal;
  /** Hears why the server asks for patience. */
  onWait: (message: string) => void;
  onProblem: (problem: Problem) => void;
};
