import { DomainError } from '../lib/errors.ts';

/** Only a participant can agree to be recorded. */
export class ParticipantMissingError extends DomainError {
  override name = 'ParticipantMissingError';
  readonly code = 'PARTICIPANT_MISSING';
  constructor() {
    super('Expected the key of a participant, this one belongs to nobody.');
  }
}

export class ConsentNotFoundError extends DomainError {
  override name = 'ConsentNotFoundError';
  readonly code = 'CONSENT_NOT_FOUND';
  constructor(id: string) {
    super(`Expected a consent of yours with id ${id}, found none.`);
  }
}

/** A session was to begin under a consent that does not hold. */
export class ConsentMissingError extends DomainError {
  override name = 'ConsentMissingError';
  readonly code = 'CONSENT_MISSING';
  /** `null` for a consent that is unknown or somebody else's. */
  readonly withdrawnAt: Date | null;
  constructor(id: string, withdrawnAt: Date | null) {
    const got = withdrawnAt
      ? `${id} was withdrawn at ${withdrawnAt.toISOString()}`
      : `${id} is none of the participant’s`;
    super(`Expected a consent that holds, ${got}. Ask again, and record the answer first.`);
    this.withdrawnAt = withdrawnAt;
  }
}
