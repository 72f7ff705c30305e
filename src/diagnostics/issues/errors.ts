import type { ErrorIssueState } from '../../generated/prisma/enums.ts';
import { DomainError } from '../../lib/errors.ts';

export class ErrorIssueNotFoundError extends DomainError {
  override name = 'ErrorIssueNotFoundError';
  readonly code = 'ERROR_ISSUE_NOT_FOUND';
  constructor(issueId: string) {
    super(`Expected an issue of the project with id ${issueId}, found none.`);
  }
}

/** Somebody, or reports, changed the issue first. */
export class ErrorIssueConflictError extends DomainError {
  override name = 'ErrorIssueConflictError';
  readonly code = 'ERROR_ISSUE_CONFLICT';
  readonly issueId: string;
  constructor(issueId: string, expected: number, actual: number) {
    super(
      `Expected version ${expected} of the issue, it is at version ${actual}. Read it again and repeat the change with a new operationId.`,
    );
    this.issueId = issueId;
  }
}

/** The issue is in a state in which this cannot be done. */
export class ErrorIssueStateError extends DomainError {
  override name = 'ErrorIssueStateError';
  readonly code = 'ERROR_ISSUE_STATE';
  readonly state: ErrorIssueState;
  constructor(state: ErrorIssueState, expected: string) {
    super(`Expected an issue that is ${expected}, this one is ${state}.`);
    this.state = state;
  }
}

/** The issue's reports belong to another one. */
export class ErrorIssueMergedError extends DomainError {
  override name = 'ErrorIssueMergedError';
  readonly code = 'ERROR_ISSUE_MERGED';
  readonly mergedIntoId: string;
  constructor(issueId: string, mergedIntoId: string) {
    super(`Expected an issue with reports of its own, ${issueId} was merged into ${mergedIntoId}.`);
    this.mergedIntoId = mergedIntoId;
  }
}

/** The id belongs to another issue already. */
export class ErrorIssueIdTakenError extends DomainError {
  override name = 'ErrorIssueIdTakenError';
  readonly code = 'ERROR_ISSUE_ID_TAKEN';
  constructor(issueId: string) {
    super(`Expected a new id for a new issue, ${issueId} is taken.`);
  }
}
