import { later } from './host.ts';
import type { Outbox, Outcome } from './outbox.ts';
import type { OnFault } from './types.ts';

/** The part of `fetch` that is used, so that one can be given. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body: string;
    keepalive: boolean;
    signal: AbortSignal;
  },
) => Promise<{
  ok: boolean;
  status: number;
  headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}>;

export type Sender = {
  /** Sends soon, or when the server allows it again. */
  wake(delayMs?: number): void;
  /** Sends until nothing waits. `false`: the time was over first. */
  flush(timeoutMs: number): Promise<boolean>;
  stop(): void;
};

const mostReports = 50;
const mostChars = 512 * 1024;
const keepaliveChars = 60_000; // browsers allow 64 KiB in flight: https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
const soonMs = 100;
const accountsMs = 5_000; // what was only counted is in no hurry
const answerMs = 30_000;
const firstRetryMs = 500;
const lastRetryMs = 150_000; // jitter doubles it at most
const lastWaitMs = 3_600_000;
/** What is final. Rate-limited is not: it comes again. */
const outcomes: Record<string, Outcome> = {
  ACCEPTED: 'accepted',
  DUPLICATE: 'duplicate',
  FILTERED: 'filtered',
  INVALID: 'invalid',
};

type Answer = {
  outcomes?: { id: string; outcome: string }[];
  /** Accounts that are counted now, also when the reports are refused. */
  clientReports?: string[];
};

/**
 * Sends what waits in the outbox to `POST url/api/reports`, one batch at a time. A refused batch comes
 * again after a pause that doubles, with jitter, or when the server says (`Retry-After`); what the server
 * cannot read is sent alone, and then counted as invalid.
 */
export function openSender(
  outbox: Outbox,
  { url, key, fetch }: { url: string; key: string; fetch: Fetch },
  onFault: OnFault,
): Sender {
  const now = () => performance.now();
  let cancel = () => {};
  let dueAt = Number.MAX_VALUE;
  let quietUntil = 0;
  let pauseMs = firstRetryMs;
  let most = mostReports;
  let running: Promise<void> | null = null;
  let isStopped = false;

  const wake = (delayMs = outbox.ledger().queued ? soonMs : accountsMs): void => {
    const at = Math.max(now() + delayMs, quietUntil);
    if (isStopped || running || at >= dueAt || outbox.isEmpty()) return;
    cancel();
    dueAt = at;
    cancel = later(run, at - now());
  };

  const run = (): Promise<void> => {
    cancel();
    dueAt = Number.MAX_VALUE;
    running ??= sendOne()
      .catch((fault) => {
        pause(0);
        onFault(fault);
      })
      .then(() => {
        running = null;
        outbox.rest();
        wake();
      });
    return running;
  };

  const pause = (askedMs: number): void => {
    const ownMs = pauseMs * (1 + Math.random());
    pauseMs = Math.min(lastRetryMs, pauseMs * 2);
    quietUntil = now() + Math.min(lastWaitMs, Math.max(askedMs, ownMs));
  };

  const sendOne = async (): Promise<void> => {
    const { reports, accounts } = outbox.next(most, mostChars);
    await outbox.stored(); // nothing is sent that is not kept
    if (!reports.length && !accounts.length) return;
    const lines = reports.map(({ json }) => json);
    const owed = JSON.stringify(accounts);
    const body = `{"sentAt":"${new Date().toISOString()}","reports":[${lines}],"clientReports":${owed}}`;
    const controller = new AbortController();
    const inTime = later(() => controller.abort(), answerMs);
    try {
      const response = await fetch(`${url}/api/reports`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body,
        keepalive: body.length < keepaliveChars, // it goes on when the page does not
        signal: controller.signal,
      });
      const { status } = response;
      // One that is cut short, or of somebody between, tells nothing.
      const told = ((await response.json().catch(() => null)) ?? {}) as Answer;
      const left = new Set(reports.map(({ id }) => id));
      for (const { id, outcome } of told.outcomes ?? []) {
        const known = outcomes[outcome];
        if (known && left.delete(id)) outbox.settle(id, known);
      }
      for (const id of told.clientReports ?? []) outbox.settleAccount(id);
      const isCounted = accounts.every(({ id }) => told.clientReports?.includes(id));
      if (response.ok && isCounted && !left.size) {
        pauseMs = firstRetryMs;
        most = mostReports;
      } else if (status !== 400 && status !== 413)
        pause(waitOf(response.headers.get('retry-after')));
      else if (left.size > 1) most = Math.ceil(left.size / 2);
      else {
        for (const id of left) outbox.settle(id, 'invalid', 'send_error');
        if (!reports.length) for (const { id } of accounts) outbox.settleAccount(id);
      }
    } finally {
      inTime();
    }
  };

  return {
    wake,
    async flush(timeoutMs) {
      const giveUpAt = now() + timeoutMs;
      let end = () => {};
      const late = new Promise<void>((go) => {
        end = later(go, timeoutMs);
      });
      await Promise.race([outbox.stored(), late]);
      while (!isStopped && !outbox.isEmpty() && Math.max(now(), quietUntil) < giveUpAt) {
        const quiet = new Promise((go) => setTimeout(go, Math.max(0, quietUntil - now())));
        await Promise.race([quiet.then(run), late]);
      }
      end();
      return outbox.isEmpty();
    },
    stop() {
      isStopped = true;
      cancel();
    },
  };
}

/** Milliseconds of `Retry-After`: seconds or an instant. */
function waitOf(header: string | null): number {
  return Number(header) * 1000 || Date.parse(header ?? '') - Date.now() || 0;
}
