import type { Example } from '../../datasets/example.ts';
import { seededRandom, shuffled } from '../../lib/page/random.ts';
import { featuresOf, firstHashed, type Sparse, width } from './features.ts';
import { countKey, countOperation, type KeyCounts, type OperationCounts } from './operations.ts';
import { readQuestion } from './read.ts';
import { chancesOf, judge, type Linear, learn, newLinear } from './softmax.ts';
import { firstHashedValue, possibleValues, valueWidth } from './values.ts';

export type RankerOptions = {
  /** Decides the order of the examples: the same seed and examples give the same model. */
  seed: string;
  epochs: number;
  /** First size of a step; AdaGrad shrinks it. */
  learningRate: number;
  /** Pull of every weight towards 0. */
  l2: number;
};

/** What was learned. Holds weights and counts, and no word of any page: words are hashed. */
export type RankerModel = {
  rank: Float32Array;
  value: Float32Array;
  operations: OperationCounts;
  keys: KeyCounts;
  /** Examples it learned from. */
  examples: number;
  /** The epoch whose weights were kept: the one with the lowest loss on the validation split. */
  epoch: number;
};

/** A point of the learning curve. `step` counts examples; losses are in nats. */
export type CurvePoint = {
  step: number;
  epoch: number;
  trainLoss: number;
  trainAccuracy: number;
  /** `null` between epochs, and without a validation split. */
  validationLoss: number | null;
  validationAccuracy: number | null;
};

/** Where learning stands after a whole epoch: going on from it gives the same as never having stopped. */
export type RankerState = {
  epoch: number;
  rank: Linear;
  value: Linear;
  best: { epoch: number; loss: number; rank: Float32Array; value: Float32Array } | null;
};

/** An example as numbers. */
export type Prepared = {
  choices: Sparse[];
  right: number;
  /** Possible values and the right one among them; `null` where there is none to learn. */
  value: { choices: Sparse[]; right: number } | null;
  counts: (operations: OperationCounts, keys: KeyCounts) => void;
};

export type Progress = { point: CurvePoint } | { checkpoint: RankerState };

/** Points of a curve at most, beside those at the end of an epoch. */
const curvePoints = 200;

export function prepare({ answer, ...question }: Example): Prepared {
  const read = readQuestion(question);
  const right = read.candidates.findIndex(({ ref }) => ref === answer.ref);
  const candidate = read.candidates[right];
  if (!candidate) throw new Error(`Expected the answer ${answer.ref} among the candidates.`);
  const values = possibleValues(read, candidate, answer.operation);
  const said = values.findIndex(({ text }) => text.toLowerCase() === answer.value?.toLowerCase());
  const { operation, value } = answer;
  return {
    choices: featuresOf(read),
    right,
    value: said < 0 ? null : { choices: values.map(({ features }) => features), right: said },
    counts(operations, keys) {
      countOperation(operations, read, candidate, operation);
      if (operation === 'press' && value !== null) countKey(keys, candidate, value);
    },
  };
}

/**
 * Learns, and tells how it goes: points of the curve, and a checkpoint after each epoch. Between two of
 * them at most `total / 200` examples pass.
 *
 * @param from a checkpoint of the same examples and options
 */
export function* training(
  train: readonly Prepared[],
  validation: readonly Prepared[],
  options: RankerOptions,
  from: RankerState | null = null,
): Generator<Progress, RankerModel> {
  if (train.length === 0) throw new Error('Expected examples to learn from, got none.');
  const state: RankerState = from ?? {
    epoch: 0,
    rank: newLinear(width, firstHashed),
    value: newLinear(valueWidth, firstHashedValue),
    best: null,
  };
  const every = Math.max(1, Math.ceil((train.length * options.epochs) / curvePoints));
  while (state.epoch < options.epochs) {
    const order = shuffled(train, seededRandom(`${options.seed}/${state.epoch}`));
    let [loss, hits, seen] = [0, 0, 0];
    for (const [index, example] of order.entries()) {
      const told = learn(state.rank, example.choices, example.right, options);
      if (example.value) learn(state.value, example.value.choices, example.value.right, options);
      loss += told.loss;
      hits += Number(told.hit);
      seen++;
      const step = state.epoch * train.length + index + 1;
      const isEnd = index + 1 === order.length;
      if (!isEnd && step % every !== 0) continue;
      const checked = isEnd ? check(state, validation) : null;
      yield {
        point: {
          step,
          epoch: step / train.length,
          trainLoss: loss / seen,
          trainAccuracy: hits / seen,
          validationLoss: checked?.loss ?? null,
          validationAccuracy: checked?.accuracy ?? null,
        },
      };
      [loss, hits, seen] = [0, 0, 0];
      if (isEnd) keepBest(state, checked?.loss ?? null);
    }
    state.epoch += 1;
    yield { checkpoint: state };
  }
  const operations: OperationCounts = {};
  const keys: KeyCounts = {};
  for (const example of train) example.counts(operations, keys);
  const best = state.best;
  return {
    rank: best?.rank ?? state.rank.weights,
    value: best?.value ?? state.value.weights,
    operations,
    keys,
    examples: train.length,
    epoch: best?.epoch ?? state.epoch,
  };
}

/** Learns in one go. */
export function trainRanker(
  examples: readonly Example[],
  { validation = [], ...options }: RankerOptions & { validation?: readonly Example[] },
): RankerModel {
  const run = training(examples.map(prepare), validation.map(prepare), options);
  for (;;) {
    const next = run.next();
    if (next.done) return next.value;
  }
}

function check(
  { rank }: RankerState,
  validation: readonly Prepared[],
): { loss: number; accuracy: number } | null {
  if (validation.length === 0) return null;
  let [loss, hits] = [0, 0];
  for (const { choices, right } of validation) {
    const told = judge(chancesOf(rank.weights, choices), right);
    loss += told.loss;
    hits += Number(told.hit);
  }
  return { loss: loss / validation.length, accuracy: hits / validation.length };
}

function keepBest(state: RankerState, loss: number | null): void {
  if (loss === null || (state.best && state.best.loss <= loss)) return;
  state.best = {
    epoch: state.epoch + 1,
    loss,
    rank: state.rank.weights.slice(),
    value: state.value.weights.slice(),
  };
}
