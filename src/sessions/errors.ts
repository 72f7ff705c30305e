import type { SessionState } from '../generated/prisma/enums.ts';
import { DomainError } from '../lib/errors.ts';
import { allUploadKinds, type UploadKind, uploadKinds } from './upload-kinds.ts';

export { OperationReusedError } from '../lib/errors.ts';

export class SessionNotFoundError extends DomainError {
  override name = 'SessionNotFoundError';
  readonly code = 'SESSION_NOT_FOUND';
  constructor(sessionId: string) {
    super(`Expected a session of yours with id ${sessionId}, found none.`);
  }
}

/** The session takes nothing more. */
export class SessionEndedError extends DomainError {
  override name = 'SessionEndedError';
  readonly code = 'SESSION_ENDED';
  readonly state: SessionState;
  constructor(state: SessionState) {
    super(`Expected a session that is ACTIVE or PAUSED, this one is ${state}.`);
    this.state = state;
  }
}

/** The change does not fit the session's state. */
export class SessionStateError extends DomainError {
  override name = 'SessionStateError';
  readonly code = 'SESSION_STATE';
  readonly state: SessionState;
  constructor(state: SessionState, expected: string) {
    super(`Expected a session that is ${expected}, this one is ${state}.`);
    this.state = state;
  }
}

/** Somebody else changed the session first. */
export class VersionConflictError extends DomainError {
  override name = 'VersionConflictError';
  readonly code = 'VERSION_CONFLICT';
  readonly sessionId: string;
  constructor(sessionId: string, expected: number, actual: number) {
    super(
      `Expected version ${expected} of the session, it is at version ${actual}. Read it again and repeat the change with a new operationId.`,
    );
    this.sessionId = sessionId;
  }
}

/** Something that the client says it captured has not arrived. */
export class SessionIncompleteError extends DomainError {
  override name = 'SessionIncompleteError';
  readonly code = 'SESSION_INCOMPLETE';
  readonly missingSequences: number[];
  /** Ids of what lacks its bytes. */
  readonly missingUploads: Record<UploadKind, string[]>;
  constructor(missing: {
    sequences: number[];
    uploads: Record<UploadKind, string[]>;
    counts: string[];
  }) {
    const parts = [
      missing.sequences.length > 0 &&
        `interactions ${missing.sequences.slice(0, 10).join(', ')}${missing.sequences.length > 10 ? ', …' : ''}`,
      ...allUploadKinds.map((kind) => {
        const { length } = missing.uploads[kind];
        return length > 0 && `the bytes of ${length} ${uploadKinds[kind].many}`;
      }),
      ...missing.counts,
    ].filter(Boolean);
    super(
      `Expected the whole session, missing: ${parts.join('; ')}. Send what is missing, or say that it was dropped and why.`,
    );
    this.missingSequences = missing.sequences;
    this.missingUploads = missing.uploads;
  }
}

/** The id belongs to another session already. */
export class SessionIdTakenError extends DomainError {
  override name = 'SessionIdTakenError';
  readonly code = 'SESSION_ID_TAKEN';
  constructor(sessionId: string) {
    super(`Expected a new id for a new session, ${sessionId} is taken.`);
  }
}

/** Too many sessions of one participant are active. A late start waits and is never refused for good. */
export class TooManySessionsError extends DomainError {
  override name = 'TooManySessionsError';
  readonly code = 'TOO_MANY_SESSIONS';
  readonly retryAfterSeconds: number;
  constructor(limit: number, retryAfterSeconds: number) {
    super(
      `Expected at most ${limit} active sessions of one participant (MAX_SESSIONS_PER_USER). Keep recording and start again in ${retryAfterSeconds} s.`,
    );
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The server has more work than it can take now; nothing was stored. */
export class OverloadedError extends DomainError {
  override name = 'OverloadedError';
  readonly code = 'OVERLOADED';
  readonly retryAfterSeconds: number;
  constructor(reason: string, retryAfterSeconds: number) {
    super(`The server is overloaded (${reason}). Send the same again in ${retryAfterSeconds} s.`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
