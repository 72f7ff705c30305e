import type { FormattedExecutionResult } from 'graphql';
import { createClient, type SubscribePayload } from 'graphql-ws/client';
import type { TypedDocumentString } from '../generated/client/graphql.ts';
import {
  ConnectionClosedError,
  explainClose,
  NoAnswerError,
  RequestRefusedError,
} from './errors.ts';
import { type Backoff, backoffMs, type Sleep, sleep } from './patience.ts';

export type ConnectionOptions = {
  /** Address of the server, with or without `/graphql`. */
  url: string;
  /** API key or access token; a function is asked anew at every connect. */
  token: string | (() => string | Promise<string>);
  /** Silence after which the client asks whether the server is there; it then has five seconds. */
  keepAliveMs?: number;
  /** How long one operation is tried, over any number of connections. */
  patienceMs?: number;
  backoff?: Backoff;
  /** For tests: waits between tries of one operation. */
  wait?: Sleep;
  /** Hears of the connection's coming and going, in words. */
  onState?: (state: 'connected' | 'lost', detail: string) => void;
};

/** A connection that comes back by itself until it is closed. */
export type Connection = {
  /** The server's address, without `/graphql`; upload slots are relative to it. */
  readonly url: string;
  readonly patienceMs: number;
  readonly wait: Sleep;
  /** Times the connection was made anew. */
  readonly reconnects: number;
  /** @throws {NoAnswerError} @throws {ConnectionEndedError} */
  ready(timeoutMs: number): Promise<void>;
  /**
   * Runs a query or mutation until it is answered. It is sent again after every loss of the
   * connection, so a mutation must be idempotent.
   *
   * @throws {RequestRefusedError} the server will never take it
   * @throws {NoAnswerError} the patience is over
   * @throws {ConnectionEndedError} the server does not want this client
   */
  run<R, V>(
    document: TypedDocumentString<R, V>,
    variables: V,
    options?: { signal?: AbortSignal },
  ): Promise<R>;
  /** Events of a subscription, resumed after every loss of the connection: some may come twice. */
  follow<R, V>(
    document: TypedDocumentString<R, V>,
    variables: V,
    options?: { signal?: AbortSignal },
  ): AsyncGenerator<R>;
  close(): Promise<void>;
};

const connectTimeoutMs = 10_000;
const pongTimeoutMs = 5_000;
const closeTimeoutMs = 2_000;
/** A connection that lived so long, or answered anything, was a good one. */
const goodAfterMs = 10_000;
/** Tries of an operation that met a fault inside the server. */
const faultTries = 6;

type Result = FormattedExecutionResult<Record<string, unknown>, Record<string, unknown>>;
type Refusal = { message: string; extensions?: Record<string, unknown> };

/**
 * Opens a connection as the extension does: graphql-ws, kept open, with back-off and jitter, a fresh
 * token each time, and an end for good only where the server says so.
 *
 * @throws {TypeError} the address is none
 */
export function openConnection(options: ConnectionOptions): Connection {
  const { token, patienceMs = 120_000, wait = sleep } = options;
  const backoff = options.backoff ?? { firstMs: 200, lastMs: 15_000 };
  const { base, endpoint } = addressesOf(options.url);
  const ended = new AbortController();
  const state = { isConnected: false, connects: 0, failures: 0, last: 'never connected' };
  const timers = new Timers();

  const client = createClient({
    url: endpoint,
    lazy: false,
    connectionParams: async () => ({ token: typeof token === 'string' ? token : await token() }),
    keepAlive: options.keepAliveMs ?? 10_000,
    connectionAckWaitTimeout: connectTimeoutMs,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true, // a network error is an event without a code; fatal codes never come here
    // Must not reject: graphql-ws would not catch it. After `close` it never resolves, and is collected.
    retryWait: () =>
      new Promise((resolve) => {
        timers.set('retry', backoffMs(state.failures, backoff), resolve);
        state.failures += 1;
      }),
    onNonLazyError: (error) => fail(error),
    on: {
      connecting: () => timers.set('connect', connectTimeoutMs, () => client.terminate()),
      connected: () => {
        timers.clear('connect');
        timers.set('good', goodAfterMs, () => {
          state.failures = 0;
        });
        state.isConnected = true;
        state.connects += 1;
        options.onState?.('connected', base);
      },
      message: ({ type }) => {
        if (type === 'next') state.failures = 0;
      },
      ping: (isReceived) => {
        if (!isReceived) timers.set('pong', pongTimeoutMs, () => client.terminate());
      },
      pong: (isReceived) => {
        if (isReceived) timers.clear('pong');
      },
      error: (error) => {
        state.last = messageOf(error);
      },
      closed: (event) => {
        for (const name of ['connect', 'pong', 'good'] as const) timers.clear(name);
        const { code, reason } = event as { code?: number; reason?: string };
        if (!(code === 1006 && state.last !== 'never connected'))
          state.last = reason ? `${code}: ${reason}` : `closed with ${code}`;
        if (state.isConnected) options.onState?.('lost', state.last);
        state.isConnected = false;
      },
    },
  });

  const fail = (error: unknown): unknown => {
    const { code, reason } = error as { code?: unknown; reason?: unknown };
    const said =
      typeof code === 'number' ? explainClose(base, code, String(reason ?? '')) : asError(error);
    if (!ended.signal.aborted) ended.abort(said);
    return ended.signal.reason;
  };

  const ask = (payload: SubscribePayload, signal: AbortSignal): Promise<Result> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      let result: Result | null = null;
      const abort = () => {
        dispose();
        reject(signal.reason);
      };
      const done = () => signal.removeEventListener('abort', abort);
      const dispose = client.subscribe<Record<string, unknown>, Record<string, unknown>>(payload, {
        next: (value) => {
          result = value;
        },
        error: (error) => {
          done();
          if (Array.isArray(error)) resolve({ errors: error });
          else reject(fail(error));
        },
        complete: () => {
          done();
          if (result) resolve(result);
          else reject(new ConnectionClosedError());
        },
      });
      signal.addEventListener('abort', abort, { once: true });
    });

  return {
    url: base,
    patienceMs,
    wait,
    get reconnects() {
      return Math.max(0, state.connects - 1);
    },

    async ready(timeoutMs) {
      const giveUpAt = performance.now() + timeoutMs;
      while (!state.isConnected) {
        ended.signal.throwIfAborted();
        if (performance.now() > giveUpAt)
          throw new NoAnswerError(
            `Expected a CodeSight server at ${base}, got no connection in ${Math.round(timeoutMs / 1000)} s (${state.last}).`,
          );
        await sleep(20, ended.signal);
      }
      // A refused key is said right after the greeting.
      await sleep(20, ended.signal);
    },

    async run(document, variables, { signal } = {}) {
      const payload = { query: document.toString(), variables: variables as Record<string, unknown> };
      const patience = AbortSignal.timeout(patienceMs);
      const stop = AbortSignal.any([ended.signal, patience, ...(signal ? [signal] : [])]);
      try {
        for (let tries = 1; ; tries += 1) {
          const { data, errors } = await ask(payload, stop);
          const [refusal] = errors ?? [];
          if (!refusal) return data as never;
          await wait(delayBeforeNext(refusal, tries, backoff), stop);
        }
      } catch (error) {
        if (error !== patience.reason || !patience.aborted) throw error;
        throw new NoAnswerError(
          `Expected an answer from ${base}, got none in ${Math.round(patienceMs / 1000)} s (${state.last}).`,
        );
      }
    },

    async *follow(document, variables, { signal } = {}) {
      const payload = { query: document.toString(), variables: variables as Record<string, unknown> };
      const stop = signal ? AbortSignal.any([ended.signal, signal]) : ended.signal;
      for await (const { data, errors } of eventsOf(client.subscribe, payload, stop, fail)) {
        const [refusal] = errors ?? [];
        if (refusal) throw refusedBy(refusal);
        yield data as never;
      }
    },

    async close() {
      if (!ended.signal.aborted) ended.abort(new ConnectionClosedError());
      if (!state.isConnected) {
        timers.clearAll();
        client.terminate();
        return;
      }
      void Promise.resolve(client.dispose()).catch(() => undefined);
      const giveUpAt = performance.now() + closeTimeoutMs;
      while (state.isConnected && performance.now() < giveUpAt) await sleep(5);
      if (state.isConnected) client.terminate();
      timers.clearAll();
    },
  };
}

/** @throws {RequestRefusedError} there is no use in another try */
function delayBeforeNext(refusal: Refusal, tries: number, backoff: Backoff): number {
  const { code, retryAfterSeconds } = refusal.extensions ?? {};
  if (typeof retryAfterSeconds === 'number') return retryAfterSeconds * 1000 * (1 + Math.random() / 4);
  if (code === 'RATE_LIMITED' || code === 'OVERLOADED') return backoffMs(tries + 2, backoff);
  // A fault inside the server: the database may be away for a moment.
  if (code === 'UNEXPECTED' && tries < faultTries) return backoffMs(tries, backoff);
  throw refusedBy(refusal);
}

function refusedBy({ message, extensions }: Refusal): RequestRefusedError {
  const { code, correlationId } = extensions ?? {};
  const trace = correlationId ? ` Correlation id: ${correlationId}.` : '';
  return new RequestRefusedError(String(code ?? 'UNEXPECTED'), `${message}${trace}`);
}

type Subscribe = ReturnType<typeof createClient>['subscribe'];

async function* eventsOf(
  subscribe: Subscribe,
  payload: SubscribePayload,
  signal: AbortSignal,
  fail: (error: unknown) => unknown,
): AsyncGenerator<Result> {
  const events: Result[] = [];
  let end: { error?: unknown } | null = null;
  let wake = () => {};
  const finish = (how: { error?: unknown }) => {
    end ??= how;
    wake();
  };
  const abort = () => finish({ error: signal.reason });
  signal.throwIfAborted();
  signal.addEventListener('abort', abort, { once: true });
  const dispose = subscribe<Record<string, unknown>, Record<string, unknown>>(payload, {
    next: (event) => {
      events.push(event);
      wake();
    },
    error: (error) =>
      finish({ error: Array.isArray(error) ? refusedBy(error[0]) : fail(error) }),
    complete: () => finish({}),
  });
  try {
    for (;;) {
      for (let event = events.shift(); event; event = events.shift()) yield event;
      const how = end as { error?: unknown } | null;
      if (how && 'error' in how) throw how.error;
      if (how) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal.removeEventListener('abort', abort);
    dispose();
  }
}

function addressesOf(address: string): { base: string; endpoint: string } {
  const url = new URL(address);
  if (!/^https?:$|^wss?:$/.test(url.protocol))
    throw new TypeError(`Expected an address that begins with http:// or https://, got ${address}`);
  url.protocol = url.protocol.replace('ws', 'http');
  url.pathname = url.pathname.replace(/\/(?:graphql\/?)?$/, '');
  url.search = '';
  url.hash = '';
  const base = url.href.replace(/\/$/, '');
  return { base, endpoint: `${base.replace('http', 'ws')}/graphql` };
}

function messageOf(error: unknown): string {
  const { message, error: cause } = error as { message?: string; error?: Error };
  return message || cause?.message || 'the connection failed';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error), { cause: error });
}

/** Timers by name; setting one again replaces it. */
class Timers {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  set(name: string, ms: number, run: () => void): void {
    this.clear(name);
    this.#timers.set(name, setTimeout(run, ms));
  }
  clear(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
  clearAll(): void {
    for (const name of [...this.#timers.keys()]) this.clear(name);
  }
}
