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

/**
 * `FIRES`: an alert is raised. `CLEARS`: what was over is not any more. `FIRES_ANEW`: both, for what fell in
 * a silence, where nothing was there to judge it.
 */
type Verdict = 'FIRES' | 'FIRES_ANEW' | 'CLEARS' | null;

/** Slices of a window: counts go out of it by a sixtieth at a time. */
const slices = 60;
/** Reports in the window before, below which a change in percent says nothing. */
export const smallestBase = 10;

/**
 * What a signal means to a rule that it concerns, and what the rule remembers from then on. A rule with a
 * threshold fires when it is passed, not again while it stays so; each fires at most once in its
 * interval, and one that is passed meanwhile at its end. Of users, `seen` tells those within the window. Pure.
 *
 * @param usersBefore users within the window before this signal; for rules that count them
 */
export function judge(
  rule: Rule,
  signal: Signal,
  watch: Watch,
  at: Date,
  usersBefore = signal.seen?.users ?? 0,
): { verdict: Verdict; watch: Watch } {
  const isRested =
    watch.firedAt === null ||
    at.getTime() - watch.firedAt.getTime() >= rule.intervalSeconds * 1_000;
  const moved = countsWindow(rule) ? moveOn(rule, watch, at) : watch;
  const counted = countsWindow(rule) ? count(signal, moved) : watch;
  const isOver = passes(rule, signal, counted);
  if (isOver === null)
    return isRested
      ? { verdict: 'FIRES', watch: { ...counted, firedAt: at } }
      : { verdict: null, watch: counted };
  const wasOver = watch.isOver && !hasFallen(rule, moved, usersBefore);
  if (isOver && wasOver) return { verdict: null, watch: counted };
  if (isOver && isRested)
    return {
      verdict: watch.isOver ? 'FIRES_ANEW' : 'FIRES',
      watch: { ...counted, isOver: true, firedAt: at },
    };
  return { verdict: watch.isOver ? 'CLEARS' : null, watch: { ...counted, isOver: false } };
}

/** Whether what was over its threshold is not any more, before a signal is counted: the window moved on. */
function hasFallen({ trigger, threshold }: Rule, { counts }: Watch, usersBefore: number): boolean {
  if (trigger === 'USERS_OVER') return usersBefore <= (threshold ?? 0);
  const isCounted = trigger === 'COUNT_OVER' || trigger === 'CHANGE_OVER';
  return isCounted && !isPassed({ trigger, threshold }, counts);
}

/** Whether the rule's threshold is passed; `null` for rules whose signal is all they wait for. */
function passes(
  { trigger, threshold }: Rule,
  { detail, seen }: Signal,
  { counts }: Watch,
): boolean | null {
  const over = threshold ?? 0;
  switch (trigger) {
    case 'COUNT_OVER':
    case 'CHANGE_OVER':
      return isPassed({ trigger, threshold }, counts);
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

/** Whether counted reports pass the threshold of a rule that counts them. */
function isPassed(
  { trigger, threshold }: Pick<Rule, 'trigger' | 'threshold'>,
  counts: number[],
): boolean {
  const now = sumOf(counts.slice(-slices));
  if (trigger === 'COUNT_OVER') return now > (threshold ?? 0);
  const before = sumOf(counts.slice(0, -slices));
  return before >= smallestBase && now > before * (1 + (threshold ?? 0) / 100);
}

function countsWindow({ trigger }: Rule): boolean {
  return trigger === 'COUNT_OVER' || trigger === 'CHANGE_OVER';
}

/** Brings the slices to an instant; a change needs the window before, too. */
function moveOn(rule: Rule, watch: Watch, at: Date): Watch {
  const sliceMs = ((rule.windowSeconds ?? 0) * 1_000) / slices;
  const length = rule.trigger === 'CHANGE_OVER' ? 2 * slices : slices;
  const known = watch.counts.length === length ? watch.counts : Array<number>(length).fill(0);
  const newest = watch.sliceAt?.getTime() ?? 0;
  const now = Math.max(newest, Math.floor(at.getTime() / sliceMs) * sliceMs); // clocks of replicas differ
  const passed = Math.min(length, Math.round((now - newest) / sliceMs));
  const counts = [...known.slice(passed), ...Array<number>(passed).fill(0)];
  return { ...watch, counts, sliceAt: new Date(now) };
}

/** Adds what the signal stands for to the newest slice. */
function count({ detail }: Signal, watch: Watch): Watch {
  const times = typeof detail.count === 'number' ? detail.count : 1;
  const newest = watch.counts.length - 1;
  return { ...watch, counts: watch.counts.with(newest, (watch.counts[newest] ?? 0) + times) };
}

function sumOf(counts: number[]): number {
  return counts.reduce((sum, each) => sum + each, 0);
}
