import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  execute,
  executeSubscriptionEvent,
  GraphQLError,
  type GraphQLSchema,
  OperationTypeNode,
  validateSubscriptionArgs,
} from 'graphql';
import type { App } from '../platform/app.ts';
import { slowOperationMs } from '../platform/slow.ts';
import { inTrace, type Trace, traceparentOf, withTrace } from '../platform/trace.ts';
import { type Caller, limitKeyOf } from './caller.ts';
import type { Context, Viewer } from './context.ts';
import { within } from './deadline.ts';
import { type KnownOperation, openDocuments } from './documents.ts';
import { forbidden, refusal, unauthenticated } from './errors.ts';
import { openRateLimit } from './limits.ts';
import { OperationContext } from './operation-context.ts';
import { streamOf } from './stream.ts';
import { maskError } from './watch.ts';

/** What a client sends, whichever the transport. */
export type OperationRequest = {
  query: string;
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
  extensions?: Record<string, unknown> | null | undefined;
};

/** Hears by which contract a client goes: its hash, as the client names it in `extensions.contractHash`. */
export type HearContract = (told: { hash: string; operation: string; viewer: Viewer }) => void;

/** An operation that may run. */
export type Operation = {
  type: OperationTypeNode;
  /** For logs and metrics, where a client must not be able to make names without end. */
  label: string;
  document: DocumentNode;
  name: string | null;
  quickRun: KnownOperation['quickRun'];
  variables: Record<string, unknown>;
  caller: Caller;
  context: Context;
  /** Nobody waits for the answer any more. A mutation goes on: its effects are whole or absent. */
  abandon(): void;
};

/** Why an operation does not run. */
export type Refused = { errors: GraphQLError[]; reason: 'INVALID' | 'RATE_LIMITED' };

/** The one way from a request to its answer. Both transports are thin shells around it. */
export type Operations = {
  schema: GraphQLSchema;
  /** Rate limit, parsing, validation, limits of size and cost. Documents are remembered by text. */
  admit(request: OperationRequest, caller: Caller): Operation | Refused;
  /** The answer to a query or mutation; never rejects. */
  answer(operation: Operation): Promise<ExecutionResult>;
  /** The events of a subscription, or why there are none; never rejects, the events may. */
  follow(operation: Operation): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>>;
  /** What the client may read of an error. Faults are logged. */
  mask(error: unknown, trace: Trace, label?: string, viewer?: Viewer | null): GraphQLError;
  /** Ends subscriptions and queries, waits for mutations at most so long. */
  stop(timeoutMs: number): Promise<void>;
};

const maxLabels = 300;

/** @param hearContract of every operation that is admitted and names one; must return at once */
export function openOperations(
  app: App,
  schema: GraphQLSchema,
  hearContract?: HearContract,
): Operations {
  const { config, log, metrics, slow } = app;
  const hideSuggestions = !config.graphiql;
  const deadlineMs = config.database.statementTimeoutMs + 5_000;
  const rateLimit = openRateLimit(config.rateLimit);
  const documents = openDocuments(schema, { hideSuggestions });
  const labels = new Set<string>();
  const unfinished = new Set<Operation>();
  let whenIdle: (() => void) | null = null;

  const labelOf = (name: string | undefined): string => {
    if (!name) return 'anonymous';
    if (labels.has(name)) return name;
    if (labels.size >= maxLabels || name.length > 64) return 'other';
    labels.add(name);
    return name;
  };

  const mask = (
    error: unknown,
    { traceId }: Trace,
    label?: string,
    viewer?: Viewer | null,
  ): GraphQLError =>
    maskError(error, traceId, (fault) => {
      log.error(
        { err: fault, operation: label, correlationId: traceId },
        'an operation met a fault',
      );
      app.faults.report({
        place: 'operation',
        error: fault,
        name: label,
        projectId: viewer?.projectId,
        correlationId: traceId,
      });
    });

  const finish = (
    result: ExecutionResult,
    { caller: { trace, viewer }, label }: Operation,
  ): ExecutionResult => ({
    ...result,
    ...(result.errors
      ? { errors: result.errors.map((error) => mask(error, trace, label, viewer)) }
      : {}),
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
    if (ms >= slowOperationMs && caller.viewer)
      slow.note({
        kind: 'operation',
        name: label,
        projectId: caller.viewer.projectId,
        traceId: caller.trace.traceId,
        viewerId: caller.viewer.id,
        durationMs: ms,
      });
    if (log.isLevelEnabled('debug'))
      log.debug({ operation: label, ms, outcome, correlationId: caller.trace.traceId }, 'answered');
  };

  const end = (operation: Operation): void => {
    unfinished.delete(operation);
    if (unfinished.size === 0) whenIdle?.();
  };

  const admit: Operations['admit'] = (request, caller) => {
    const refuse = (reason: Refused['reason'], errors: readonly unknown[]): Refused => ({
      reason,
      errors: errors.map((error) => mask(error, caller.trace)),
    });
    const tooMany = rateLimit.consume(limitKeyOf(caller));
    if (tooMany) {
      metrics.refusals.inc({ reason: 'rate-limit' });
      return refuse('RATE_LIMITED', [tooMany]);
    }
    const name = request.operationName || null;
    const known = documents.find(request.query, name);
    if ('errors' in known) return refuse('INVALID', known.errors);
    const variables = request.variables ?? {};
    const tooCostly = known.refuseCost(variables);
    if (tooCostly) return refuse('INVALID', [tooCostly]);

    const type = known.node.operation;
    const hash = request.extensions?.contractHash;
    if (typeof hash === 'string' && caller.viewer)
      hearContract?.({ hash, operation: known.node.name?.value ?? '', viewer: caller.viewer });
    const context = new OperationContext(app, caller);
    return {
      type,
      label: labelOf(known.node.name?.value),
      document: known.document,
      quickRun: known.quickRun,
      name,
      variables,
      caller,
      abandon: type === OperationTypeNode.MUTATION ? () => undefined : () => context.abort(),
      context,
    };
  };

  const answer: Operations['answer'] = async (operation) => {
    const begunAt = performance.now();
    const { type, document, name, variables, context, caller } = operation;
    unfinished.add(operation);
    let result: ExecutionResult;
    try {
      const work = inTrace(
        caller.trace,
        () =>
          operation.quickRun?.(variables, context) ??
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
        result = await within(deadlineMs, work, late);
      } else {
        end(operation);
        result = work;
      }
    } catch (error) {
      const isGone = type === OperationTypeNode.QUERY && context.signal.aborted;
      result = { errors: [isGone ? gone() : asGraphQLError(error)] };
      operation.abandon();
    }
    const answered = finish(result, operation);
    settle(operation, answered, begunAt);
    return answered;
  };

  const follow: Operations['follow'] = async (operation) => {
    const { document, name, variables, context, caller, label } = operation;
    metrics.operations.inc({ operation: label, transport: caller.transport, outcome: 'followed' });
    try {
      return await inTrace(caller.trace, async () => {
        const args = validateSubscriptionArgs({
          schema,
          document,
          operationName: name,
          variableValues: variables,
          contextValue: context,
          hideSuggestions,
        });
        if (!('schema' in args)) return finish({ errors: args }, operation);
        const source = await within(
          deadlineMs,
          Promise.resolve(createSourceEventStream(args)),
          late,
        );
        if (!(Symbol.asyncIterator in source)) return finish(source, operation);

        const resolve = async (rootValue: unknown): Promise<ExecutionResult> => {
          const viewer = await caller.recheck();
          expectRights(caller.viewer, viewer);
          // Nothing computed for an earlier event, no right found then, may answer for this one.
          const { signal } = context;
          const contextValue = { ...context, viewer, signal, once: new Map() };
          const event = Promise.resolve(
            executeSubscriptionEvent({ ...args, rootValue, contextValue }),
          );
          return finish(await within(deadlineMs, event, late), operation);
        };
        unfinished.add(operation);
        return streamOf(source[Symbol.asyncIterator](), {
          // Each event is a span of its own, in the trace of whoever follows.
          inTrace: (step) => withTrace(traceparentOf(caller.trace), step),
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
      return finish({ errors: [asGraphQLError(error)] }, operation);
    }
  };

  return {
    schema,
    admit,
    answer,
    follow,
    mask,
    async stop(timeoutMs) {
      for (const operation of unfinished) operation.abandon();
      if (unfinished.size === 0) return;
      const idle = new Promise<void>((resolve) => {
        whenIdle = resolve;
      });
      await within(timeoutMs, idle, late).catch(() => {
        log.warn(
          { operations: unfinished.size },
          'operations were still running when the time to stop was over',
        );
      });
    },
  };
}

/**
 * Pothos asks for the scopes of a subscription when it begins. It ends when one of them is gone, and
 * whoever may still have it begins anew.
 *
 * @throws {GraphQLError} UNAUTHENTICATED or FORBIDDEN
 */
function expectRights(before: Viewer | null, now: Viewer | null): void {
  if (before && !now) throw unauthenticated();
  if (before && now && !before.scopes.isSubsetOf(now.scopes)) throw forbidden();
}

/** What was thrown outside of every resolver, so that it is masked like any fault of one. */
function asGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(cause.message, { originalError: cause });
}

function gone(): GraphQLError {
  return refusal(
    'OVERLOADED',
    'The client went, or the server stops; nobody waits for the answer.',
  );
}

function late(): GraphQLError {
  return refusal(
    'OVERLOADED',
    'Expected an answer in time, got none. Whether it took effect is not known; repeat the call.',
    { retryAfterSeconds: 5 },
  );
}
