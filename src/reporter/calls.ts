import { beginCall, type Call, type Contract, type OnCall, type Tell } from './contracts.ts';
import type { Safely } from './host.ts';

/** What the hooks use of the reporter. */
export type Hooks = {
  tell: Tell;
  breadcrumb(kind: string, message?: string): void;
  traceparent(): string;
  /** Whether a server may hear of the trace: a header that it does not expect makes browsers ask it first. */
  mayTrace(url: string): boolean | null;
  safely: Safely;
  onCall: OnCall | undefined;
};

type Init = {
  url?: string;
  method?: string;
  body?: unknown;
  headers?: unknown;
  signal?: { aborted: boolean; reason?: unknown } | null;
};
type Answer = {
  ok: boolean;
  status: number;
  headers: { get(name: string): string | null };
  clone(): { text(): Promise<string> };
};
type HeaderList = { get(name: string): string | null; set(name: string, value: string): void };
declare const Headers: new (init?: unknown) => HeaderList;

/**
 * A `fetch` that hands on the trace, checks what is under a contract, and tells of services that are
 * away. It answers as the given one does. A call that its caller gives up is no failure, unless for its
 * time (`AbortSignal.timeout`).
 */
export function wrapFetch<T extends (input: never, init?: never) => Promise<unknown>>(
  hooks: Hooks,
  fetch: T,
  contracts: Contract[],
): T {
  const pass = fetch as unknown as (input: unknown, init: Init) => Promise<Answer>;
  const wrapped = async (input: unknown, init: Init = {}): Promise<Answer> => {
    // An address, or a request whose parts the second argument may replace.
    const partOf = <K extends keyof Init>(name: K): Init[K] => init[name] ?? (input as Init)[name];
    const url = String(partOf('url') ?? input);
    const method = partOf('method') ?? 'GET';
    const signal = partOf('signal');
    const headers = new Headers(partOf('headers'));
    const traceparent = headers.get('traceparent') ?? hooks.traceparent();
    if (hooks.mayTrace(url)) headers.set('traceparent', traceparent);
    const sent = parse(init.body);
    const name = nameOf(sent);
    const known = contracts.find((one) => governs(one, url, method, name));
    const server = url.replace(/(\w)\/.*/, '$1');
    const call = beginCall(hooks, known, name ?? `${method} ${server}`, {
      correlationId: traceparent.split('-')[1],
      request: { method, url, operationName: name },
    });
    const asked = { ...init, headers };
    if (isGraphQL(sent)) {
      call.sent(sent.variables ?? {});
      const extensions = { contractHash: known?.hash, ...sent.extensions };
      if (known) asked.body = JSON.stringify({ ...sent, extensions });
    } else if (sent !== undefined) call.sent(sent);
    const note = (what: unknown) => hooks.breadcrumb('http', `${method} ${url} ${what}`);
    try {
      const answer = await pass(input, asked);
      const { status, ok } = answer;
      note(status);
      // GraphQL says in its answer what was wrong.
      call.heard(isGraphQL(sent) && status < 500 && status !== 429 ? 200 : status);
      if (known && (isGraphQL(sent) ? status < 500 : ok && known.response))
        // A copy: whoever asked reads the answer as ever, and hears of it if it is cut.
        answer
          .clone()
          .text()
          .then(
            (text) => call[isGraphQL(sent) ? 'resulted' : 'answered'](parse(text)),
            () => {},
          );
      return answer;
    } catch (error) {
      note('failed');
      const isLate = (signal?.reason as { name?: string } | undefined)?.name === 'TimeoutError';
      if (signal?.aborted && !isLate) call.forget();
      else call.failed(isLate);
      throw error;
    }
  };
  return wrapped as unknown as T;
}

type Payload = {
  query?: string;
  operationName?: string | null;
  variables?: unknown;
  extensions?: Record<string, unknown> | null;
};
type Sink = { next(value: unknown): void; error(error: unknown): void; complete(): void };

/** The part of a client of graphql-ws that is used. */
export type SocketClient = {
  subscribe(payload: never, sink: never): () => void;
  on(event: 'closed', listener: (event: unknown) => void): () => void;
};

/**
 * A client of graphql-ws that hands on the trace in `extensions.traceparent` and the contract that the
 * client goes by in `extensions.contractHash`, checks what is under a contract, and tells of sockets that
 * end abnormally (1006) while an operation waits. `iterate` of the client is left as it is.
 */
export function wrapClient<T extends SocketClient>(
  hooks: Hooks,
  client: T,
  contracts: Contract[],
): T {
  const waiting = new Set<Call>();
  client.on('closed', (event) => {
    const { code } = event as { code?: number };
    hooks.breadcrumb('websocket', `closed ${code}`);
    if (code !== 1006) return;
    for (const call of waiting) call.failed(false, { closeCode: code });
    waiting.clear();
  });
  const inner = client.subscribe as unknown as (payload: Payload, sink: Sink) => () => void;
  const subscribe = (payload: Payload, sink: Sink): (() => void) => {
    const { extensions, query = '', variables = {} } = payload;
    const traceparent = String(extensions?.traceparent ?? hooks.traceparent());
    const operationName = nameOf(payload) ?? '';
    const known = contracts.find((one) => governs(one, '', '', operationName));
    const call = beginCall(hooks, known, operationName, {
      correlationId: traceparent.split('-')[1],
      request: { operationName },
    });
    call.sent(variables);
    if (/^\s*subscription\b/.test(query)) call.forget(); // its events come when they come
    waiting.add(call);
    const heard = () => waiting.delete(call) && call.heard(200);
    const dispose = inner.call(
      client,
      { ...payload, extensions: { contractHash: known?.hash, ...extensions, traceparent } },
      {
        next(value) {
          heard();
          call.resulted(value);
          sink.next(value);
        },
        error(error) {
          heard();
          call.resulted({ errors: [error].flat() });
          sink.error(error);
        },
        complete() {
          heard();
          sink.complete();
        },
      },
    );
    return () => {
      waiting.delete(call);
      call.forget();
      dispose();
    };
  };
  return Object.assign(Object.create(client), { subscribe }) as T;
}

function governs(
  { path, operation, method = 'GET' }: Contract,
  url: string,
  asked: string,
  name: string | undefined,
): boolean {
  if (!path) return operation === name;
  const parts = path.split('/');
  const given = url.replace(/^\w+:\/\/[^/]+|[?#].*/g, '').split('/');
  const isSame = (part: string, index: number) => part === '*' || part === given[index];
  return method === asked.toUpperCase() && parts.length === given.length && parts.every(isSame);
}

function isGraphQL(sent: unknown): sent is Payload {
  return typeof (sent as Payload | undefined)?.query === 'string';
}

function nameOf(sent: unknown): string | undefined {
  if (!isGraphQL(sent)) return undefined;
  return (
    sent.operationName ?? /\b(?:query|mutation|subscription)\s+(\w+)/.exec(sent.query ?? '')?.[1]
  );
}

function parse(body: unknown): unknown | undefined {
  try {
    if (typeof body === 'string') return JSON.parse(body);
  } catch {
    // It is something else.
  }
}
