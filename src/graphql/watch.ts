import { GraphQLError } from 'graphql';
import { DomainError } from '../lib/errors.ts';
import { isMalformedValue } from '../platform/db.ts';
import {
  type Change,
  type Gap,
  type Interest,
  InvalidCursorError,
  SubscriberTooSlowError,
} from '../platform/pubsub.ts';
import type { Context, Viewer } from './context.ts';
import { refusal, unauthenticated } from './errors.ts';

/**
 * Follows changes for a subscription. The viewer's rights are looked up again at every event, so a
 * revoked key sees nothing more.
 */
export async function* watch(
  context: Context,
  interest: Interest,
  after: string | null | undefined,
): AsyncGenerator<(Change | Gap) & { viewer: Viewer }> {
  try {
    for await (const change of context.app.pubsub.subscribe(interest, {
      after: after ?? null,
      signal: context.signal,
    })) {
      const viewer = await context.recheck();
      if (!viewer) throw unauthenticated();
      yield { ...change, viewer };
    }
  } catch (error) {
    if (error instanceof InvalidCursorError) throw refusal('BAD_USER_INPUT', error.message);
    if (error instanceof SubscriberTooSlowError) throw refusal('OVERLOADED', error.message);
    throw error;
  }
}

/** What a client may read of an error: refusals by code, everything else masked with the id of its trace. */
export function maskError(
  error: unknown,
  traceId: string,
  report: (fault: unknown) => void,
): GraphQLError {
  const graphqlError = error instanceof GraphQLError ? error : null;
  const cause = graphqlError?.originalError ?? error;
  const place = graphqlError
    ? {
        nodes: graphqlError.nodes,
        path: graphqlError.path,
        positions: graphqlError.positions,
        source: graphqlError.source,
      }
    : {};
  if (cause instanceof DomainError)
    return new GraphQLError(cause.message, {
      ...place,
      extensions: { code: cause.code, correlationId: traceId },
    });
  if (graphqlError && (cause instanceof GraphQLError || !graphqlError.originalError)) {
    const code = graphqlError.extensions.code ?? 'BAD_USER_INPUT';
    return new GraphQLError(graphqlError.message, {
      ...place,
      extensions: { ...graphqlError.extensions, code, correlationId: traceId },
    });
  }
  if (isMalformedValue(cause))
    return new GraphQLError(
      'Expected a UUID for every id, a cursor of this list for after and before, and text without NUL; got something else.',
      {
        ...place,
        extensions: { code: 'BAD_USER_INPUT', correlationId: traceId },
      },
    );
  report(cause);
  return new GraphQLError('Unexpected error.', {
    ...place,
    extensions: { code: 'UNEXPECTED', correlationId: traceId },
  });
}
