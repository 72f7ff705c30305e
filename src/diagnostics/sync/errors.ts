import type { SyncIssueState } from '../../generated/prisma/enums.ts';
import { DomainError } from '../../lib/errors.ts';

export class SyncClientNotFoundError extends DomainError {
  override name = 'SyncClientNotFoundError';
  readonly code = 'SYNC_CLIENT_NOT_FOUND';
  constructor(clientId: string) {
    super(`Expected a sync client ${clientId} that has reported, with its own token; found none.`);
  }
}

/** The id is another client's: the token is not the one that it came with first. */
export class SyncClientTakenError extends DomainError {
  override name = 'SyncClientTakenError';
  readonly code = 'SYNC_CLIENT_TAKEN';
  constructor(clientId: string) {
    super(
      `Expected the token that client ${clientId} came with first, got another one. Make a new id for a new client.`,
    );
  }
}

/** Whoever the others are compared with decides what is right: that is not for any key to claim. */
export class SyncAuthorityUnknownError extends DomainError {
  override name = 'SyncAuthorityUnknownError';
  readonly code = 'SYNC_AUTHORITY_UNKNOWN';
  constructor(clientId: string) {
    super(
      `Expected a key with the scope ADMIN for client ${clientId} to be an authority. Let it report without isAuthority, and make it one with setSyncAuthority.`,
    );
  }
}

/** The project has as many clients as it may have. */
export class TooManySyncClientsError extends DomainError {
  override name = 'TooManySyncClientsError';
  readonly code = 'TOO_MANY_SYNC_CLIENTS';
  constructor(most: number) {
    super(
      `Expected at most ${most} sync clients in a project; those not seen for long are removed.`,
    );
  }
}

export class SyncIssueNotFoundError extends DomainError {
  override name = 'SyncIssueNotFoundError';
  readonly code = 'SYNC_ISSUE_NOT_FOUND';
  constructor(issueId: string) {
    super(`Expected a sync issue of the project with id ${issueId}, found none.`);
  }
}

/** Somebody else changed the issue first. */
export class SyncIssueChangedError extends DomainError {
  override name = 'SyncIssueChangedError';
  readonly code = 'SYNC_ISSUE_CHANGED';
  readonly issueId: string;
  constructor(issueId: string, expected: number, actual: number) {
    super(
      `Expected version ${expected} of the sync issue, it is at version ${actual}. Look at it again and decide anew with a new operationId.`,
    );
    this.issueId = issueId;
  }
}

/** The issue's state does not allow it. */
export class SyncIssueStateError extends DomainError {
  override name = 'SyncIssueStateError';
  readonly code = 'SYNC_ISSUE_STATE';
  readonly state: SyncIssueState;
  constructor(state: SyncIssueState, expected: string) {
    super(`Expected a sync issue that is ${expected}, this one is ${state}.`);
    this.state = state;
  }
}

/** The strategy needs what is not there. */
export class SyncStrategyUnfitError extends DomainError {
  override name = 'SyncStrategyUnfitError';
  readonly code = 'SYNC_STRATEGY_UNFIT';
}
