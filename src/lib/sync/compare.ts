import { type Digest, sameDigest } from './digest.ts';

/** What one side holds of an entity at a checkpoint. */
export type Take = {
  /** Names the state that both sides mean, for example a version of the other side. */
  checkpoint: string;
  /** When it was taken by this side's clock, in milliseconds; names the take. */
  takenAt: number;
  digest: Digest;
  /** Nothing of the entity waits to be uploaded. */
  isQueueEmpty: boolean;
};

/** What was found about two sides so far. */
export type PairState = {
  /** Comparisons in a row that differed, each of new takes of both; 2 stands for all from there. */
  streak: number;
  /** Takes of the last comparison that counted. */
  seen: { a: number; b: number } | null;
};

export const newPair: PairState = { streak: 0, seen: null };

export type PairVerdict = 'not_compared' | 'agree' | 'suspected' | 'divergent';

/**
 * Compares two sides, and only at the same checkpoint with empty upload queues. That they differ once is a
 * suspicion: one of them may have been taken in the middle of a change. Twice in a row is divergence.
 * The same takes again say nothing new.
 */
export function comparePair(
  before: PairState,
  a: Take,
  b: Take,
): { verdict: PairVerdict; state: PairState } {
  const { seen } = before;
  const isOld = seen !== null && (a.takenAt < seen.a || b.takenAt < seen.b);
  if (a.checkpoint !== b.checkpoint || !a.isQueueEmpty || !b.isQueueEmpty || isOld)
    return { verdict: 'not_compared', state: before };
  const now = { a: a.takenAt, b: b.takenAt };
  if (sameDigest(a.digest, b.digest)) return { verdict: 'agree', state: { streak: 0, seen: now } };
  const areNew = seen === null || before.streak === 0 || (now.a > seen.a && now.b > seen.b);
  const state = areNew ? { streak: Math.min(2, before.streak + 1), seen: now } : before;
  return { verdict: state.streak >= 2 ? 'divergent' : 'suspected', state };
}
