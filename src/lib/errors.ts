/**
 * A refusal: the caller asked for something that the rules do not allow, and can act on it. Known by
 * its code. What is not a `DomainError` is a fault.
 */
export abstract class DomainError extends Error {
  /** UPPER_SNAKE, stable. */
  abstract readonly code: string;
}

/** A value at the door does not fit: names the field, what was expected and what came. */
export class InvalidInputError extends DomainError {
  override name = 'InvalidInputError';
  readonly code = 'INVALID_INPUT';
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** The `operationId` was used for another change. */
export class OperationReusedError extends DomainError {
  override name = 'OperationReusedError';
  readonly code = 'OPERATION_REUSED';
  constructor(operationId: string) {
    super(`Expected a new operationId for a new change, ${operationId} was used for another one.`);
  }
}
