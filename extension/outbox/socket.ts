import { type Client, createClient } from 'graphql-ws/client';
import { newKeyAdvice, RefusedError } from './errors.ts';
import { type Backoff, backoffMs } from './patience.ts';

export type SocketOptions = {
  /** The server's address, without `/graphql`. */
  url: string;
  /** Asked anew at every connect. */
  key: () => Promise<string>;
  backoff?: Backoff;
  /** Hears of every coming and going. `problem` says in words why it is not there. */
  onState: (state: 'connecting' | 'connected' | 'lost' | 'idle', problem: string | null) => void;
  onRefused: (error: RefusedError) => void;
  /** Checks what is asked and answered. Default: nobody does. */
  watch?: (client: Client) => Pick<Client, 'subscribe'>;
};

/** One WebSocket after another, while something is asked or followed. */
export type Socket = {
  subscribe: Client['subscribe'];
  /** Failed tries in a row. */
  failures(): number;
  /** Times that it was opened again after it was lost. */
  reconnects(): number;
  /** The next try comes now. */
  hurry(): void;
  /** What the stock client calls fatal, in words. */
  explain(error: unknown): Error;
  close(): void;
};

const defaultBackoff: Backoff = { firstMs: 500, lastMs: 30_000 };
/** The server's word for a key that is not good, or not any more. */
const refusedCode = 4401;
const keepAliveMs = 20_000; // a service worker dies after 30 s in which only the server speaks
const connectTimeoutMs = 10_000;
const pongTimeoutMs = 8_000;
/** Longer than the samples of health are apart, so that a recording keeps one connection. */
const idleMs = 45_000;

/** graphql-ws with back-off and jitter, a fresh key each time, and an end for good only where the server says so. */
export function openSocket(options: SocketOptions): Socket {
  const { url, key, backoff = defaultBackoff, onState, onRefused } = options;
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  let failures = 0;
  let reconnects = 0;
  let isThere = false;
  let isLost = false;
  let isClosed = false;
  let retryNow = () => {};

  const clear = (name: string) => {
    clearTimeout(timers.get(name));
    timers.delete(name);
  };
  const set = (name: string, ms: number, run: () => void) => {
    clear(name);
    timers.set(name, setTimeout(run, ms));
  };

  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    lazy: true,
    lazyCloseTimeout: idleMs,
    connectionParams: async () => ({ token: await key() }),
    keepAlive: keepAliveMs,
    connectionAckWaitTimeout: connectTimeoutMs,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => !isClosed,
    // Must not reject: graphql-ws would not catch it.
    retryWait: () =>
      new Promise((resolve) => {
        retryNow = resolve;
        set('retry', backoffMs(failures, backoff), resolve);
        failures += 1;
      }),
    on: {
      connecting: () => {
        onState('connecting', null);
        set('connect', connectTimeoutMs, () => client.terminate());
      },
      connected: () => {
        clear('connect');
        if (isLost) reconnects += 1;
        isLost = false;
        isThere = true;
        onState('connected', null);
      },
      message: ({ type }) => {
        if (type === 'next' || type === 'complete') failures = 0;
      },
      ping: (isReceived) => {
        if (!isReceived) set('pong', pongTimeoutMs, () => client.terminate());
      },
      pong: (isReceived) => {
        if (isReceived) clear('pong');
      },
      closed: (event) => {
        for (const name of ['connect', 'pong']) clear(name);
        const { code, reason } = event as { code?: number; reason?: string };
        isLost ||= isThere && code !== 1000;
        isThere = false;
        // Nobody may be asking just now who would hear of it.
        if (code === refusedCode) onRefused(explainClose(url, code, reason ?? ''));
        if (code === 1000) onState('idle', null);
        else {
          const problem = reason || `The server cannot be reached (${code ?? 'no code'}).`;
          // Whoever hears of it gives up what waits; first those who watch must see that it waited.
          queueMicrotask(() => onState('lost', problem));
        }
      },
    },
  });

  return {
    subscribe: (options.watch?.(client) ?? client).subscribe,
    failures: () => failures,
    reconnects: () => reconnects,
    hurry: () => retryNow(),
    explain(error) {
      const { code, reason } = Object(error) as { code?: unknown; reason?: unknown };
      if (typeof code !== 'number')
        return error instanceof Error ? error : new Error('The connection failed.');
      const refused = explainClose(url, code, String(reason ?? ''));
      onRefused(refused);
      return refused;
    },
    close() {
      isClosed = true;
      for (const name of [...timers.keys()]) clear(name);
      void Promise.resolve(client.dispose()).catch(() => undefined); // it was not there
      client.terminate();
    },
  };
}

/** What a close after which the stock client does not come back means. */
function explainClose(server: string, code: number, reason: string): RefusedError {
  if (code === refusedCode)
    return new RefusedError(
      `${server} refused the key: it is wrong, has expired or was revoked.`,
      newKeyAdvice,
      true,
    );
  return new RefusedError(
    `${server} ended the connection (${code}${reason ? `: ${reason}` : ''}).`,
    'Extension and server may be of different versions: update both. It is tried again by itself; everything recorded stays on this device until then.',
    false,
  );
}
