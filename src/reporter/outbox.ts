import { makeId } from './host.ts';
import type {
  Account,
  Category,
  Change,
  Counts,
  Kept,
  Ledger,
  OnFault,
  ReportStore,
} from './types.ts';

/** How a report left, or never came in. */
export type Outcome = Exclude<keyof Counts, 'captured'>;

/** Reports that wait, and the account of all that came. Every step keeps the ledger balanced. */
export type Outbox = {
  /** Takes a report; the least severe and oldest gives way when there is no room. */
  add(report: Kept): void;
  /** Counts one that was captured and goes nowhere. */
  refuse(outcome: Outcome, reason: string, category?: Category): void;
  /** What to send next when `stored` has ended: reports, the most severe first, and accounts. */
  next(most: number, mostChars: number): { reports: Kept[]; accounts: Account[] };
  /** @param reason why it is not told, where the server cannot know; it goes into an account */
  settle(id: string, outcome: Outcome, reason?: string): void;
  settleAccount(id: string): void;
  /** What `next` gave is not under way any more. */
  rest(): void;
  ledger(): Ledger;
  /** Nothing waits, and nothing is owed. */
  isEmpty(): boolean;
  /** Ends when all of the present is stored, or cannot be. */
  stored(): Promise<void>;
};

const mostReports = 200;
const mostBytes = 1024 * 1024;

/** A change that changes nothing. */
export function nothing(): Change {
  const counts = {
    captured: 0,
    accepted: 0,
    duplicate: 0,
    filtered: 0,
    rateLimited: 0,
    invalid: 0,
    discarded: 0,
  };
  return { put: [], gone: [], counts, owed: [] };
}

/** Two lots of reports and counts as one. */
export function joined(one: Change, other: Change): Change {
  const counts = { ...one.counts };
  for (const name in counts) counts[name as keyof Counts] += other.counts[name as keyof Counts];
  return {
    put: [...one.put, ...other.put],
    gone: [],
    counts,
    owed: [...one.owed, ...other.owed],
  };
}

/** @param changed is called when there may be something to send */
export function openOutbox(store: ReportStore, onFault: OnFault, changed: () => void): Outbox {
  const waiting = new Map<string, Kept>();
  const sending = new Set<string>();
  let { counts, owed } = nothing();
  /** Counts what comes; the other accounts may have been sent, and stay as they are. */
  let account: Account | undefined;
  let chars = 0;
  let put = new Set<string>();
  let gone: string[] = [];
  let isDirty = false;
  let writing: Promise<void> | null = null;

  const remove = ({ id, json }: Kept): void => {
    waiting.delete(id);
    chars -= json.length;
    if (!put.delete(id)) gone.push(id);
    isDirty = true;
  };

  const lose = (outcome: Outcome, reason: string, category?: Category): void => {
    counts[outcome] += 1;
    isDirty = true;
    if (!account) {
      account = { id: makeId(), discarded: [] };
      owed.push(account);
    }
    const { discarded } = account;
    const same = discarded.find((one) => one.reason === reason && one.category === category);
    if (same) same.count += 1;
    else discarded.push({ reason, category, count: 1 });
  };

  const makeRoom = (): void => {
    while (waiting.size > mostReports || chars > mostBytes) {
      let least: Kept | undefined;
      for (const report of waiting.values())
        if (!sending.has(report.id) && !(least && report.rank <= least.rank)) least = report;
      if (!least) return;
      remove(least);
      lose('discarded', 'queue_full', least.category);
    }
  };

  const all = (): Change => ({ put: [...waiting.values()], gone: [], counts, owed });

  const save = (): void => {
    if (writing) return;
    if (isDirty) {
      const added = [...put].map((id) => waiting.get(id) as Kept);
      const change = structuredClone({ put: added, gone, counts, owed });
      put = new Set();
      gone = [];
      isDirty = false;
      // One that fails leaves the reporter with its memory.
      settleWrite(() => store.write(change, all));
    } else changed();
  };

  const settleWrite = (write: () => void | Promise<void>): void => {
    const end = () => {
      writing = null;
      save();
    };
    let written: unknown;
    try {
      written = write();
    } catch (fault) {
      onFault(fault);
    }
    if (written instanceof Promise) writing = written.catch(onFault).then(end);
    else end();
  };

  const begin = (found: Change): void => {
    // What others left goes first.
    const sum = joined(found, { ...all(), counts });
    waiting.clear();
    chars = 0;
    for (const report of sum.put) {
      waiting.set(report.id, report);
      chars += report.json.length;
    }
    counts = sum.counts;
    owed = sum.owed;
    makeRoom();
  };

  settleWrite(() => {
    const loaded = store.load();
    return loaded instanceof Promise ? loaded.then(begin) : begin(loaded);
  });

  return {
    add(report) {
      counts.captured += 1;
      waiting.set(report.id, report);
      put.add(report.id);
      chars += report.json.length;
      isDirty = true;
      makeRoom();
      save();
    },
    refuse(outcome, reason, category) {
      counts.captured += 1;
      lose(outcome, reason, category);
      changed(); // a storm would write as often: it goes with the next write
    },
    next(most, mostChars) {
      let length = 0;
      const reports = [...waiting.values()]
        .sort((a, b) => a.rank - b.rank)
        .slice(0, most)
        .filter(({ json }, index) => {
          length += json.length;
          return !index || length < mostChars;
        });
      for (const { id } of reports) sending.add(id);
      account = undefined; // what is counted from now on is another one
      save();
      return { reports, accounts: owed.slice(0, 10) };
    },
    settle(id, outcome, reason) {
      const report = waiting.get(id);
      if (!report) return;
      remove(report);
      if (reason) lose(outcome, reason, report.category);
      else counts[outcome] += 1;
    },
    settleAccount(id) {
      owed = owed.filter((one) => one.id !== id);
      isDirty = true;
    },
    rest() {
      sending.clear();
      save();
    },
    ledger: () => ({ ...counts, queued: waiting.size }),
    isEmpty: () => !waiting.size && !owed.length,
    async stored() {
      if (isDirty) save();
      while (writing) await writing;
    },
  };
}
