import type { Sparse } from './features.ts';

/**
 * A linear chooser: each choice's score is the sum of its features times their weights, the chances are the
 * softmax of the scores. Learned by stochastic gradient descent on the cross-entropy, with a rate for each
 * weight that shrinks as it moves (AdaGrad: Duchi, Hazan, Singer, JMLR 12, 2011).
 */
export type Linear = {
  weights: Float32Array;
  /** Sum of squared gradients by weight: belongs to learning, not to the model. */
  squares: Float32Array;
  /** From here on weights are held back ten times as hard. */
  firstHashed: number;
};

export function newLinear(width: number, firstHashed: number): Linear {
  return { weights: new Float32Array(width), squares: new Float32Array(width), firstHashed };
}

/** Chances of the choices, in their order; they sum to 1. */
export function chancesOf(weights: Float32Array, choices: readonly Sparse[]): number[] {
  const scores = choices.map(({ at, value }) => {
    let score = 0;
    for (let k = 0; k < at.length; k++) score += (weights[at[k] as number] ?? 0) * (value[k] ?? 0);
    return score;
  });
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Cross-entropy of one case, in nats, and whether its likeliest choice is right. */
export function judge(chances: readonly number[], right: number): { loss: number; hit: boolean } {
  return {
    loss: -Math.log(Math.max(1e-9, chances[right] ?? 0)),
    hit: chances.indexOf(Math.max(...chances)) === right,
  };
}

/** Learns from one case. @returns how it was answered before */
export function learn(
  { weights, squares, firstHashed }: Linear,
  choices: readonly Sparse[],
  right: number,
  { learningRate, l2 }: { learningRate: number; l2: number },
): { loss: number; hit: boolean } {
  const chances = chancesOf(weights, choices);
  const gradient = new Map<number, number>();
  for (const [index, { at, value }] of choices.entries()) {
    const error = (chances[index] ?? 0) - (index === right ? 1 : 0);
    if (Math.abs(error) < 1e-6) continue;
    for (let k = 0; k < at.length; k++) {
      const place = at[k] as number;
      gradient.set(place, (gradient.get(place) ?? 0) + error * (value[k] ?? 0));
    }
  }
  for (const [place, slope] of gradient) {
    const weight = weights[place] ?? 0;
    const pull = slope + (place >= firstHashed ? 10 : 1) * l2 * weight;
    const square = (squares[place] ?? 0) + pull * pull;
    squares[place] = square;
    weights[place] = weight - (learningRate * pull) / Math.sqrt(square + 1e-8);
  }
  return judge(chances, right);
}
