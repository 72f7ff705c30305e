import type { TypedDocumentString } from '../../src/generated/extension/graphql.ts';
import { traceparentFor } from '../../src/lib/session-trace.ts';
import { contractHashOf } from './contracts.ts';
import { LostError, OperationRefusedError } from './errors.ts';
import { backoffMs, laterMs, sleep } from './patience.ts';
import { openSocket, type Socket, type SocketOptions } from './socket.ts';

/** A connection that comes back by itself until it is closed. */
export type Connection = {
  /** The server's address, without `/graphql`; upload slots are relative to it. */
  readonly url: string;
  /** Failed tries to connect, in a row. */
  failures(): number;
  /** Times that it came back after it was lost. */
  reconnects(): number;
  /** Aborted with {@link LostError} when the connection is lost the next time. */
  loss(): AbortSignal;
  /** Cuts short a wait for the next try. */
  hurry(): void;
  /**
   * Runs a query or mutation until it is answered. It is sent again after every loss of the
   * connection, so a mutation must be idempotent.
   *
   * @throws {OperationRefusedError} the server will never take it
   * @throws {RefusedError} the server does not want this client
   */
  run<R, V>(document: TypedDocumentString<R, V>, variables: V, signal: AbortSignal): Promise<R>;
  /** Events of a subscription, resumed after every loss of the connection: some may come twice. */
  follow<R, V>(
    document: TypedDocumentString<R, V>,
    variables: V,
    signal: AbortSignal,
  ): AsyncGenerator<R>;
  close(): void;
};

/** Tries of an operation that met a fault inside the server. */
const faultTries = 4;
const faultBackoff = { firstMs: 500, lastMs: 5_000 };

type Data = Record<string, unknown>;
type Result = { data?: Data | null; errors?: readonly Refusal[] };

export function openConnection(options: SocketOptions): Connection {
  let loss = new AbortController();
  let isThere = false;
  const socket = openSocket({
    ...options,
    onState(state, problem) {
      const isLost = isThere && state === 'lost';
      isThere = state === 'connected' || (isThere && !isLost);
      options.onState(state, problem);
      if (!isLost) return;
      const lost = loss;
      loss = new AbortController();
      lost.abort(new LostError(problem ?? 'The connection was lost.'));
    },
  });
  const closing = new AbortController();
  return {
    url: options.url,
    loss: () => loss.signal,
    failures: socket.failures,
    reconnects: socket.reconnects,
    hurry: socket.hurry,

    async run<R, V>(document: TypedDocumentString<R, V>, variables: V, signal: AbortSignal) {
      const stop = AbortSignal.any([closing.signal, signal]);
      for (let tries = 1; ; tries += 1) {
        const { data, errors } = await ask(socket, payloadOf(document, variables), stop);
        const [refusal] = errors ?? [];
        if (!refusal) return data as R;
        await sleep(delayBeforeNext(refusal, tries), stop);
      }
    },

    async *follow<R, V>(document: TypedDocumentString<R, V>, variables: V, signal: AbortSignal) {
      const stop = AbortSignal.any([closing.signal, signal]);
      for await (const { data, errors } of eventsOf(socket, payloadOf(document, variables), stop)) {
        const [refusal] = errors ?? [];
        if (refusal) throw refusedBy(refusal);
        yield data as R;
      }
    },

    close() {
      closing.abort(new DOMException('The connection was closed.', 'AbortError'));
      socket.close();
    },
  };
}

function payloadOf(document: object, given: unknown) {
  const variables = given as Data;
  const query = document.toString();
  const traceparent = traceparentFor(variables) ?? undefined;
  return { query, variables, extensions: { contractHash: contractHashOf(query), traceparent } };
}

function ask(
  socket: Socket,
  payload: ReturnType<typeof payloadOf>,
  signal: AbortSignal,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    let result: Result | null = null;
    const finish = (settle: () => void) => {
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
          else reject(socket.explain(error));
        }),
      complete: () =>
        finish(() => {
          if (result) resolve(result);
          else reject(new Error('The connection was closed while an answer was expected.'));
        }),
    });
    function abort() {
      dispose();
      reject(signal.reason);
    }
    signal.addEventListener('abort', abort, { once: true });
  });
}

/** Events as they come, until the server ends them. @throws the signal's reason when it is aborted */
async function* eventsOf(
  socket: Socket,
  payload: ReturnType<typeof payloadOf>,
  signal: AbortSignal,
): AsyncGenerator<Result> {
  signal.throwIfAborted();
  const events: Result[] = [];
  const ends: { error?: unknown }[] = [];
  let wake = () => {};
  const end = (how: { error?: unknown }) => {
    ends.push(how);
    wake();
  };
  const abort = () => end({ error: signal.reason });
  signal.addEventListener('abort', abort, { once: true });
  const dispose = socket.subscribe<Data, Data>(payload, {
    next: (event) => {
      events.push(event);
      wake();
    },
    error: (error) =>
      end({ error: Array.isArray(error) ? refusedBy(error[0]) : socket.explain(error) }),
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

type Refusal = { message: string; extensions?: Data };

/** @throws {OperationRefusedError} another try is of no use now */
function delayBeforeNext(refusal: Refusal, tries: number): number {
  const { code, retryAfterSeconds } = refusal.extensions ?? {};
  if (typeof retryAfterSeconds === 'number') return laterMs(retryAfterSeconds);
  // A fault inside the server: its database may be away for a moment.
  if (code === 'UNEXPECTED' && tries < faultTries) return backoffMs(tries, faultBackoff);
  throw refusedBy(refusal);
}

function refusedBy({ message, extensions }: Refusal): OperationRefusedError {
  return new OperationRefusedError({ code: String(extensions?.code ?? 'UNEXPECTED'), message });
}
