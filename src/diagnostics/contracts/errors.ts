import { DomainError } from '../../lib/errors.ts';

export class SchemaUnknownError extends DomainError {
  override name = 'SchemaUnknownError';
  readonly code = 'SCHEMA_UNKNOWN';
  constructor(service: string) {
    super(
      `Expected a schema of the service ${service} before its operations; send it with deploySchema.`,
    );
  }
}
