import { getHeapStatistics } from 'node:v8';

/** Something that took long, and what the process used meanwhile. */
export type SlowEntry = {
  kind: 'operation' | 'job';
  name: string;
  projectId: string;
  traceId: string | null;
  /** The key or user that asked. Absent for a job. */
  viewerId?: string;
  durationMs: number;
  /** Growth of the heap meanwhile, in bytes, whoever caused it. `null` where it is not known so far back. */
  memoryDeltaBytes: number | null;
  /** Share of one processor that the process used meanwhile, from 0. `null` where it is not known. */
  cpuEstimate: number | null;
};

export type SlowLog = {
  /** Notes what took long; of more than a hundred that wait the slowest stay. */
  note(entry: Omit<SlowEntry, 'memoryDeltaBytes' | 'cpuEstimate'>): void;
  /** What was noted since the last call, the slowest first, and how many more there were. */
  take(most: number): { entries: SlowEntry[]; more: number };
  close(): void;
};

type Sample = { at: number; heapBytes: number; cpuMs: number };

/** An operation is slow from here on, in milliseconds. */
export const slowOperationMs = 1_000;
/** A job is slow from here on, in milliseconds. */
export const slowJobMs = 10_000;

const keptEntries = 100;
const sampleMs = 1_000;
const keptSamples = 600; // ten minutes

/** What was used is sampled once a second, so that what is quick costs nothing. */
export function openSlowLog(): SlowLog {
  const samples: Sample[] = [sampleNow()];
  let entries: SlowEntry[] = [];
  let more = 0;
  const timer = setInterval(() => {
    samples.push(sampleNow());
    if (samples.length > keptSamples) samples.shift();
  }, sampleMs);
  timer.unref();
  return {
    note(entry) {
      entries.push({ ...entry, ...usedSince(samples, entry.durationMs) });
      if (entries.length <= keptEntries) return;
      entries = slowestFirst(entries).slice(0, keptEntries);
      more += 1;
    },
    take(most) {
      const taken = slowestFirst(entries).slice(0, most);
      const left = more + entries.length - taken.length;
      entries = [];
      more = 0;
      return { entries: taken, more: left };
    },
    close: () => clearInterval(timer),
  };
}

function usedSince(
  samples: Sample[],
  durationMs: number,
): Pick<SlowEntry, 'memoryDeltaBytes' | 'cpuEstimate'> {
  const now = sampleNow();
  const begun = samples.findLast(({ at }) => at <= now.at - durationMs);
  if (!begun) return { memoryDeltaBytes: null, cpuEstimate: null };
  return {
    memoryDeltaBytes: now.heapBytes - begun.heapBytes,
    cpuEstimate: Math.round(((now.cpuMs - begun.cpuMs) / (now.at - begun.at)) * 100) / 100,
  };
}

function slowestFirst(entries: SlowEntry[]): SlowEntry[] {
  return entries.toSorted((a, b) => b.durationMs - a.durationMs);
}

function sampleNow(): Sample {
  const { user, system } = process.cpuUsage();
  return {
    at: performance.now(),
    heapBytes: getHeapStatistics().used_heap_size,
    cpuMs: (user + system) / 1_000,
  };
}
