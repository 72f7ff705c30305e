import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  gapPatienceMs,
  judgeSequence,
  newSequence,
  type SequenceState,
  takeSequence,
} from './sequence.ts';

const after = (sequences: number[], now = 0): SequenceState =>
  sequences.reduce((state, sequence) => takeSequence(state, sequence, now).state, newSequence);
const verdictOf = (state: SequenceState, sequence: number) =>
  takeSequence(state, sequence, 0).verdict;
const allSent = { last: 5, pendingFrom: 6 };
const unknown = { last: null, pendingFrom: null };

test('up to the last a sequence is skipped, the next is applied, beyond is out of order', () => {
  const state = after([1, 2, 3]);

  expect([1, 3, 4, 5, 6].map((sequence) => verdictOf(state, sequence))).toEqual([
    'skip',
    'skip',
    'apply',
    'out_of_order',
    'out_of_order',
  ]);
  expect(verdictOf(after([1, 3]), 3)).toBe('skip');
});

test('in whatever order and however often operations come, each is applied once and in its order', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }).chain((count) => {
        const all = Array.from({ length: count }, (_, index) => index + 1);
        return fc.tuple(
          fc.constant(all),
          fc.shuffledSubarray([...all, ...all], { minLength: 2 * count, maxLength: 2 * count }),
        );
      }),
      ([all, arrivals]) => {
        const applied: number[] = [];
        let state = newSequence;
        for (const sequence of arrivals) {
          const arrival = takeSequence(state, sequence, 0);
          applied.push(...arrival.apply);
          state = arrival.state;
        }

        expect(applied).toEqual(all);
        expect(state).toMatchObject({ last: all.length, waiting: [] });
      },
    ),
  );
});

test('what is out of order is not judged before a checkpoint or 30 seconds without progress', () => {
  const gap = after([1, 2, 4, 5], 1_000);
  const judge = (now: number, isCheckpoint: boolean, isOnline = true) =>
    judgeSequence(gap, allSent, { now, isCheckpoint, isOnline });

  expect(judge(1_000 + gapPatienceMs - 1, false)).toEqual([]);
  expect(judge(1_000 + gapPatienceMs, false)).toEqual([{ type: 'missing_data', sequences: [3] }]);
  expect(judge(1_000, true)).toEqual([{ type: 'missing_data', sequences: [3] }]);
  expect(judge(1_000 + gapPatienceMs, false, false)).toEqual([]);
});

test('progress gives a gap another 30 seconds', () => {
  const state = takeSequence(after([1, 3, 5], 0), 2, 20_000).state;

  expect(state).toMatchObject({ last: 3, waiting: [5] });
  expect(
    judgeSequence(state, unknown, { now: gapPatienceMs, isCheckpoint: false, isOnline: true }),
  ).toEqual([]);
});

test('what was sent and is not here is missing; what later ones overtook is out of order', () => {
  const gap = after([1, 2, 4, 5]);
  const at = { now: 0, isCheckpoint: true, isOnline: true };

  expect(judgeSequence(gap, { last: 7, pendingFrom: 8 }, at)).toEqual([
    { type: 'missing_data', sequences: [3, 6, 7] },
  ]);
  expect(judgeSequence(gap, { last: 7, pendingFrom: 3 }, at)).toEqual([
    { type: 'order_violation', sequences: [3] },
  ]);
  expect(judgeSequence(gap, { last: 4, pendingFrom: 5 }, at)).toEqual([
    { type: 'missing_data', sequences: [3] },
    { type: 'order_violation', sequences: [5] },
  ]);
  expect(judgeSequence(after([1, 2, 3]), { last: 3, pendingFrom: 4 }, at)).toEqual([]);
});

test('every single dropped operation is missing at the checkpoint', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(), (count, at) => {
      const dropped = (at % count) + 1;
      const state = after(
        Array.from({ length: count }, (_, index) => index + 1).filter((s) => s !== dropped),
      );

      expect(
        judgeSequence(
          state,
          { last: count, pendingFrom: count + 1 },
          { now: 0, isCheckpoint: true, isOnline: true },
        ),
      ).toEqual([{ type: 'missing_data', sequences: [dropped] }]);
    }),
  );
});

test('a hundred that are missing hide none that was overtaken', () => {
  const state: SequenceState = { last: 0, waiting: [202], progressedAt: 0 };

  const verdicts = judgeSequence(
    state,
    { last: 1_000_000_000, pendingFrom: 201 },
    { now: 0, isCheckpoint: true, isOnline: true },
  );

  expect(verdicts).toEqual([
    { type: 'missing_data', sequences: Array.from({ length: 100 }, (_, index) => index + 1) },
    { type: 'order_violation', sequences: [201] },
  ]);
});
