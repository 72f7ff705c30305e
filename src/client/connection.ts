import type { FormattedExecutionResult } from 'graphql';
import type { SubscribePayload } from 'graphql-ws/client';
import type { TypedDocumentString } from '../generated/client/graphql.ts';
import { traceparentFor } from '../lib/session-trace.ts';
import { ConnectionClosedError, NoAnswerError, RequestRefusedError } from './errors.ts';
import { type Backoff, backoffMs, type Sleep, sleep } from './patience.ts';
import {
  addressesOf,
  defaultBackoff,
  openSocket,
  type Socket,
  type SocketOptions,
} from './socket.ts';
import { contractHashOf, openWatch, type Watcher } from './watch.ts';

export type ConnectionOptions = SocketOptions & {
  /** How long one operation is tried, over any number of connections. */
  patienceMs?: number;
  /** Tells the server of contracts that it does not keep, as this service, where the token is a key that may report. Default: nobody is told. */
  watcher?: Watcher;
  /** For tests: waits between tries of one operation. */
  wait?: Sleep;
};

/** A connection that comes back by itself until it is closed. */
export type Connection = {
  /** The server's address, without `/graphql`; upload slots are relative to it. */
  readonly url: string;
  readonly patienceMs: number;
  readonly backoff: Backoff;
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
  run<R, V>(document: TypedDocumentString<R, V>, variables: V, signal?: AbortSignal): Promise<R>;
  /** Events of a subscription, resumed after every loss of the connection: some may come twice. */
  follow<R, V>(
    document: TypedDocumentString<R, V>,
    variables: V,
    signal?: AbortSignal,
  ): AsyncGenerator<R>;
  close(): Promise<void>;
};

/** Tries of an operation that met a fault inside the server. */
const faultTries = 6;

type Data = Record<string, unknown>;
type Result = FormattedExecutionResult<Data, Data>;
type Refusal = { message: string; extensions?: Data };

/** @throws {TypeError} the address is none */
export function openConnection(options: ConnectionOptions): Connection {
  const { patienceMs = 120_000, wait = sleep, backoff = defaultBackoff } = options;
  const { url, token, watcher } = options;
  const key = typeof token === 'string' ? token : '';
  const watch = watcher && key ? openWatch({ url: addressesOf(url).base, key, ...watcher }) : null;
  const socket = openSocket({ ...options, ...(watch ? { watch: watch.wrap } : {}) });
  const { base, ended } = socket;
  const inSeconds = (ms: number) => `${Math.round(ms / 1000)} s (${socket.lastProblem()})`;

  return {
    url: base,
    patienceMs,
    backoff,
    wait,
    get reconnects() {
      return Math.max(0, socket.connects() - 1);
    },

    async ready(timeoutMs) {
      const giveUpAt = performance.now() + timeoutMs;
      while (!socket.isConnected()) {
        if (performance.now() > giveUpAt)
          throw new NoAnswerError(
            `Expected a CodeSight server at ${base}, got no connection in ${inSeconds(timeoutMs)}.`,
          );
        await sleep(10, ended);
      }
      await sleep(20, ended); // a refused key is closed right after the greeting
    },

    async run<R, V>(document: TypedDocumentString<R, V>, variables: V, signal?: AbortSignal) {
      const patience = AbortSignal.timeout(patienceMs);
      const stop = AbortSignal.any([ended, patience, ...(signal ? [signal] : [])]);
      try {
        for (let tries = 1; ; tries += 1) {
          const { data, errors } = await ask(socket, payloadOf(document, variables), stop);
          const [refusal] = errors ?? [];
          if (!refusal) return data as R;
          await wait(delayBeforeNext(refusal, tries, backoff), stop);
        }
      } catch (error) {
        if (!patience.aborted || error !== patience.reason) throw error;
        throw new NoAnswerError(
          `Expected an answer from ${base}, got none in ${inSeconds(patienceMs)}.`,
        );
      }
    },

    async *follow<R, V>(document: TypedDocumentString<R, V>, variables: V, signal?: AbortSignal) {
      const stop = signal ? AbortSignal.any([ended, signal]) : ended;
      for await (const { data, errors } of eventsOf(socket, payloadOf(document, variables), stop)) {
        const [refusal] = errors ?? [];
        if (refusal) throw refusedBy(refusal);
        yield data as R;
      }
    },

    async close() {
      await socket.close();
      await watch?.close();
    },
  };
}

function payloadOf(document: object, given: unknown): SubscribePayload {
  const variables = given as Data;
  const query = document.toString();
  const traceparent = traceparentFor(variables) ?? undefined;
  return { query, variables, extensions: { contractHash: contractHashOf(query), traceparent } };
}

function ask(socket: Socket, payload: SubscribePayload, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    let result: Result | null = null;
    const finish = (settle: () => void): void => {
      signal.removeEventListener('abort', abort);
      settle();
    };
    const dispose = socket.subscribe<Data, Data>(payload, {
      next: (value) => {
        result = value;
      },
      error: (error) =>
        finish(() => {
          if (Array.isArray(error)) resolve({ errors: error });
          else reject(socket.fail(error));
        }),
      complete: () =>
        finish(() => {
          if (result) resolve(result);
          else reject(new ConnectionClosedError());
        }),
    });
    function abort(): void {
      dispose();
      reject(signal.reason);
    }
    signal.addEventListener('abort', abort, { once: true });
  });
}

/** Events as they come, until the server ends them. @throws the signal's reason when it is aborted */
async function* eventsOf(
  socket: Socket,
  payload: SubscribePayload,
  signal: AbortSignal,
): AsyncGenerator<Result> {
  signal.throwIfAborted();
  const events: Result[] = [];
  const ends: { error?: unknown }[] = [];
  let wake = (): void => undefined;
  const end = (how: { error?: unknown }): void => {
    ends.push(how);
    wake();
  };
  const abort = (): void => end({ error: signal.reason });
  signal.addEventListener('abort', abort, { once: true });
  const dispose = socket.subscribe<Data, Data>(payload, {
    next: (event) => {
      events.push(event);
      wake();
    },
    error: (error) =>
      end({ error: Array.isArray(error) ? refusedBy(error[0]) : socket.fail(error) }),
    complete: () => end({}),
  });
  try {
    for (;;) {
      for (let event = events.shift(); event; event = events.shift()) yield event;
      const [how] = ends;
      if (how?.error) throw how.error;
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

/** @throws {RequestRefusedError} another try is of no use */
function delayBeforeNext(refusal: Refusal, tries: number, backoff: Backoff): number {
  const { code, retryAfterSeconds } = refusal.extensions ?? {};
  if (typeof retryAfterSeconds === 'number')
    return retryAfterSeconds * 1000 * (1 + Math.random() / 4);
  // A fault inside the server: its database may be away for a moment.
  if (code === 'UNEXPECTED' && tries < faultTries) return backoffMs(tries, backoff);
  throw refusedBy(refusal);
}

function refusedBy({ message, extensions }: Refusal): RequestRefusedError {
  const { code, correlationId } = extensions ?? {};
  const trace = correlationId ? ` Correlation id: ${correlationId}.` : '';
  return new RequestRefusedError(String(code ?? 'UNEXPECTED'), `${message}${trace}`);
}
