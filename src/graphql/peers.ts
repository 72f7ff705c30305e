import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Viewer } from './context.ts';
import type { Operation } from './operations.ts';

/** Close codes after which the stock client comes back by itself, but for `revoked`. */
export const codes = {
  restart: 1012,
  later: 1013,
  expired: 4403,
  revoked: 4401,
  malformed: 4400,
} as const;

const closeTimeoutMs = 2_000;

/** One open socket. */
export type Peer = {
  socket: WebSocket;
  /** The connection below the socket. */
  stream: Duplex;
  address: string;
  token: string | null;
  viewer: Viewer | null;
  /** Whom the caps count; `null` until `connection_init`. */
  limitKey: string | null;
  recheck: () => Promise<Viewer | null>;
  /** From their admission to their end. */
  operations: Set<Operation>;
  /** Refusals since the last operation that was taken. */
  refusals: number;
  isAlive: boolean;
  isDraining: boolean;
  /** Messages are collected until the end of this turn of the loop, to be written at once. */
  isCorked: boolean;
};

/** Says why, and cuts the connection when the client does not hear it. */
export function closePeer({ socket, operations }: Peer, code: number, reason: string): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.close(code, reason);
  for (const operation of operations) operation.abandon();
  const timer = setTimeout(() => socket.terminate(), closeTimeoutMs);
  socket.once('close', () => clearTimeout(timer));
}

export function isOpen({ socket }: Peer): boolean {
  return socket.readyState === socket.OPEN;
}

/** Closes the socket when its viewer's time is over, and says whether it is. */
export function closeExpired(peer: Peer): boolean {
  const { viewer } = peer;
  const isExpired = Boolean(viewer?.expiresAt && viewer.expiresAt.getTime() <= Date.now());
  if (isExpired)
    closePeer(peer, codes.expired, 'The access token has ended; connect with a new one.');
  return isExpired;
}
