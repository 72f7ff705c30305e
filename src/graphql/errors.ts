import { GraphQLError } from 'graphql';

/** Codes of `extensions.code` that the kit itself gives. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'RATE_LIMITED'
  | 'TOO_COMPLEX'
  | 'OVERLOADED'
  | 'UNEXPECTED';

export function unauthenticated(): GraphQLError {
  return refusal(
    'UNAUTHENTICATED',
    'Expected an API key or access token as `Authorization: Bearer …`, got none that is good.',
  );
}

export function forbidden(): GraphQLError {
  return refusal(
    'FORBIDDEN',
    'The key or user lacks the scope for this. `viewer { scopes }` lists what it has.',
  );
}

/** An error that the client may read. */
export function refusal(
  code: ErrorCode,
  message: string,
  extensions: Record<string, unknown> = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...extensions } });
}
