import type { IncomingMessage, ServerResponse } from 'node:http';
import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention';
import { type ExecutionResult, GraphQLError } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { App } from '../platform/app.ts';
import { childOf, currentTrace, type Trace, withTrace } from '../platform/trace.ts';
import { limitKeyOf, recheckOf } from './caller.ts';
import type { Authenticate, Viewer } from './context.ts';

import { refusal } from './errors.ts';
import { sendGraphiQL } from './graphiql.ts';
import type { Operation, OperationRequest, Operations } from './operations.ts';

type NodeContext = { req: IncomingMessage; res: ServerResponse };

/** Answers requests for `/graphql`. */
export type HttpHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/**
 * GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/. Yoga reads the request and
 * writes the answer (JSON, or server-sent events for a subscription); what happens between is the
 * same as for WebSockets.
 */
export function openHttp(
  app: App,
  operations: Operations,
  authenticate: Authenticate,
): HttpHandler {
  const { config } = app;
  const streams = new Map<string, number>();
  const maxBytes = config.sockets.maxMessageBytes;

  const handle = async (
    request: OperationRequest,
    { req, res }: NodeContext,
  ): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> => {
    const trace = traceNow();
    const credentials = {
      token: tokenOf(req.headers.authorization),
      address: addressOf(req, config.trustedProxies),
    };
    let viewer: Viewer | null;
    try {
      viewer = await authenticate(app, credentials);
    } catch (error) {
      return refused([operations.mask(error, trace)], trace, 503);
    }
    const recheck = recheckOf(app, authenticate, credentials);
    const caller = {
      viewer,
      transport: 'HTTP',
      address: credentials.address,
      trace,
      recheck,
    } as const;
    const operation = operations.admit(request, caller);
    if ('errors' in operation)
      return refused(operation.errors, trace, operation.reason === 'INVALID' ? 400 : 429);
    if (req.method === 'GET' && operation.type !== 'query')
      return refused(
        [
          refusal(
            'BAD_USER_INPUT',
            `Expected a query by GET, got a ${operation.type}; send it by POST.`,
          ),
        ],
        trace,
        405,
      );
    res.once('close', () => operation.abandon());
    if (operation.type !== 'subscription') return withStatus(await operations.answer(operation));
    return await follow(operation);
  };

  const follow = async (operation: Operation) => {
    const key = limitKeyOf(operation.caller);
    if ((streams.get(key) ?? 0) >= config.sockets.maxPerKey)
      return refused(
        [
          refusal(
            'OVERLOADED',
            `Expected at most ${config.sockets.maxPerKey} open streams, got one more.`,
            { retryAfterSeconds: 5 },
          ),
        ],
        operation.caller.trace,
        429,
      );
    // Counted before anything is waited for, so that many at once do not pass together.
    streams.set(key, (streams.get(key) ?? 0) + 1);
    const leave = () => {
      const left = (streams.get(key) ?? 1) - 1;
      if (left > 0) streams.set(key, left);
      else streams.delete(key);
    };
    const events = await operations.follow(operation);
    if (!(Symbol.asyncIterator in events)) {
      leave();
      return withStatus(events);
    }
    const { signal } = operation.context;
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return endingWithError(events, (error) => ({
      errors: [operations.mask(error, operation.caller.trace, operation.label)],
      extensions: { correlationId: operation.caller.trace.traceId },
    }));
  };

  const ours: Plugin<NodeContext> = {
    onRequestParse({ request }) {
      const type = request.headers.get('content-type') ?? '';
      if (request.method === 'POST' && !/^application\/(graphql\+)?json\s*(;|$)/i.test(type))
        throw refusal('BAD_USER_INPUT', 'Expected a body of type application/json.', {
          http: { status: 415 },
        });
    },
    onParams({ setParamsHandler }) {
      setParamsHandler(({ params, context }) => {
        const { query = '', operationName, variables, extensions } = params;
        return handle(
          { query, operationName, variables, extensions },
          context as unknown as NodeContext,
        );
      });
    },
    onResultProcess({ result, setResult }) {
      if (
        Array.isArray(result) ||
        Symbol.asyncIterator in result ||
        result.extensions?.correlationId
      )
        return;
      setResult({
        ...result,
        extensions: { ...result.extensions, correlationId: traceNow().traceId },
      });
    },
  };

  const yoga = createYoga<NodeContext>({
    graphqlEndpoint: '/graphql',
    plugins: [useCSRFPrevention(), ours],
    maskedErrors: {
      maskError: (error) => operations.mask(named(error, maxBytes), traceNow()),
    },
    maxRequestBodySize: maxBytes,
    parserAndValidationCache: false,
    multipart: false,
    graphiql: false,
    landingPage: false,
    cors: false, // the server decides about origins, for all of its routes
    logging: false,
  });

  return async (req, res) => {
    if (config.graphiql && req.method === 'GET' && req.headers.accept?.includes('text/html'))
      await sendGraphiQL(req, res);
    else await withTrace(req.headers.traceparent?.toString(), () => yoga(req, res));
  };
}

/** The token of `Authorization: Bearer …`. */
export function tokenOf(authorization: unknown): string | null {
  if (typeof authorization !== 'string') return null;
  return authorization.replace(/^Bearer\s+/i, '').trim() || null;
}

/** The client's address; `X-Forwarded-For` counts only as far as proxies of ours wrote it. */
export function addressOf(req: IncomingMessage, trustedProxies: number): string {
  const forwarded = String(req.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  const hops = [...forwarded, req.socket.remoteAddress ?? 'unknown'];
  return (hops.at(-1 - trustedProxies) ?? hops[0] ?? 'unknown').replace(/^::ffff:/, '');
}

function traceNow(): Trace {
  return currentTrace() ?? childOf(null);
}

/** A refusal of the request as a whole. `spec`: 200 for clients that only accept `application/json`. */
function refused(errors: GraphQLError[], { traceId }: Trace, status: number): ExecutionResult {
  return {
    errors: errors.map((error) => {
      const { retryAfterSeconds } = error.extensions;
      const headers =
        typeof retryAfterSeconds === 'number' ? { 'retry-after': String(retryAfterSeconds) } : {};
      return withHttp(error, {
        status: retryAfterSeconds && status === 503 ? 429 : status,
        spec: status === 400,
        headers,
      });
    }),
    extensions: { correlationId: traceId },
  };
}

/** Variables that do not fit refuse the request as a whole, too. */
function withStatus(result: ExecutionResult): ExecutionResult {
  if (!result.errors || result.data !== undefined) return result;
  return {
    ...result,
    errors: result.errors.map((error) =>
      error.extensions.code === 'BAD_USER_INPUT'
        ? withHttp(error, { status: 400, spec: true })
        : error,
    ),
  };
}

function withHttp(error: GraphQLError, http: Record<string, unknown>): GraphQLError {
  const { message, nodes, source, positions, path, extensions } = error;
  return new GraphQLError(message, {
    nodes,
    source,
    positions,
    path,
    extensions: { ...extensions, http },
  });
}

/** Errors of Yoga itself, with codes of ours. */
function named(error: unknown, maxBytes: number): unknown {
  if (!(error instanceof GraphQLError)) return error;
  const { http, code } = error.extensions;
  if (code === 'REQUEST_ENTITY_TOO_LARGE')
    return refusal('BAD_USER_INPUT', `Expected a body of at most ${maxBytes} bytes, got more.`, {
      maxBytes,
      http: { status: 413, headers: { connection: 'close' } },
    });
  // Not an operation at all, so that 200 for the older media type would be no help either.
  if (code === 'BAD_REQUEST')
    return refusal('BAD_USER_INPUT', error.message, {
      http: Object.assign({}, http, { spec: false }),
    });
  return error;
}

/** A stream of server-sent events has no message for an error: it becomes the last result. */
async function* endingWithError(
  events: AsyncIterableIterator<ExecutionResult>,
  last: (error: unknown) => ExecutionResult,
): AsyncGenerator<ExecutionResult> {
  try {
    yield* events;
  } catch (error) {
    yield last(error);
  }
}
