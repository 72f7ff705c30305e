import type { App } from '../../platform/app.ts';
import type { ReportCounter } from '../counting/counter.ts';
import { hourOf } from './clock.ts';
import { makeKnownFingerprints } from './fingerprints.ts';
import { openAccount } from './ledger.ts';
import { type CallToStore, type StoredCall, storeCalls } from './store.ts';

type Pending = {
  call: CallToStore;
  /** In reports and accounts. */
  size: number;
  chars: number;
  since: number;
  resolve(result: StoredCall): void;
  reject(error: unknown): void;
};

/** Reports and accounts that share a statement, and UTF-16 code units of what is kept of them. */
const maxReportsPerGroup = 500;
const maxCharsPerGroup = 2 * 1024 * 1024;
/** Groups that are stored at once: while one waits for its commit another is made. */
const maxAtOnce = 2;
/** What may wait in memory, in reports and accounts and in UTF-16 code units of what is kept of them: about 64 MiB. */
const maxWaitingReports = 10_000;
const maxWaitingChars = 32 * 1024 * 1024;
const recountMs = 1_000;
/** What is stored may wait to be counted for so many times what may wait to be stored; then no more is taken. */
const lagFactor = 5;

export type ReportWriter = {
  /** Stores a call together with the others that wait. Resolves after the commit. */
  write(call: CallToStore): Promise<StoredCall>;
  /** Counts what was refused before any work, with the next group or by itself. Never waits. */
  count(call: Pick<CallToStore, 'projectId' | 'receivedAt' | 'ledger'>): void;
  /** Why nothing more is taken at present; `null` when there is room. */
  congestion(): string | null;
};

/**
 * Group commit: calls that arrive while two groups are stored share the next statement. When a shared one
 * fails, each call is tried alone, so that a poisoned one harms nobody.
 */
export function makeReportWriter(app: App, counter: ReportCounter): ReportWriter {
  const known = makeKnownFingerprints();
  let queue: Pending[] = [];
  let counts = new Map<string, CallToStore>();
  /** Groups that are being stored, and since when. */
  const running = new Map<Pending[], number>();
  let waitingReports = 0;
  let waitingChars = 0;

  const takeGroup = (): Pending[] => {
    let reports = 0;
    let chars = 0;
    let taken = 0;
    for (const pending of queue) {
      reports += pending.size;
      chars += pending.chars;
      if (taken > 0 && (reports > maxReportsPerGroup || chars > maxCharsPerGroup)) break;
      taken += 1;
    }
    const group = queue.slice(0, taken);
    queue = queue.slice(taken);
    for (const pending of group) {
      waitingReports -= pending.size;
      waitingChars -= pending.chars;
    }
    return group;
  };

  const commit = async (group: Pending[], counted: CallToStore[]): Promise<void> => {
    try {
      const results = await storeCalls(app, known, [...group.map(({ call }) => call), ...counted]);
      counter.wake();
      group.forEach((pending, index) => {
        const result = results[index];
        if (result) pending.resolve(result);
      });
    } catch (error) {
      for (const call of counted) keepCount(call);
      if (counted.length > 0) setTimeout(pump, recountMs).unref();
      if (group.length + counted.length > 1)
        for (const pending of group) await commit([pending], []);
      else for (const pending of group) pending.reject(error);
    }
  };

  const keepCount = (call: CallToStore) => {
    const key = `${call.projectId} ${hourOf(call.receivedAt).getTime()}`;
    const account = openAccount(counts.get(key)?.ledger);
    for (const entry of call.ledger) account.add(entry, entry.count);
    counts.set(key, { ...call, ledger: account.entries() });
  };

  const pump = async () => {
    if (running.size >= maxAtOnce) return;
    do {
      const counted = [...counts.values()];
      counts = new Map();
      const group = takeGroup();
      if (group.length + counted.length === 0) return;
      running.set(group, performance.now());
      try {
        await commit(group, counted);
      } finally {
        running.delete(group);
      }
    } while (queue.length > 0);
  };

  return {
    write(call) {
      // Accounts are taken while reports are refused, but not without end.
      if (waitingReports > 2 * maxWaitingReports || waitingChars > 2 * maxWaitingChars)
        return Promise.reject(new Error('Too much waits to be stored.'));
      return new Promise((resolve, reject) => {
        const size = call.reports.length + call.clientReports.length;
        const chars = charsOf(call);
        queue.push({ call, size, chars, resolve, reject, since: performance.now() });
        waitingReports += size;
        waitingChars += chars;
        // Calls whose messages were read in the same turn of the loop go together.
        if (queue.length === 1 && running.size < maxAtOnce) setImmediate(pump);
      });
    },
    count({ projectId, receivedAt, ledger }) {
      keepCount({ projectId, receivedAt, ledger, reports: [], clientReports: [] });
      if (running.size < maxAtOnce) setImmediate(pump);
    },
    congestion() {
      if (waitingReports > maxWaitingReports || waitingChars > maxWaitingChars)
        return 'too many reports wait to be stored';
      const { poolWaitMs } = app.config.overload;
      if (counter.lagMs() > lagFactor * poolWaitMs) return 'counting is behind';
      const since = Math.min(queue[0]?.since ?? Number.POSITIVE_INFINITY, ...running.values());
      return performance.now() - since > poolWaitMs ? 'the database is slow' : null;
    },
  };
}

const overheadChars = 100; // of one line of an account

/** About how much of a call is kept: bodies, and what the summary holds. */
function charsOf({ reports, clientReports }: CallToStore): number {
  let chars = clientReports.reduce(
    (sum, { discarded }) => sum + overheadChars * discarded.length,
    0,
  );
  for (const { body, tags, contract } of reports) {
    chars += body?.length ?? 0;
    if (tags || contract) chars += JSON.stringify([tags, contract]).length;
  }
  return chars;
}
