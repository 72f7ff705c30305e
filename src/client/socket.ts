import { type Client, createClient } from 'graphql-ws/client';
import { ConnectionClosedError, explainClose } from './errors.ts';
import { type Backoff, backoffMs, sleep } from './patience.ts';

export type SocketOptions = {
  /** Address of the server, with or without `/graphql`. */
  url: string;
  /** API key or access token; a function is asked anew at every connect. */
  token: string | (() => string | Promise<string>);
  /** Silence after which the client asks whether the server is there; it then has five seconds. */
  keepAliveMs?: number;
  backoff?: Backoff;
  /** Looks at every operation, and hands it on. */
  watch?: (client: Client) => Client;
  /** Hears of the connection's coming and going, in words. */
  onState?: (state: 'connected' | 'lost', detail: string) => void;
};

/** One WebSocket after another, as the stock client keeps them. */
export type Socket = {
  /** The server's address, without `/graphql`. */
  base: string;
  subscribe: Client['subscribe'];
  /** Aborted with the reason when the server does not want this client, or by `close`. */
  ended: AbortSignal;
  isConnected(): boolean;
  /** Times a connection was made. */
  connects(): number;
  /** Why the last connection ended or failed, in words. */
  lastProblem(): string;
  /** Ends everything for what the stock client calls fatal; answers with the error to throw. */
  fail(error: unknown): unknown;
  close(): Promise<void>;
};

export const defaultBackoff: Backoff = { firstMs: 200, lastMs: 15_000 };

const connectTimeoutMs = 10_000;
const pongTimeoutMs = 5_000;
const closeTimeoutMs = 2_000;
/** A connection that lived so long, or answered anything, was a good one. */
const goodAfterMs = 10_000;

/**
 * Keeps a WebSocket open as the extension does: graphql-ws with back-off and jitter, a fresh token each
 * time, and an end for good only where the server says so.
 *
 * @throws {TypeError} the address is none
 */
export function openSocket(options: SocketOptions): Socket {
  const { token, keepAliveMs = 10_000, backoff = defaultBackoff } = options;
  const { base, endpoint } = addressesOf(options.url);
  const ended = new AbortController();
  const timers = makeTimers();
  let isConnected = false;
  let connects = 0;
  let failures = 0;
  let problem = 'never connected';
  let networkError: string | null = null;

  const client = createClient({
    url: endpoint,
    lazy: false,
    connectionParams: async () => ({ token: typeof token === 'string' ? token : await token() }),
    keepAlive: keepAliveMs,
    connectionAckWaitTimeout: connectTimeoutMs,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true, // a network error is an event without a code; fatal codes do not come here
    // Must not reject: graphql-ws would not catch it. After `close` it never resolves and is collected.
    retryWait: () =>
      new Promise((resolve) => {
        timers.set('retry', backoffMs(failures, backoff), resolve);
        failures += 1;
      }),
    onNonLazyError: (error) => void fail(error),
    on: {
      connecting: () => {
        networkError = null;
        timers.set('connect', connectTimeoutMs, () => client.terminate());
      },
      connected: () => {
        timers.clear('connect');
        timers.set('good', goodAfterMs, () => {
          failures = 0;
        });
        isConnected = true;
        connects += 1;
        options.onState?.('connected', base);
      },
      message: ({ type }) => {
        if (type === 'next') failures = 0;
      },
      ping: (isReceived) => {
        if (!isReceived) timers.set('pong', pongTimeoutMs, () => client.terminate());
      },
      pong: (isReceived) => {
        if (isReceived) timers.clear('pong');
      },
      error: (error) => {
        networkError = messageOf(error);
      },
      closed: (event) => {
        for (const name of ['connect', 'pong', 'good']) timers.clear(name);
        const { code, reason } = event as { code?: number; reason?: string };
        problem = reason ? `${code}: ${reason}` : (networkError ?? `closed with ${code}`);
        if (isConnected) options.onState?.('lost', problem);
        isConnected = false;
      },
    },
  });

  function fail(error: unknown): unknown {
    const { code, reason } = Object(error) as { code?: unknown; reason?: unknown };
    if (!ended.signal.aborted)
      ended.abort(
        typeof code === 'number'
          ? explainClose(base, code, String(reason ?? ''))
          : new Error(messageOf(error), { cause: error }),
      );
    return ended.signal.reason;
  }

  return {
    base,
    subscribe: (options.watch?.(client) ?? client).subscribe,
    ended: ended.signal,
    isConnected: () => isConnected,
    connects: () => connects,
    lastProblem: () => problem,
    fail,
    async close() {
      if (!ended.signal.aborted) ended.abort(new ConnectionClosedError());
      if (isConnected) {
        void Promise.resolve(client.dispose()).catch(() => undefined);
        const giveUpAt = performance.now() + closeTimeoutMs;
        while (isConnected && performance.now() < giveUpAt) await sleep(5);
      }
      timers.clearAll();
      client.terminate();
    },
  };
}

/** @throws {TypeError} the address is none */
export function addressesOf(address: string): { base: string; endpoint: string } {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !/^(?:https?|wss?):$/.test(url.protocol))
    throw new TypeError(`Expected an address like http://127.0.0.1:4000, got ${address}`);
  const path = url.pathname.replace(/\/(?:graphql\/?)?$/, '');
  const base = `${url.protocol.replace('ws', 'http')}//${url.host}${path}`;
  return { base, endpoint: `${base.replace('http', 'ws')}/graphql` };
}

function messageOf(error: unknown): string {
  const { message, error: cause } = Object(error) as { message?: string; error?: Error };
  return message || cause?.message || 'the connection failed';
}

/** Timers by name; setting one again replaces it. */
function makeTimers() {
  const timers = new Map<string, NodeJS.Timeout>();
  const clear = (name: string): void => {
    clearTimeout(timers.get(name));
    timers.delete(name);
  };
  return {
    clear,
    set(name: string, ms: number, run: () => void): void {
      clear(name);
      timers.set(name, setTimeout(run, ms));
    },
    clearAll: () => [...timers.keys()].forEach(clear),
  };
}
