import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionResult, GraphQLError } from 'graphql';
import { type WebSocket, WebSocketServer } from 'ws';
import type { App } from '../platform/app.ts';
import { childOf, currentTrace, withTrace } from '../platform/trace.ts';
import { limitKeyOf, recheckOf } from './caller.ts';
import type { Authenticate } from './context.ts';
import { within } from './deadline.ts';
import { refusal, unauthenticated } from './errors.ts';
import { addressOf, tokenOf } from './http.ts';
import { networkOf } from './limits.ts';
import type { Operation, OperationRequest, Operations, Refused } from './operations.ts';
import { closeExpired, closePeer, codes, isOpen, type Peer } from './peers.ts';
import { openConnection, subprotocol } from './protocol.ts';
import { openRevocation } from './revocation.ts';

export type Sockets = {
  /** Takes over a connection that asks for `/graphql` by WebSocket, its origin checked. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every socket with 1012, those with a mutation in flight after its answer. */
  close(timeoutMs: number): Promise<void>;
};

const authenticateTimeoutMs = 10_000;
const pingMs = 15_000;
const slowBytes = 1024 * 1024;
const maxUnreadBytes = 16 * 1024 * 1024;
const maxRefusals = 200; // a client that goes on regardless would cost as much as one that is served

/** GraphQL over WebSocket: who may connect, what a socket may ask at once, and how it ends. */
export function openSockets(app: App, operations: Operations, authenticate: Authenticate): Sockets {
  const { config, log, metrics } = app;
  const limits = config.sockets;
  const peers = new Set<Peer>();
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxMessageBytes,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  const corked: Peer[] = [];

  const countOf = (holds: (peer: Peer) => boolean): number => {
    let count = 0;
    for (const peer of peers) if (holds(peer)) count += 1;
    return count;
  };

  const begin = (
    peer: Peer,
    request: OperationRequest,
  ):
    | Pick<Refused, 'errors'>
    | Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> => {
    const trace = currentTrace() ?? childOf(null);
    const refuse = (error: GraphQLError) => ({ errors: [operations.mask(error, trace)] });
    if (closeExpired(peer)) return refuse(unauthenticated());
    if (peer.refusals > maxRefusals) {
      closePeer(peer, codes.later, 'Too much was refused; try again later.');
      return refuse(refusal('OVERLOADED', 'Try again later.'));
    }
    if (peer.operations.size >= limits.maxOperations) {
      peer.refusals += 1;
      metrics.refusals.inc({ reason: 'socket-operations' });
      const message = `Expected at most ${limits.maxOperations} operations in flight on one socket, got one more.`;
      return refuse(refusal('OVERLOADED', message, { retryAfterSeconds: 1 }));
    }
    const { viewer, address, recheck } = peer;
    const operation = operations.admit(request, {
      viewer,
      address,
      recheck,
      trace,
      transport: 'WEBSOCKET',
    });
    if ('errors' in operation) {
      peer.refusals += 1;
      return operation;
    }
    peer.refusals = 0;
    peer.operations.add(operation);
    if (operation.type === 'subscription') return follow(peer, operation);
    return operations.answer(operation).finally(() => leave(peer, operation));
  };

  const follow = async (peer: Peer, operation: Operation) => {
    const events = await operations.follow(operation);
    const { signal } = operation.context;
    if (!(Symbol.asyncIterator in events) || signal.aborted) leave(peer, operation);
    else signal.addEventListener('abort', () => leave(peer, operation));
    return events;
  };

  const connect = async (peer: Peer, params: Record<string, unknown>): Promise<void> => {
    const { token, authorization, Authorization } = params;
    peer.token = tokenOf(token) ?? tokenOf(authorization) ?? tokenOf(Authorization);
    const credentials = { token: peer.token, address: peer.address };
    try {
      peer.viewer = await within(
        authenticateTimeoutMs,
        authenticate(app, credentials),
        () => new Error(`Expected to know who connects within ${authenticateTimeoutMs} ms.`),
      );
    } catch (error) {
      if (!(error instanceof GraphQLError))
        log.warn({ err: error }, 'who connects could not be found out');
      closePeer(peer, codes.later, 'Who connects could not be found out; try again later.');
      return;
    }
    if (peer.token && !peer.viewer) {
      if (hasEnded(peer.token))
        closePeer(peer, codes.expired, 'The access token has ended; connect with a new one.');
      else
        closePeer(peer, codes.revoked, 'The key or token is not good; it may have been revoked.');
      return;
    }
    const key = limitKeyOf(peer);
    if (countOf((other) => other.limitKey === key && isOpen(other)) >= limits.maxPerKey) {
      metrics.refusals.inc({ reason: 'sockets-per-key' });
      closePeer(
        peer,
        codes.later,
        `Expected at most ${limits.maxPerKey} sockets of one key; try again later.`,
      );
      return;
    }
    peer.limitKey = key;
    peer.recheck = recheckOf(app, authenticate, credentials);
  };

  const leave = (peer: Peer, operation: Operation): void => {
    if (!peer.operations.delete(operation)) return;
    if (peer.isDraining) setImmediate(() => closeDrained(peer)); // after the answer was written
  };

  const closeDrained = (peer: Peer): void => {
    const mutations = [...peer.operations].some(({ type }) => type === 'mutation');
    if (!mutations) closePeer(peer, codes.restart, 'The server restarts.');
  };

  const open = (socket: WebSocket, stream: Duplex, req: IncomingMessage): void => {
    const address = addressOf(req, config.trustedProxies);
    const peer: Peer = {
      socket,
      stream,
      address,
      token: null,
      viewer: null,
      limitKey: null,
      recheck: () => Promise.resolve(null),
      operations: new Set(),
      refusals: 0,
      isAlive: true,
      isDraining: false,
      isCorked: false,
    };
    socket.on('error', (error) => log.debug({ err: error }, 'a socket met an error')); // ws closes it
    socket.on('pong', () => {
      peer.isAlive = true;
    });
    const network = networkOf(address);
    const strangers = countOf(
      (other) => other.limitKey === null && networkOf(other.address) === network,
    );
    if (peers.size >= limits.max || strangers >= limits.maxPerKey) {
      metrics.refusals.inc({ reason: 'sockets' });
      closePeer(peer, codes.later, 'The server has as many sockets as it takes; try again later.');
      return;
    }
    peers.add(peer);
    metrics.sockets.set(peers.size);
    const connection = openConnection(
      {
        protocol: socket.protocol,
        send: (message) => send(peer, message),
        close: (code, reason) => socket.close(code, reason),
      },
      {
        connect: (params) => connect(peer, params),
        start: (request) =>
          withTrace(text(request.extensions?.traceparent), () => begin(peer, request)),
        mask: (error) => operations.mask(error, childOf(null), peer.limitKey ?? undefined),
      },
    );
    socket.on('message', (data) => {
      if (!isOpen(peer) || peer.isDraining) return; // never answered, so the client repeats it
      connection.receive(String(data));
    });
    socket.once('close', (code) => {
      // Only with work in flight: a browser that is closed says no good-bye either.
      if (code === 1006 && peer.operations.size > 0)
        app.faults.report({
          place: 'socket',
          error: new Error('A WebSocket ended without a close while operations were in flight.'),
          projectId: peer.viewer?.projectId,
          correlationId: [...peer.operations][0]?.caller.trace.traceId,
          closeCode: code,
        });
      peers.delete(peer);
      metrics.sockets.set(peers.size);
      for (const operation of peer.operations) operation.abandon();
      connection.closed();
    });
  };

  const send = (peer: Peer, message: string): Promise<void> | void => {
    const { socket } = peer;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > maxUnreadBytes) {
      metrics.refusals.inc({ reason: 'slow-reader' });
      closePeer(peer, codes.later, 'The client does not read what it asked for.');
      return;
    }
    if (!peer.isCorked) {
      peer.isCorked = true; // an answer is two messages, and a write costs more than all the rest
      peer.stream.cork();
      if (corked.push(peer) === 1) setImmediate(uncork);
    }
    if (socket.bufferedAmount < slowBytes) return socket.send(message);
    return new Promise((resolve) => socket.send(message, () => resolve())); // a slow reader waits for itself
  };

  const uncork = (): void => {
    for (const peer of corked.splice(0)) {
      peer.isCorked = false;
      peer.stream.uncork();
    }
  };

  const ping = (): void => {
    for (const peer of peers) {
      if (!peer.isAlive) peer.socket.terminate();
      else if (isOpen(peer)) {
        peer.isAlive = false;
        peer.socket.ping();
      }
    }
  };

  const revocation = openRevocation(app, authenticate, peers);
  const pinging = setInterval(ping, pingMs);

  return {
    upgrade(req, socket, head) {
      server.handleUpgrade(req, socket, head, (opened) => open(opened, socket, req));
    },
    async close(timeoutMs) {
      clearInterval(pinging);
      for (const peer of peers) {
        peer.isDraining = true;
        closeDrained(peer);
      }
      const giveUpAt = performance.now() + timeoutMs;
      while (peers.size > 0 && performance.now() < giveUpAt)
        await new Promise((resolve) => setTimeout(resolve, 20));
      for (const { socket } of peers) socket.terminate();
      await revocation.stop();
      server.close();
    },
  };
}

/** Whether a token says of itself that it has ended. Decides only between two close codes, so nobody need sign it. */
function hasEnded(token: string): boolean {
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
    );
    return claims instanceof Object && 'exp' in claims && Number(claims.exp) * 1000 <= Date.now();
  } catch {
    return false;
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
