import type { App } from '../../platform/app.ts';
import { countBatches, putOff, UncountableError } from './count.ts';

/** Counts what is stored, again and again. */
export type ReportCounter = {
  /** There is something to count. */
  wake(): void;
  /** For how long something has waited to be counted, in milliseconds. */
  lagMs(): number;
  /** Counts all that there is, now. */
  drain(): Promise<void>;
  /** Counts all that there is, and never again. */
  end(): Promise<void>;
};

/** From the begin of one counting to the next: what comes meanwhile shares its rows. */
const paceMs = 100;
/** Batches of one transaction; each has at most 500 reports, but for a call that has more. */
const mostBatches = 32;
/** Between attempts while the database is away. */
const retryMs = 1_000;
/** How often what others left behind is looked for. */
const sweepMs = 2_000;

const counters = new WeakMap<App['database'], ReportCounter>();

/** The one counter of a process; it counts what is left before the app closes. */
export function counterOf(app: App): ReportCounter {
  let counter = counters.get(app.database);
  if (!counter) {
    counter = makeReportCounter(app);
    counters.set(app.database, counter);
    const { end } = counter;
    app.beforeClose(() =>
      end().catch((error: unknown) =>
        app.log.warn({ err: error }, 'reports are left to be counted at the next start'),
      ),
    );
  }
  return counter;
}

/** Counts also what a process that died left behind, from now on until it is closed. */
export function openReportCounting(app: App): { close(): Promise<void> } {
  const counter = counterOf(app);
  counter.wake();
  const timer = setInterval(() => counter.wake(), sweepMs);
  timer.unref();
  return {
    close: async () => clearInterval(timer),
  };
}

/** A process counts what it stored at once where it is calm, and ten times a second where much comes. */
function makeReportCounter(app: App): ReportCounter {
  let running: Promise<void> | null = null;
  let isScheduled = false;
  let isWanted = false;
  let isClosed = false;
  let begunAt = Number.NEGATIVE_INFINITY;
  let waitingSince: number | null = null;
  /** Since when every batch that was tried failed. */
  let stuckSince: number | null = null;

  /** Answers whether there was something and nothing of it could be counted. */
  const countAll = async (): Promise<boolean> => {
    let isStuck = false;
    for (let first = true; ; first = false) {
      const counted = await countSome(app, mostBatches);
      isStuck = counted.isStuck && (first || isStuck);
      if (counted.taken < mostBatches) return isStuck;
    }
  };

  const run = () => {
    isScheduled = false;
    if (running || isClosed) return;
    isWanted = false;
    begunAt = performance.now();
    const since = waitingSince ?? begunAt;
    running = countAll()
      .then((isStuck) => {
        stuckSince = isStuck ? (stuckSince ?? since) : null;
        waitingSince = isWanted ? begunAt : null;
      })
      .catch((error: unknown) => {
        app.log.warn({ err: error }, 'reports wait to be counted');
        waitingSince = null; // the database is away: nothing can be stored either
        begunAt = performance.now() + retryMs;
        isWanted = true;
      })
      .finally(() => {
        running = null;
        if (isWanted) schedule();
      });
  };

  const schedule = () => {
    if (running || isScheduled) return;
    isScheduled = true;
    const waitMs = begunAt + paceMs - performance.now();
    if (waitMs > 0) setTimeout(run, waitMs).unref();
    else setImmediate(run);
  };

  const wake = () => {
    waitingSince ??= performance.now();
    isWanted = true;
    schedule();
  };

  const drain = async () => {
    await countAll();
    await running; // what it has taken was passed over
  };

  return {
    wake,
    lagMs() {
      const since = stuckSince ?? waitingSince;
      return since === null ? 0 : performance.now() - since;
    },
    drain,
    end() {
      isClosed = true;
      return drain();
    },
  };
}

/** How many batches were taken, and whether all of them failed. */
type Counted = { taken: number; isStuck: boolean };

/** Where batches cannot be counted together each is tried alone, so that one that is broken stops no other. */
async function countSome(app: App, most: number): Promise<Counted> {
  try {
    return { taken: await countBatches(app, most), isStuck: false };
  } catch (error) {
    if (!(error instanceof UncountableError)) throw error;
    const { ids } = error;
    if (most === 1) {
      app.log.error({ err: error.cause, batches: ids }, 'a batch of reports could not be counted');
      app.metrics.reportBatchesPutOff.inc(ids.length);
      await putOff(app, ids);
      return { taken: 1, isStuck: true };
    }
    const each: Counted[] = [];
    for (const _ of ids) each.push(await countSome(app, 1));
    return { taken: most, isStuck: each.every(({ isStuck }) => isStuck) };
  }
}
