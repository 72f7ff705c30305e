import type { ReportCategory, ReportPlatform, ReportSeverity } from '../contract/report.ts';
import { builder } from '../graphql/builder.ts';
import { describe } from '../graphql/describe.ts';

const categories: Record<ReportCategory, string> = {
  NETWORK_TIMEOUT: 'No answer came in time.',
  CONNECTION_LOST: 'A connection broke, or none could be made.',
  PROTOCOL_VIOLATION: 'One side spoke against the protocol.',
  DATABASE_ERROR: 'The database failed, for a reason that has no category of its own.',
  SCHEMA_VIOLATION: 'A statement does not fit the database’s tables or types.',
  CONSTRAINT_VIOLATION: 'A row would break a rule of the database.',
  TRANSACTION_ROLLBACK: 'A transaction was given up, for example for a deadlock.',
  SYNC_CONFLICT: 'Two copies were changed, differently.',
  SYNC_TIMEOUT: 'A client did not get its changes across in time.',
  VERSION_MISMATCH: 'Two sides know different versions of a contract, a schema or a thing.',
  CRDT_CONFLICT: 'Copies of a conflict-free type do not agree.',
  CONTRACT_VIOLATION: 'A request or an answer is not as its contract says.',
  SERVICE_UNAVAILABLE: 'A service does not work now.',
  RATE_LIMIT_EXCEEDED: 'Somebody asked too often.',
  AUTH_EXPIRED: 'A sign-in or a token has ended.',
  PERMISSION_DENIED: 'Somebody may not do what was asked.',
  TOKEN_INVALID: 'A token or a key is not good.',
  EXTRACTION_FAILED: 'Something could not be read out of a page.',
  AI_PROVIDER_ERROR: 'A provider of models failed.',
  CONTENT_PARSE_ERROR: 'A text is not in the language that it should be in.',
  VALIDATION_FAILED: 'A value does not fit its rules.',
  INPUT_TOO_LARGE: 'Something is over a limit of size.',
  MALFORMED_REQUEST: 'A request cannot be understood.',
  OTHER: 'None of the others; no rule of classification fits.',
};

const severities: Record<ReportSeverity, string> = {
  CRITICAL: 'The product does not work, or data is lost.',
  HIGH: 'Somebody cannot do what they want.',
  MEDIUM: 'Something failed, and there is a way round it.',
  LOW: 'Something is not as it should be, and nobody is held up.',
  INFO: 'Good to know.',
};

const platforms: Record<ReportPlatform, string> = {
  SERVER: 'A server.',
  PWA: 'A page or web app.',
  EXTENSION: 'A browser extension.',
  NETWORK: 'What is between the others.',
  DATABASE: 'A database.',
  WORKER: 'Jobs, or a service worker.',
};

export const ReportCategoryType = builder.enumType('ReportCategory', {
  description: 'What kind of trouble it is.',
  values: describe(categories),
});

export const ReportSeverityType = builder.enumType('ReportSeverity', {
  description: 'How bad it is.',
  values: describe(severities),
});

export const ReportPlatformType = builder.enumType('ReportPlatform', {
  description: 'Where it happened.',
  values: describe(platforms),
});
