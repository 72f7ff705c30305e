import type { Trainer, TrainingMethod } from '../generated/prisma/enums.ts';

export type Hyperparameters = Record<string, number>;

/** What is known before a training. */
export type Situation = {
  trainer: Trainer;
  method: TrainingMethod;
  /** Of the training split. */
  examples: number;
  sessions: number;
  sites: number;
  /** Past trainings by this trainer on sessions of the same sites, newest first. */
  past: PastRun[];
};

export type PastRun = {
  hyperparameters: Hyperparameters;
  /** Loss on the validation split at the end of each epoch, oldest first. */
  validationLosses: number[];
};

export type Proposal = { values: Hyperparameters; reason: string };

/** Of each trainer, by its own names: lowest and highest value. */
export const ranges: Record<Trainer, Record<string, [low: number, high: number]>> = {
  LOCAL: { epochs: [1, 200], learning_rate: [0.001, 1], l2: [0, 0.1] },
  OPENAI: {
    n_epochs: [1, 50],
    batch_size: [1, 256],
    learning_rate_multiplier: [0.01, 20],
    beta: [0.01, 2],
  },
  EXTERNAL: {
    n_epochs: [1, 50],
    batch_size: [1, 1024],
    learning_rate: [1e-7, 0.01],
    lora_rank: [1, 256],
    beta: [0.01, 2],
  },
};

/**
 * Proposes hyperparameters from the size of the data, how widely it is spread over sites, and how past
 * trainings on the same sites went. Pure; the reason says what decided.
 */
export function proposeHyperparameters(situation: Situation): Proposal {
  const { trainer, method, examples, sessions, sites, past } = situation;
  const reasons = [
    `${examples} examples of ${sessions} sessions on ${sites} site${sites === 1 ? '' : 's'}`,
  ];
  const epochsName = trainer === 'LOCAL' ? 'epochs' : 'n_epochs';
  const values = { ...startOf(situation, reasons) };
  const [best] = past
    .filter(({ validationLosses }) => validationLosses.length > 0)
    .toSorted((a, b) => Math.min(...a.validationLosses) - Math.min(...b.validationLosses));
  if (best) {
    const { validationLosses, hyperparameters } = best;
    const lowest = validationLosses.indexOf(Math.min(...validationLosses));
    const share = (lowest + 1) / validationLosses.length;
    for (const name of Object.keys(values)) {
      const before = hyperparameters[name];
      if (before !== undefined && name !== epochsName) values[name] = before;
    }
    const before = hyperparameters[epochsName] ?? values[epochsName] ?? 1;
    if (share < 0.6) {
      values[epochsName] = Math.max(1, Math.ceil(before * share) + 1);
      reasons.push(
        `the best past run began to learn by heart after ${Math.round(share * 100)} % of its ${before} epochs, so fewer`,
      );
    } else if (share === 1 && validationLosses.length > 1) {
      values[epochsName] = Math.ceil(before * 1.5);
      reasons.push(`the best past run still improved at the end of its ${before} epochs, so more`);
    } else {
      values[epochsName] = before;
      reasons.push(`the best past run was right with ${before} epochs`);
    }
  } else reasons.push('no past run to learn from');
  if (method === 'DPO') reasons.push('preferences are learned with beta 0.1, as in the DPO paper');
  return { values: withinRange(trainer, values), reason: `${reasons.join('; ')}.` };
}

/** The given values over the proposed ones, and the reason for it. */
export function withGiven({ values, reason }: Proposal, given: Hyperparameters): Proposal {
  const names = Object.keys(given);
  if (names.length === 0) return { values, reason };
  return {
    values: { ...values, ...given },
    reason: `${reason} As asked for: ${names.join(', ')}.`,
  };
}

function startOf(
  { trainer, method, examples, sites }: Situation,
  reasons: string[],
): Hyperparameters {
  const dpo: Hyperparameters = method === 'DPO' ? { beta: 0.1 } : {};
  if (trainer === 'LOCAL') {
    const isNarrow = sites < 3;
    const epochs = examples < 200 ? 20 : examples < 2_000 ? 12 : 6;
    reasons.push(`${epochs} epochs, fewer the more there is to see in each`);
    if (isNarrow) reasons.push('held back harder, since so few sites are easily learned by heart');
    return { epochs, learning_rate: 0.1, l2: isNarrow ? 0.003 : 0.001 };
  }
  // OpenAI’s own default: 3 epochs for small sets, a batch of about 0.2 % of the examples.
  const n_epochs = examples < 100 ? 4 : examples < 1_000 ? 3 : examples < 10_000 ? 2 : 1;
  const batch_size = Math.min(64, Math.max(1, Math.round(examples * 0.002)));
  reasons.push(
    `${n_epochs} epochs and batches of ${batch_size}, which grow with the data as the provider's own defaults do`,
  );
  if (trainer === 'OPENAI')
    return { n_epochs, batch_size, learning_rate_multiplier: batch_size >= 16 ? 2 : 1, ...dpo };
  const lora_rank = examples < 1_000 ? 16 : 64;
  reasons.push(`LoRA of rank ${lora_rank}, with the learning rate that LoRA wants`);
  return {
    n_epochs,
    batch_size: Math.max(8, batch_size),
    learning_rate: method === 'DPO' ? 5e-6 : 2e-4,
    lora_rank,
    ...dpo,
  };
}

function withinRange(trainer: Trainer, values: Hyperparameters): Hyperparameters {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const [low, high] = ranges[trainer][name] ?? [value, value];
      return [name, Math.min(high, Math.max(low, value))];
    }),
  );
}
