import { openBucket } from './bucket.ts';
import { type Hooks, type SocketClient, wrapClient, wrapFetch } from './calls.ts';
import type { Contract, OnCall } from './contracts.ts';
import { openCorrelation } from './correlation.ts';
import { exceptionsOf, typeOf } from './errors.ts';
import { guarded, host, makeId, type Safely } from './host.ts';
import { nothing, openOutbox } from './outbox.ts';
import { clean, cleanDeep } from './scrub.ts';
import { type Fetch, openSender, type Sender } from './sender.ts';
import { openSync, type SyncConflict, type SyncState } from './sync.ts';
import type {
  Crumb,
  Details,
  Ledger,
  OnFault,
  Platform,
  ReportStore,
  Severity,
  WireReport,
} from './types.ts';

export type ReporterOptions = {
  /** Address of the CodeSight server, for example `https://codesight.example`. */
  url: string;
  /** An API key with the scope REPORT. In a page it is public: give it no other scope. */
  key: string;
  /** Name of what reports, for example `checkout`. */
  service: string;
  release?: string;
  /** For example `production`. */
  environment?: string;
  platform: Platform;
  /** How requests are made. Default: the `fetch` of the surroundings, as it is now. */
  fetch?: Fetch;
  /** Where reports wait, in place of what the surroundings offer. */
  store?: ReportStore;
  /** What is watched by itself: errors and rejections that nobody handles; clicks, pages and `console.error`. Default: all. */
  automatic?: { errors?: boolean; breadcrumbs?: boolean };
  /** The last word on a report: another one, or `null` to keep it back (it is counted). */
  beforeSend?: (report: WireReport) => WireReport | null;
  /** Reports of one type of error: at once, and then per minute. Default 20 and 20; of all types ten times that. */
  rate?: { burst: number; perMinute: number };
  /** Contracts of the services that are called through `wrapFetch` and `wrapClient`. */
  contracts?: Contract[];
  /** Hears of calls under a contract, those that are well among them: `checks.ts` counts them. Default: nobody. */
  onCall?: OnCall;
  /** Beginnings of addresses that get `traceparent`, beside the page's own origin. In Node all do. */
  traced?: string[];
  /** Hears why a part of the reporter does not work. Default: nobody. */
  onFault?: OnFault;
};

/** All of it may be called at any time, and none of it throws, whatever it is given. */
export type Reporter = {
  /**
   * Reports an error with what caused it. Without a severity it has that of its category.
   * @returns its id; `null` when it was kept back, one of too many, or cannot be read
   */
  capture(error: unknown, details?: Details): string | null;
  /** Reports what is no error. Default severity: INFO. */
  captureMessage(message: string, details?: Details): string | null;
  /** Notes something that goes with later reports; the last 50 are kept. */
  breadcrumb(kind: string, message?: string): void;
  /** Whose reports follow, by an id that says nothing of the person; `null`: nobody's. */
  setUser(id: string | null): void;
  /** The `traceparent` to hand on with a request: a span of the present trace, or of a new one. */
  traceparent(): string;
  /**
   * Runs work in a trace: its reports carry the trace id. In Node through everything that is awaited; in
   * browsers until the first `await`, and for the errors that the work throws.
   * @param traceparent as it came with a request; absent or malformed: a new trace
   */
  withCorrelation<T>(traceparent: string | null | undefined, work: (traceparent: string) => T): T;
  /** The same `fetch`, which hands on the trace and reports broken contracts and services that are away. */
  wrapFetch<T extends (input: never, init?: never) => Promise<unknown>>(fetch: T): T;
  /** The same client of graphql-ws, whose `subscribe` hands on the trace and reports broken contracts. */
  wrapClient<T extends SocketClient>(client: T): T;
  /** Tells how far the client's changes have come; a queue that stands still for 5 minutes is reported. */
  syncState(state: SyncState): void;
  /** Reports two copies that disagree. */
  syncConflict(conflict: SyncConflict): void;
  /** Sends what waits. `false`: the time was over first; the rest is kept. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Where every captured report is, those of earlier runs with the same store included. */
  ledger(): Promise<Ledger>;
  /** Stops watching, sends for at most `timeoutMs` (default 2,000), and lets the store go. */
  close(timeoutMs?: number): Promise<void>;
};

/** What a page, a worker or Node has of its own. */
export type Surroundings = {
  /** `null`: it has none, and memory must do. */
  store(): ReportStore | null;
  /** Begins to watch; the answer ends it. */
  watch(watcher: Watcher): () => void;
  /** Names and sizes of what it keeps; `null`: it keeps nothing. */
  storage(): { name: string; bytes: number }[] | null;
  runtime: string | undefined;
};

export type Watcher = {
  errors: boolean;
  breadcrumbs: boolean;
  capture(error: unknown, details: Details): unknown;
  breadcrumb(kind: string, message?: unknown): void;
  /** Sends what waits. */
  hurry(): Promise<unknown>;
};

const severities: Severity[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO'];
const mostCrumbs = 50;
const mostChars = 120_000; // of one report; the server takes 131,072
const memoryStore = (): ReportStore => ({ load: nothing, write() {}, close() {} });

/** Opens a reporter; `browser.ts` and `node.ts` say in what surroundings. */
export function openWith(options: ReporterOptions, surroundings: Surroundings): Reporter {
  const { service, release, environment, key, beforeSend, contracts = [], traced = [] } = options;
  const { errors = true, breadcrumbs = true } = options.automatic ?? {};
  const url = options.url.replace(/\/+$/, '');
  const fetch = options.fetch ?? (globalThis.fetch.bind(globalThis) as unknown as Fetch);
  const onFault: OnFault = (fault) => {
    try {
      options.onFault?.(fault);
    } catch {
      // Whoever wants to hear of faults has one of their own; there is nobody left to tell.
    }
  };
  const safely: Safely = (work) => {
    try {
      return work();
    } catch (fault) {
      onFault(fault);
      return null;
    }
  };
  const bucket = openBucket(options.rate ?? { burst: 20, perMinute: 20 });
  const correlation = openCorrelation();
  const crumbs: Crumb[] = [];
  let user: { id: string } | undefined;
  let isInside = false;
  let isClosed = false;

  const store = options.store ?? safely(surroundings.store) ?? memoryStore();
  let sender: Sender | undefined;
  const outbox = openOutbox(store, onFault, () => sender?.wake());
  sender = openSender(outbox, { url, key, fetch }, onFault);
  const { flush } = sender;
  sender.wake();

  /** @param message of what is no error; `null` for an error */
  const take = (error: unknown, message: string | null, details: Details = {}): string | null => {
    if (isInside || isClosed) return null; // of the reporter itself, or too late
    isInside = true;
    const { category } = details;
    try {
      if (!bucket.take(message?.slice(0, 100) ?? typeOf(error))) {
        outbox.refuse('rateLimited', 'rate_limited', category);
        return null;
      }
      const made = reportOf(error, message, details);
      const report = beforeSend ? beforeSend(made) : made;
      if (!report) {
        outbox.refuse('filtered', 'before_send', category);
        return null;
      }
      const { id, severity = 'HIGH' } = report;
      const rank = severities.indexOf(severity);
      outbox.add({ id, rank, category: report.category, json: jsonOf(report) });
      if (!rank) sender.wake(0);
      return id;
    } catch (fault) {
      outbox.refuse('invalid', 'unreadable', category);
      onFault(fault);
      return null;
    } finally {
      isInside = false;
    }
  };

  const reportOf = (error: unknown, message: string | null, details: Details): WireReport => {
    const { module, function: name, request, ...rest } = details;
    return {
      user,
      sync: sync.details(),
      platform: options.platform,
      correlationId: correlation.of(error),
      ...cleanDeep(rest),
      id: makeId(),
      occurredAt: new Date().toISOString(),
      ...(message === null
        ? { exceptions: exceptionsOf(error) }
        : { message: clean(message, 8192), exceptions: [] }),
      source: cleanDeep({ service, module, function: name }),
      request: request && cleanDeep({ ...request, url: request.url?.replace(/[?#].*/, '') }),
      environment: { release, name: environment, runtime: surroundings.runtime },
      debug: {
        breadcrumbs: [...crumbs],
        storage: safely(surroundings.storage),
      },
    };
  };

  const breadcrumb = (kind: string, message?: unknown): void => {
    if (isInside) return;
    const said = message === undefined ? undefined : clean(message, 500);
    crumbs.push({ at: new Date().toISOString(), kind: clean(kind, 64), message: said });
    if (crumbs.length > mostCrumbs) crumbs.shift();
  };
  const tell = (message: string, details: Details) => void take(null, message, details);
  const sync = openSync(tell);
  const calls = guarded(
    {
      capture: (error: unknown, details?: Details) => take(error, null, details),
      captureMessage: (message: string, details?: Details) =>
        take(null, String(message), { severity: 'INFO', ...details }),
      breadcrumb,
      setUser(id: string | null) {
        user = id === null ? undefined : { id: clean(id, 512) };
      },
      syncState: sync.state,
      syncConflict: sync.conflict,
    },
    safely,
  );
  const { traceparent } = correlation;
  const hooks: Hooks = {
    tell,
    breadcrumb: calls.breadcrumb,
    traceparent,
    mayTrace: (to) => {
      const { origin } = host;
      const isOurs = () =>
        [`${origin}/`, ...traced].some((one) => new URL(to, origin).href.startsWith(one));
      return !origin || safely(isOurs);
    },
    safely,
    onCall: options.onCall,
  };
  const unwatch = safely(() =>
    surroundings.watch({ ...calls, errors, breadcrumbs, hurry: () => flush(10_000) }),
  );

  return {
    ...calls,
    traceparent,
    withCorrelation: correlation.run,
    wrapFetch: (inner) => wrapFetch(hooks, inner, contracts),
    wrapClient: (client) => wrapClient(hooks, client, contracts),
    flush,
    async ledger() {
      await outbox.stored();
      return outbox.ledger();
    },
    async close(timeoutMs = 2_000) {
      if (isClosed) return;
      if (unwatch) safely(unwatch);
      sync.stop();
      await flush(timeoutMs);
      isClosed = true;
      sender.stop();
      await outbox.stored();
      safely(store.close);
    },
  };
}

/** The report as it is kept; what helps least goes first when it is too large. */
function jsonOf(report: WireReport): string {
  const json = JSON.stringify(report);
  if (json.length <= mostChars) return json;
  const { contract, debug, request, response, tags, ...least } = report;
  return JSON.stringify({ ...least, exceptions: report.exceptions.slice(0, 1) });
}
