import type { TrainingState } from '../generated/prisma/enums.ts';
import { DomainError } from '../lib/errors.ts';

export class TrainingJobNotFoundError extends DomainError {
  override name = 'TrainingJobNotFoundError';
  readonly code = 'TRAINING_JOB_NOT_FOUND';
  constructor(id: string) {
    super(`Expected a training job of yours with id ${id}, found none.`);
  }
}

export class ModelNotFoundError extends DomainError {
  override name = 'ModelNotFoundError';
  readonly code = 'MODEL_NOT_FOUND';
  constructor(id: string) {
    super(`Expected a model of yours with id ${id}, found none.`);
  }
}

/** The change does not fit the job's state. */
export class TrainingStateError extends DomainError {
  override name = 'TrainingStateError';
  readonly code = 'TRAINING_STATE';
  readonly state: TrainingState;
  constructor(state: TrainingState, expected: string) {
    super(`Expected a training job that is ${expected}, this one is ${state}.`);
    this.state = state;
  }
}

/** The trainer cannot do what was asked of it, with these inputs or ever. */
export class TrainerRefusedError extends DomainError {
  override name = 'TrainerRefusedError';
  readonly code = 'TRAINER_REFUSED';
  readonly advice: string;
  constructor(message: string, advice: string) {
    super(message);
    this.advice = advice;
  }
}

/** It would cost more than the project may spend this month. */
export class BudgetExceededError extends DomainError {
  override name = 'BudgetExceededError';
  readonly code = 'BUDGET_EXCEEDED';
  readonly estimateUsd: number;
  readonly spentUsd: number;
  readonly budgetUsd: number;
  constructor({
    estimateUsd,
    spentUsd,
    budgetUsd,
  }: Record<'estimateUsd' | 'spentUsd' | 'budgetUsd', number>) {
    super(
      `Expected a cost within the project's budget of ${usd(budgetUsd)} a month, this would cost about ${usd(estimateUsd)} and ${usd(spentUsd)} are spent or promised this month.`,
    );
    this.estimateUsd = estimateUsd;
    this.spentUsd = spentUsd;
    this.budgetUsd = budgetUsd;
  }
}

/** No price is known for the base model, so that the budget cannot be asked. */
export class CostUnknownError extends DomainError {
  override name = 'CostUnknownError';
  readonly code = 'COST_UNKNOWN';
  readonly baseModel: string;
  constructor(baseModel: string) {
    super(
      `Expected a base model with a known price, none is known for ${baseModel}. Say acceptUnknownCost if it may cost whatever its provider asks.`,
    );
    this.baseModel = baseModel;
  }
}

/** An endpoint of a model is at an address that this server does not call. */
export class EndpointRefusedError extends DomainError {
  override name = 'EndpointRefusedError';
  readonly code = 'ENDPOINT_REFUSED';
  constructor(message: string) {
    super(message);
  }
}

export class TrainingRuleNotFoundError extends DomainError {
  override name = 'TrainingRuleNotFoundError';
  readonly code = 'TRAINING_RULE_NOT_FOUND';
  constructor(id: string) {
    super(`Expected a training rule of yours with id ${id}, found none.`);
  }
}

/** Why a training failed, for people: ends the job. */
export class TrainingFailedError extends Error {
  override name = 'TrainingFailedError';
  /** UPPER_SNAKE. */
  readonly code: string;
  readonly advice: string;
  /** Whether the same training may well succeed when it is started again. */
  readonly isWorthAnother: boolean;
  constructor(
    code: string,
    message: string,
    { advice, isWorthAnother = false }: { advice: string; isWorthAnother?: boolean },
  ) {
    super(message);
    this.code = code;
    this.advice = advice;
    this.isWorthAnother = isWorthAnother;
  }
}

/** Another run has the job, or its people want something else: this one stops and writes nothing more. */
export class OvertakenError extends Error {
  override name = 'OvertakenError';
  constructor(jobId: string) {
    super(`Training job ${jobId} goes on elsewhere, or otherwise.`);
  }
}

function usd(amount: number): string {
  return `$${amount.toFixed(2)}`;
}
