import type { Signal } from '../signals.ts';
import type { Rule } from './rule.ts';

/** What a rule remembers of one thing that it watches. */
export type Watch = {
  /** Reports by slice of the window, the newest last. */
  counts: number[];
  /** Begin of the newest slice. `null` before the first report. */
  sliceAt: Date | null;
  /** Whether what it measures is over its threshold, and said. */
  isOver: boolean;
  firedAt: Date | null;
};

/** `FIRES`: an alert is raised. `CLEARS`: what was over is not any more. */
type Verdict = 'FIRES' | 'CLEARS' | null;

/** Slices of a window: counts go out of it by a sixtieth at a time. */
const slices = 60;
/** Reports in the window before, below which a change in percent says nothing. */
export const smallestBase = 10;

/**
 * What a signal means to a rule that it concerns, and what the rule remembers from then on. A rule with a
 * threshold fires when it is passed, not again while it stays so; each fires at most once in its
 * interval, and one that is passed meanwhile at its end. Of users, `seen` tells those within the window. Pure.
 */
export function judge(
  rule: Rule,
  signal: Signal,
  watch: Watch,
  at: Date,
): { verdict: Verdict; watch: Watch } {
  const isRested =
    watch.firedAt === null ||
    at.getTime() - watch.firedAt.getTime() >= rule.intervalSeconds * 1_000;
  const counted = countsWindow(rule) ? count(rule, signal, watch, at) : watch;
  const isOver = passes(rule, signal, counted);
  if (isOver === null)
    return isRested
      ? { verdict: 'FIRES', watch: { ...counted, firedAt: at } }
      : { verdict: null, watch: counted };
  if (!isOver)
    return { verdict: watch.isOver ? 'CLEARS' : null, watch: { ...counted, isOver: false } };
  if (watch.isOver || !isRested) return { verdict: null, watch: counted };
  return { verdict: 'FIRES', watch: { ...counted, isOver: true, firedAt: at } };
}

/** Whether the rule's threshold is passed; `null` for rules whose signal is all they wait for. */
function passes(
  { trigger, threshold, windowSeconds }: Rule,
  { detail, seen }: Signal,
  { counts }: Watch,
): boolean | null {
  const over = threshold ?? 0;
  switch (trigger) {
    case 'COUNT_OVER':
      return windowSeconds !== null && sumOf(counts.slice(-slices)) > over;
    case 'CHANGE_OVER': {
      const before = sumOf(counts.slice(0, -slices));
      return before >= smallestBase && sumOf(counts.slice(-slices)) > before * (1 + over / 100);
    }
    case 'USERS_OVER':
      return (seen?.users ?? 0) > over;
    case 'HEALTH':
      return detail.ok !== true;
    case 'COST':
      return Number(detail.spentRatio) > over;
    case 'QUALITY':
      return Number(detail.meanScore) < over;
    default:
      return null;
  }
}

function countsWindow({ trigger }: Rule): boolean {
  return trigger === 'COUNT_OVER' || trigger === 'CHANGE_OVER';
}

/** Adds what the signal stands for to the slice of its instant; a change needs the window before, too. */
function count(rule: Rule, { detail }: Signal, watch: Watch, at: Date): Watch {
  const sliceMs = ((rule.windowSeconds ?? 0) * 1_000) / slices;
  const length = rule.trigger === 'CHANGE_OVER' ? 2 * slices : slices;
  const known = watch.counts.length === length ? watch.counts : Array<number>(length).fill(0);
  const newest = watch.sliceAt?.getTime() ?? 0;
  const now = Math.max(newest, Math.floor(at.getTime() / sliceMs) * sliceMs); // clocks of replicas differ
  const passed = Math.min(length, Math.round((now - newest) / sliceMs));
  const counts = [...known.slice(passed), ...Array<number>(passed).fill(0)];
  const times = typeof detail.count === 'number' ? detail.count : 1;
  counts[length - 1] = (counts[length - 1] ?? 0) + times;
  return { ...watch, counts, sliceAt: new Date(now) };
}

function sumOf(counts: number[]): number {
  return counts.reduce((sum, each) => sum + each, 0);
}
