import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  execute,
  executeSubscriptionEvent,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  validateSubscriptionArgs,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { App } from '../platform/app.ts';
import type { Trace } from '../platform/trace.ts';
import type { Authenticate, Context, Viewer } from './context.ts';
import { refusal } from './errors.ts';
import {
  complexityCheck,
  documentLimits,
  networkOf,
  openRateLimit,
  refuseShape,
} from './limits.ts';
import { maskError } from './watch.ts';

/** What a client sends, whichever the transport. */
export type OperationRequest = {
  query: string;
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
};

/** Who sends it, and how. */
export type Caller = Pick<Context, 'viewer' | 'transport' | 'address' | 'trace' | 'recheck'>;

/** An operation that may run. */
export type Operation = {
  type: OperationTypeNode;
  /** For logs and metrics, where a client must not be able to make names without end. */
  label: string;
  document: DocumentNode;
  name: string | null;
  variables: Record<string, unknown>;
  caller: Caller;
  context: Context & { readonly signal: AbortSignal };
  /** Enters the trace of the operation. */
  inTrace: <T>(work: () => T) => T;
  /** Nobody waits for the answer any more. A mutation goes on: its effects are whole or absent. */
  abandon(): void;
};

/** Why an operation does not run. */
export type Refused = { errors: GraphQLError[]; reason: 'INVALID' | 'RATE_LIMITED' };

/** The one way from a request to its answer. Both transports are thin shells around it. */
export type Operations = {
  schema: GraphQLSchema;
  /**
   * Rate limit, parsing, validation, limits of size and cost. Documents are remembered by text. What
   * runs later runs in the trace in which this is called.
   */
  admit(request: OperationRequest, caller: Caller): Promise<Operation | Refused>;
  /** The answer to a query or mutation; never rejects. */
  answer(operation: Operation): Promise<ExecutionResult>;
  /** The events of a subscription, or why there are none; never rejects, the events may. */
  follow(operation: Operation): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>>;
  /** What the client may read of an error. Faults are logged. */
  mask(error: unknown, trace: Trace, label?: string): GraphQLError;
  /** Queries and mutations that run now. */
  running(): number;
  /** Ends subscriptions and queries, waits for mutations at most so long. */
  stop(timeoutMs: number): Promise<void>;
};

type KnownDocument =
  | { errors: readonly GraphQLError[] }
  | { document: DocumentNode; operations: Map<string | null, KnownOperation> };

type KnownOperation = {
  node: OperationDefinitionNode;
  refuseCost: ReturnType<typeof complexityCheck>;
};

const recheckMs = 1_000;
const maxLabels = 300;

/** The viewer as of at most a second ago, so that many events of one client ask once. */
export function recheckOf(
  app: App,
  authenticate: Authenticate,
  credentials: { token: string | null; address: string },
): () => Promise<Viewer | null> {
  let asked = { at: Number.NEGATIVE_INFINITY, viewer: Promise.resolve<Viewer | null>(null) };
  return () => {
    const now = performance.now();
    if (now - asked.at < recheckMs) return asked.viewer;
    const viewer = authenticate(app, credentials);
    asked = { at: now, viewer };
    viewer.catch(() => {
      asked.at = Number.NEGATIVE_INFINITY;
    });
    return viewer;
  };
}

/** Whom limits count: a key, a user, or the network of somebody unknown. */
export function limitKeyOf({ viewer, address }: Pick<Caller, 'viewer' | 'address'>): string {
  return viewer ? `${viewer.kind}:${viewer.id}` : `address:${networkOf(address)}`;
}

export function openOperations(app: App, schema: GraphQLSchema): Operations {
  const { config, log, metrics } = app;
  const hideSuggestions = !config.graphiql;
  const deadlineMs = config.database.statementTimeoutMs + 5_000;
  const rateLimit = openRateLimit(config.rateLimit);
  const documents = new LRUCache<string, KnownDocument>({
    max: 1_000,
    maxSize: 10_000_000,
    sizeCalculation: (_known, text) => text.length + 1,
  });
  const labels = new Set<string>();
  const unfinished = new Set<Operation>();
  let whenIdle: (() => void) | null = null;

  const read = (text: string): KnownDocument => {
    const known = documents.get(text);
    if (known) return known;
    const made = readDocument(schema, text, hideSuggestions);
    documents.set(text, made);
    return made;
  };

  const labelOf = (name: string | undefined): string => {
    if (!name) return 'anonymous';
    if (labels.has(name)) return name;
    if (labels.size >= maxLabels || name.length > 64) return 'other';
    labels.add(name);
    return name;
  };

  const mask = (error: unknown, { traceId }: Trace, label?: string): GraphQLError =>
    maskError(error, traceId, (fault) =>
      log.error(
        { err: fault, operation: label, correlationId: traceId },
        'an operation met a fault',
      ),
    );

  const finish = (
    result: ExecutionResult,
    { caller: { trace }, label }: Operation,
  ): ExecutionResult => ({
    ...result,
    ...(result.errors ? { errors: result.errors.map((error) => mask(error, trace, label)) } : {}),
    extensions: { ...result.extensions, correlationId: trace.traceId },
  });

  const settle = (
    { label, caller }: Operation,
    { errors }: ExecutionResult,
    begunAt: number,
  ): void => {
    const isFault = errors?.some(({ extensions }) => extensions.code === 'UNEXPECTED');
    const outcome = isFault ? 'failed' : errors ? 'refused' : 'ok';
    const ms = performance.now() - begunAt;
    metrics.operations.inc({ operation: label, transport: caller.transport, outcome });
    metrics.operationSeconds.observe({ operation: label }, ms / 1000);
    if (log.isLevelEnabled('debug'))
      log.debug({ operation: label, ms, outcome, correlationId: caller.trace.traceId }, 'answered');
  };

  const end = (operation: Operation): void => {
    unfinished.delete(operation);
    if (unfinished.size === 0) whenIdle?.();
  };

  const admit: Operations['admit'] = async (request, caller) => {
    const inTrace = AsyncLocalStorage.snapshot();
    const refuse = (reason: Refused['reason'], errors: readonly unknown[]): Refused => ({
      reason,
      errors: errors.map((error) => mask(error, caller.trace)),
    });
    try {
      await rateLimit.consume(limitKeyOf(caller));
    } catch (error) {
      metrics.refusals.inc({ reason: 'rate-limit' });
      return refuse('RATE_LIMITED', [error]);
    }
    const known = read(request.query);
    if ('errors' in known) return refuse('INVALID', known.errors);
    const name = request.operationName || null;
    const operation = known.operations.get(name);
    if (!operation) return refuse('INVALID', [noSuchOperation(known.document, name)]);
    const variables = request.variables ?? {};
    const tooCostly = operation.refuseCost(variables);
    if (tooCostly) return refuse('INVALID', [tooCostly]);

    let controller: AbortController | null = null;
    const type = operation.node.operation;
    return {
      type,
      label: labelOf(operation.node.name?.value),
      document: known.document,
      name,
      variables,
      caller,
      inTrace,
      abandon() {
        if (type !== OperationTypeNode.MUTATION) (controller ??= new AbortController()).abort();
      },
      context: {
        app,
        viewer: caller.viewer,
        transport: caller.transport,
        address: caller.address,
        trace: caller.trace,
        recheck: caller.recheck,
        once: new Map(),
        get signal() {
          return (controller ??= new AbortController()).signal;
        },
      },
    };
  };

  const answer: Operations['answer'] = async (operation) => {
    const begunAt = performance.now();
    const { type, document, name, variables, context, inTrace } = operation;
    unfinished.add(operation);
    let result: ExecutionResult;
    try {
      const work = inTrace(() =>
        execute({
          schema,
          document,
          operationName: name,
          variableValues: variables,
          contextValue: context,
          hideSuggestions,
          abortSignal: type === OperationTypeNode.QUERY ? context.signal : null,
        }),
      );
      if (work instanceof Promise) {
        void work.then(
          () => end(operation),
          () => end(operation),
        );
        result = await within(deadlineMs, work);
      } else {
        end(operation);
        result = work;
      }
    } catch (error) {
      operation.abandon();
      result = { errors: [error instanceof GraphQLError ? error : faultOf(error)] };
    }
    const answered = finish(result, operation);
    settle(operation, answered, begunAt);
    return answered;
  };

  const follow: Operations['follow'] = async (operation) => {
    const { document, name, variables, context, caller, label, inTrace } = operation;
    metrics.operations.inc({ operation: label, transport: caller.transport, outcome: 'followed' });
    try {
      return await inTrace(async () => {
        const args = validateSubscriptionArgs({
          schema,
          document,
          operationName: name,
          variableValues: variables,
          contextValue: context,
          hideSuggestions,
        });
        if (!('schema' in args)) return finish({ errors: args }, operation);
        const source = await within(deadlineMs, Promise.resolve(createSourceEventStream(args)));
        if (!(Symbol.asyncIterator in source)) return finish(source, operation);

        const resolve = async (rootValue: unknown): Promise<ExecutionResult> => {
          // Nothing computed for an earlier event, no right found then, may answer for this one.
          const contextValue = { ...context, viewer: await caller.recheck(), once: new Map() };
          const event = Promise.resolve(
            executeSubscriptionEvent({ ...args, rootValue, contextValue }),
          );
          return finish(await within(deadlineMs, event), operation);
        };
        unfinished.add(operation);
        return streamOf(source[Symbol.asyncIterator](), {
          next: inTrace,
          resolve,
          signal: context.signal,
          end() {
            operation.abandon();
            end(operation);
          },
        });
      });
    } catch (error) {
      operation.abandon();
      return finish(
        { errors: [error instanceof GraphQLError ? error : faultOf(error)] },
        operation,
      );
    }
  };

  return {
    schema,
    admit,
    answer,
    follow,
    mask,
    running: () => unfinished.size,
    async stop(timeoutMs) {
      for (const operation of unfinished) operation.abandon();
      if (unfinished.size === 0) return;
      const idle = new Promise<void>((resolve) => {
        whenIdle = resolve;
      });
      await within(timeoutMs, idle).catch(() => {
        log.warn(
          { operations: unfinished.size },
          'operations were still running when the time to stop was over',
        );
      });
    },
  };
}

/** Parses and validates; what is refused is remembered as well. */
function readDocument(
  schema: GraphQLSchema,
  text: string,
  hideSuggestions: boolean,
): KnownDocument {
  const { chars, tokens } = documentLimits;
  if (text.length > chars)
    return {
      errors: [
        refusal(
          'TOO_COMPLEX',
          `Expected an operation of at most ${chars} characters, got ${text.length}; put values into variables.`,
        ),
      ],
    };
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: tokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return {
      errors: [
        coded(error, /contains more than/.test(error.message) ? 'TOO_COMPLEX' : 'BAD_USER_INPUT'),
      ],
    };
  }
  const shape = refuseShape(document); // first: the rules below are quadratic in places
  if (shape) return { errors: [shape] };
  const errors = validate(schema, document, specifiedRules, { maxErrors: 10, hideSuggestions });
  if (errors.length > 0) return { errors: errors.map((error) => coded(error, 'BAD_USER_INPUT')) };

  const operations = new Map<string | null, KnownOperation>();
  const nodes = document.definitions.filter((node) => node.kind === 'OperationDefinition');
  for (const node of nodes) {
    const known = { node, refuseCost: complexityCheck(schema, document, node) };
    if (node.name) operations.set(node.name.value, known);
    if (nodes.length === 1) operations.set(null, known);
  }
  return { document, operations };
}

function coded(error: GraphQLError, code: string): GraphQLError {
  const { message, nodes, source, positions, path, extensions } = error;
  return new GraphQLError(message, {
    nodes,
    source,
    positions,
    path,
    extensions: { ...extensions, code },
  });
}

function noSuchOperation(document: DocumentNode, name: string | null): GraphQLError {
  if (name !== null)
    return refusal(
      'BAD_USER_INPUT',
      `Expected operationName to name an operation of the document, got ${JSON.stringify(name.slice(0, 80))}.`,
    );
  const isAmbiguous =
    getOperationAST(document, null) === null &&
    document.definitions.some((node) => node.kind === 'OperationDefinition');
  return refusal(
    'BAD_USER_INPUT',
    isAmbiguous
      ? 'Expected operationName, because the document has several operations.'
      : 'Expected an operation in the document, got none.',
  );
}

/** An execution error without a place, so that it is masked like any fault of a resolver. */
function faultOf(error: unknown): GraphQLError {
  const cause = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(cause.message, { originalError: cause });
}

/** @throws {GraphQLError} OVERLOADED when the work is not done in time; it goes on by itself */
function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const message = `Expected an answer within ${timeoutMs / 1000} s, got none. Whether it took effect is not known; repeat the call.`;
      reject(refusal('OVERLOADED', message, { retryAfterSeconds: 5 }));
    }, timeoutMs);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/**
 * The results for the events of a source. `return` takes effect at once, though the source may be
 * waiting for an event: generators queue it until then, and an idle subscriber would stay for ever.
 */
function streamOf(
  source: AsyncIterator<unknown>,
  hooks: {
    next: <T>(step: () => T) => T;
    resolve: (event: unknown) => Promise<ExecutionResult>;
    signal: AbortSignal;
    end: () => void;
  },
): AsyncIterableIterator<ExecutionResult> {
  const over = { done: true, value: undefined } as const;
  let isOver = false;
  let wake: (() => void) | null = null;
  const finish = () => {
    if (isOver) return;
    isOver = true;
    hooks.signal.removeEventListener('abort', finish);
    hooks.end();
    wake?.();
    source.return?.().catch(() => undefined); // its clean-up fails for nobody
  };
  hooks.signal.addEventListener('abort', finish);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (isOver) return over;
      try {
        const result = await new Promise<ExecutionResult | null>((resolve, reject) => {
          wake = () => resolve(null);
          hooks
            .next(async () => {
              const event = await source.next();
              return event.done ? null : await hooks.resolve(event.value);
            })
            .then(resolve, reject);
        });
        wake = null;
        if (result && !isOver) return { done: false, value: result };
        finish();
        return over;
      } catch (error) {
        if (isOver) return over;
        finish();
        throw error;
      }
    },
    async return() {
      finish();
      return over;
    },
  };
}
