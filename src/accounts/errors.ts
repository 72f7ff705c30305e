import type { ApiScope, Role } from '../contract/accounts.ts';
import { DomainError } from '../lib/errors.ts';

export class ApiKeyNotFoundError extends DomainError {
  override name = 'ApiKeyNotFoundError';
  readonly code = 'API_KEY_NOT_FOUND';
  constructor(id: string) {
    super(`Expected a key of this project with id ${id}, found none.`);
  }
}

/** The key was revoked or has expired, so there is nothing to rotate. */
export class ApiKeyNotLiveError extends DomainError {
  override name = 'ApiKeyNotLiveError';
  readonly code = 'API_KEY_NOT_LIVE';
  constructor(id: string) {
    super(`Expected a key that is good, ${id} was revoked or has expired. Create a new one.`);
  }
}

/** Two keys of the lineage are good already. */
export class RotationUnderWayError extends DomainError {
  override name = 'RotationUnderWayError';
  readonly code = 'ROTATION_UNDER_WAY';
  readonly olderKeyId: string;
  readonly newerKeyId: string;
  /** `null` only when the older key was made to live for ever by hand. */
  readonly endsAt: Date | null;
  constructor(older: { id: string; expiresAt: Date | null }, newerKeyId: string) {
    super(
      `Expected at most one other good key before a rotation, the key ${older.id} is good until ${older.expiresAt?.toISOString() ?? 'it is revoked'}. Wait, or revoke it.`,
    );
    this.olderKeyId = older.id;
    this.newerKeyId = newerKeyId;
    this.endsAt = older.expiresAt;
  }
}

/** The key exists, made by an earlier send of the same request; only its digest is kept. */
export class SecretAlreadyShownError extends DomainError {
  override name = 'SecretAlreadyShownError';
  readonly code = 'SECRET_ALREADY_SHOWN';
  readonly keyId: string;
  constructor(keyId: string) {
    super(
      `The key ${keyId} was made before and its secret is shown once. If it was lost, revoke the key and create another with a new id.`,
    );
    this.keyId = keyId;
  }
}

/** Nobody can give what they do not have. */
export class ScopesExceededError extends DomainError {
  override name = 'ScopesExceededError';
  readonly code = 'SCOPES_EXCEEDED';
  readonly missing: ApiScope[];
  constructor(missing: ApiScope[]) {
    super(`Expected scopes that you have yourself, you lack ${missing.join(', ')}.`);
    this.missing = missing;
  }
}

export class RoleNotGrantableError extends DomainError {
  override name = 'RoleNotGrantableError';
  readonly code = 'ROLE_NOT_GRANTABLE';
  constructor(role: Role) {
    super(`Expected a role that you may give, only an ${role} may make another ${role}.`);
  }
}

/** The client's id names something else: of another kind of content, or of another project. */
export class IdTakenError extends DomainError {
  override name = 'IdTakenError';
  readonly code = 'ID_TAKEN';
  constructor(id: string) {
    super(`Expected a new id for something new, ${id} is taken.`);
  }
}

export class ParticipantNotFoundError extends DomainError {
  override name = 'ParticipantNotFoundError';
  readonly code = 'PARTICIPANT_NOT_FOUND';
  constructor(id: string) {
    super(`Expected a participant of this project with id ${id}, found none.`);
  }
}

export class LabelTakenError extends DomainError {
  override name = 'LabelTakenError';
  readonly code = 'LABEL_TAKEN';
  readonly participantId: string;
  constructor(label: string, participantId: string) {
    super(`Expected a label that is new in the project, ${label} is participant ${participantId}.`);
    this.participantId = participantId;
  }
}

export class EmailTakenError extends DomainError {
  override name = 'EmailTakenError';
  readonly code = 'EMAIL_TAKEN';
  constructor() {
    super('Expected an e-mail address that is new, there is a user with this one.');
  }
}

/** Says neither whether the user exists nor which part was wrong. */
export class SignInRefusedError extends DomainError {
  override name = 'SignInRefusedError';
  readonly code = 'SIGN_IN_REFUSED';
  constructor() {
    super('Expected the e-mail address and password of a member, got others.');
  }
}

/** The refresh token is unknown, used, expired or signed out. */
export class RefreshRefusedError extends DomainError {
  override name = 'RefreshRefusedError';
  readonly code = 'REFRESH_REFUSED';
  constructor() {
    super('Expected a refresh token that is good and was not used before. Sign in again.');
  }
}
