/**
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU: times in µs. `tdur` is
 * what the thread ran of `dur`; the rest it waited for a processor.
 */
export type TraceEvent = {
  name: string;
  ph: string;
  ts: number;
  dur?: number;
  tdur?: number;
  pid: number;
  tid: number;
  args: { data?: { url?: string; type?: string }; name?: string };
};

export type Traced = {
  /** Milliseconds of each event that was dispatched, with all its listeners, by its type. */
  events: { type: string; ms: number }[];
  /** Longest task of the main thread, and longest stretch within the recorder's script. */
  longestTaskMs: number;
  longestStretchMs: number;
  /** All that ran in the recorder's script. */
  recorderMs: number;
  /** All tasks of the main thread. */
  busyMs: number;
};

/** What a trace says of the renderer's main thread. @param script name of the recorder's script */
export function readTrace(trace: TraceEvent[], script: string): Traced {
  const main = mainThreadOf(trace);
  const own = trace
    .filter(({ pid, tid, ph }) => ph === 'X' && `${pid}:${tid}` === main)
    .sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const named = (name: string) => own.filter((event) => event.name === name);
  const calls = own.filter(
    ({ name, args }) => /^(?:FunctionCall|EvaluateScript)$/.test(name) && args.data?.url === script,
  );
  const stretches = outermost(calls).map(millis);
  const tasks = outermost(named('RunTask')).map(millis);
  return {
    events: named('EventDispatch').map((event) => ({
      type: event.args.data?.type ?? '',
      ms: millis(event),
    })),
    longestTaskMs: Math.max(0, ...tasks),
    longestStretchMs: Math.max(0, ...stretches),
    recorderMs: sum(stretches),
    busyMs: sum(tasks),
  };
}

/** The thread that dispatched most events: other tabs and workers have next to none. */
function mainThreadOf(trace: TraceEvent[]): string {
  const counts = new Map<string, number>();
  for (const { name, pid, tid } of trace) {
    if (name !== 'EventDispatch' && name !== 'FunctionCall') continue;
    const key = `${pid}:${tid}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}

/** Without those that ran within another. */
function outermost(events: TraceEvent[]): TraceEvent[] {
  let end = 0;
  return events.filter(({ ts, dur = 0 }) => {
    if (ts < end) return false;
    end = ts + dur;
    return true;
  });
}

/** Of the thread's own time, so that other programs on the machine do not count. */
function millis({ dur = 0, tdur = dur }: TraceEvent): number {
  return tdur / 1_000;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
