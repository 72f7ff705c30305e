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

  const countAll = async () => {
    while ((await countSome(app, mostBatches)) === mostBatches);
  };

  const run = () => {
    isScheduled = false;
    if (running || isClosed) return;
    isWanted = false;
    begunAt = performance.now();
    running = countAll()
      .then(() => {
        waitingSince = isWanted ? begunAt : null;
      })
      .catch((error: unknown) => {
        app.log.warn({ err: error }, 'reports wait to be counted');
        waitingSince = null; // nothing can be stored either
        setTimeout(wake, retryMs).unref();
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
    lagMs: () => (waitingSince === null ? 0 : performance.now() - waitingSince),
    drain,
    end() {
      isClosed = true;
      return drain();
    },
  };
}

/** Where batches cannot be counted together each is tried alone, so that one that is broken stops no other. */
async function countSome(app: App, most: number): Promise<number> {
  try {
    return await countBatches(app, most);
  } catch (error) {
    if (!(error instanceof UncountableError)) throw error;
    const [id, ...others] = error.ids;
    if (others.length === 0 && id) {
      app.log.error({ err: error.cause, batch: id }, 'a batch of reports could not be counted');
      await putOff(app, id);
      return 1;
    }
    let counted = 0;
    for (const _ of error.ids) counted += await countSome(app, 1);
    return counted;
  }
}
