import { version } from '../../package.json';
import { redactText } from '../../src/lib/redact/text.ts';
import { openReporter, type Reporter, type ReporterOptions } from '../../src/reporter/browser.ts';
import { type Checks, openChecks } from '../../src/reporter/checks.ts';
import type { Contract } from '../../src/reporter/contracts.ts';
import { loadConnection } from '../outbox/connections.ts';
import { ownContracts } from '../outbox/contracts.ts';
import { onLocalChange } from '../outbox/local.ts';
import type { SocketOptions } from '../outbox/socket.ts';

type Report = Parameters<NonNullable<ReporterOptions['beforeSend']>>[0];

export type Diagnostics = {
  /** Something went wrong that nobody hears of otherwise. @param where in the source's words */
  fault(error: unknown, where?: string): void;
  /** The participant was told that something does not work. */
  trouble(message: string): void;
  /** What was going on; without a word of what is recorded. */
  note(what: string): void;
  /** Takes known secrets out of what is told, too. */
  cleanWith(clean: (text: string) => string): void;
  /** Tells of contracts that the server does not keep, and counts those that it does. */
  watch: NonNullable<SocketOptions['watch']>;
};

/** Faults from before it is known whether anybody wants to hear of them. */
const mostEarly = 50;
/** Where somebody was is nobody's business, in a message of an error either. */
const address = /\b(?:https?|wss?|file|blob|data):\S+/gi;

/**
 * Tells the server of the extension's own faults: of those that nothing catches, of those that are
 * written to the console, and of troubles that the participant is told of. Off while no server is
 * connected, or when its key may not report (the scope REPORT). Call it in the first turn of the
 * worker's loop.
 *
 * @param contracts of the operations that go through `watch`
 * @param checksEveryMs longest wait until checks are told of
 */
export function openDiagnostics({
  contracts = ownContracts,
  checksEveryMs,
}: {
  contracts?: Contract[];
  checksEveryMs?: number;
} = {}): Diagnostics {
  let clean = redactText;
  let early: ((reporter: Reporter) => void)[] | null = [];
  let reporter: Reporter | null = null;
  let checks: Checks | null = null;

  const tell = (work: (reporter: Reporter) => void): void => {
    if (reporter) work(reporter);
    else if (early && early.length < mostEarly) early.push(work);
  };
  const fault = (error: unknown, where?: string): void =>
    tell((to) => to.capture(error, where === undefined ? {} : { function: where }));

  const reopen = async (): Promise<void> => {
    const connection = await loadConnection();
    const before = [reporter, checks];
    reporter = null;
    checks = null;
    if (connection?.mayReport) {
      const { id, url, key } = connection;
      checks = openChecks({
        url,
        key,
        clientId: id,
        ...(checksEveryMs ? { everyMs: checksEveryMs } : {}),
      });
      reporter = openReporter({
        url,
        key,
        contracts,
        onCall: checks.onCall,
        service: 'extension',
        release: version,
        platform: 'EXTENSION',
        automatic: { errors: false, breadcrumbs: false },
        beforeSend: (report) => ({
          ...cleaned(report, (text) => clean(text.replace(address, '[URL]'))),
          tags: { ...report.tags, client: id },
        }),
      });
      for (const work of early ?? []) work(reporter);
    }
    early = null;
    await Promise.all(before.map((one) => one?.close()));
  };
  const reopenSafely = (): void => {
    reopen().catch((error: unknown) => console.warn('Faults cannot be reported:', error));
  };

  globalThis.addEventListener('error', ({ error, message }) => fault(error ?? message));
  globalThis.addEventListener('unhandledrejection', ({ reason }) => fault(reason));
  const { error: write } = console;
  console.error = (...parts: unknown[]) => {
    const [first] = parts;
    const error = parts.find((part) => part instanceof Error);
    fault(
      error ?? parts.map(String).join(' '),
      error && typeof first === 'string' ? first : undefined,
    );
    write.apply(console, parts);
  };
  onLocalChange(['connection'], reopenSafely);
  reopenSafely();

  return {
    fault,
    trouble: (message) => tell((to) => to.captureMessage(message, { severity: 'LOW' })),
    note: (what) => tell((to) => to.breadcrumb(what)),
    cleanWith(also) {
      clean = also;
    },
    watch(client) {
      const watched = new WeakMap<Reporter, typeof client>();
      return {
        subscribe(payload, sink) {
          if (!reporter) return client.subscribe(payload, sink);
          const wrapped = watched.get(reporter) ?? reporter.wrapClient(client);
          watched.set(reporter, wrapped);
          return wrapped.subscribe(payload, sink);
        },
      };
    },
  };
}

/** Every text that may hold somebody's words. */
function cleaned(report: Report, clean: (text: string) => string): Report {
  const exceptions = report.exceptions.map((exception) => ({
    ...exception,
    message: exception.message && clean(exception.message),
  }));
  const { function: name, ...source } = report.source;
  return {
    ...report,
    exceptions,
    ...(report.message === undefined ? {} : { message: clean(report.message) }),
    source: { ...source, ...(name === undefined ? {} : { function: clean(name) }) },
  };
}
