/** What a receiver knows of the sequence of one client. Begins with `newSequence`. */
export type SequenceState = {
  /** Up to here everything was applied. */
  last: number;
  /** Arrived beyond a gap and held back, ascending. */
  waiting: number[];
  /** When `last` rose last, or the gap opened, in milliseconds. */
  progressedAt: number;
};

export const newSequence: SequenceState = { last: 0, waiting: [], progressedAt: 0 };

/** How long a gap may stay open before it is judged. */
export const gapPatienceMs = 30_000;
/** Most that is held back; a client that is further ahead sends those again. */
export const waitingMost = 1_024;

export type Arrival = {
  verdict: 'skip' | 'apply' | 'out_of_order';
  state: SequenceState;
  /** To apply now, in this order: the one that came and those that waited for it. */
  apply: number[];
};

/** Up to the last: skip. The next: apply. Beyond: out of order, held back and not yet judged. */
export function takeSequence(state: SequenceState, sequence: number, now: number): Arrival {
  if (sequence <= state.last || state.waiting.includes(sequence))
    return { verdict: 'skip', state, apply: [] };
  if (sequence > state.last + 1) {
    const waiting = [...state.waiting, sequence].sort((a, b) => a - b).slice(0, waitingMost);
    const progressedAt = state.waiting.length === 0 ? now : state.progressedAt;
    return { verdict: 'out_of_order', state: { ...state, waiting, progressedAt }, apply: [] };
  }
  const apply = [sequence];
  const waiting = [...state.waiting];
  for (let last = sequence; waiting[0] === last + 1; last += 1) apply.push(waiting.shift() ?? 0);
  const last = apply.at(-1) ?? sequence;
  return { verdict: 'apply', state: { last, waiting, progressedAt: now }, apply };
}

/** What the client says of its own sequence. `null` where it did not say. */
export type Issued = {
  /** Its last. */
  last: number | null;
  /** The first that it still has to send; past `last` when it has sent all. */
  pendingFrom: number | null;
};

export type GapVerdict =
  /** Sent, as the client says, and not here. */
  | { type: 'missing_data'; sequences: number[] }
  /** Overtaken: later ones are here, and the client still has these to send; or here before they were issued. */
  | { type: 'order_violation'; sequences: number[] };

const listedMost = 100;

/**
 * Judges what does not follow, and only at a checkpoint or after 30 seconds without progress: before,
 * it may be on its way.
 *
 * @param isCheckpoint the client takes it that everything up to its last was received
 * @param isOnline an offline client makes no progress, and that is no fault
 */
export function judgeSequence(
  { last, waiting, progressedAt }: SequenceState,
  issued: Issued,
  { now, isCheckpoint, isOnline }: { now: number; isCheckpoint: boolean; isOnline: boolean },
): GapVerdict[] {
  const isOverdue = isOnline && waiting.length > 0 && now - progressedAt >= gapPatienceMs;
  if (!isCheckpoint && !isOverdue) return [];
  const here = new Set(waiting);
  // Without a checkpoint, what is beyond all that arrived may be on its way.
  const end = isCheckpoint && issued.last !== null ? issued.last : (waiting.at(-1) ?? last);
  const absent = (from: number, to: number): number[] => {
    const found: number[] = [];
    for (let sequence = from; sequence <= to && found.length < listedMost; sequence += 1)
      if (!here.has(sequence)) found.push(sequence);
    return found;
  };
  const held = issued.pendingFrom ?? Number.POSITIVE_INFINITY;
  const latest = waiting.at(-1) ?? last;
  const missing = absent(last + 1, Math.min(end, held - 1));
  const overtaken = absent(Math.max(last + 1, held), Math.min(end, latest - 1));
  if (isCheckpoint && issued.last !== null)
    for (const sequence of [...(last > issued.last ? [last] : []), ...waiting])
      if (sequence > issued.last && overtaken.length < listedMost) overtaken.push(sequence);
  const verdicts: GapVerdict[] = [];
  if (missing.length > 0) verdicts.push({ type: 'missing_data', sequences: missing });
  if (overtaken.length > 0) verdicts.push({ type: 'order_violation', sequences: overtaken });
  return verdicts;
}
