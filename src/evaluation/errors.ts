import type { EvaluationState } from '../generated/prisma/enums.ts';
import { DomainError } from '../lib/errors.ts';

export class EvaluationNotFoundError extends DomainError {
  override name = 'EvaluationNotFoundError';
  readonly code = 'EVALUATION_NOT_FOUND';
  constructor(evaluationId: string) {
    super(`Expected an evaluation of yours with id ${evaluationId}, found none.`);
  }
}

/** The id belongs to another evaluation, or to one that was asked for differently. */
export class EvaluationIdTakenError extends DomainError {
  override name = 'EvaluationIdTakenError';
  readonly code = 'EVALUATION_ID_TAKEN';
  constructor(evaluationId: string) {
    super(`Expected a new id for a new evaluation, ${evaluationId} is taken.`);
  }
}

/** The evaluation is in a state in which this cannot be done. */
export class EvaluationStateError extends DomainError {
  override name = 'EvaluationStateError';
  readonly code = 'EVALUATION_STATE';
  readonly state: EvaluationState;
  constructor(state: EvaluationState, expected: string) {
    super(`Expected an evaluation that is ${expected}, this one is ${state}.`);
    this.state = state;
  }
}

/** What would be compared was not asked the same. */
export class NotComparableError extends DomainError {
  override name = 'NotComparableError';
  readonly code = 'NOT_COMPARABLE';
}
