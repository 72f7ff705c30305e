import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  type IRetryBackoffContext,
  retry,
  wrap,
} from 'cockatiel';
import OpenAI from 'openai';
import * as z from 'zod';
import { ModelServerError } from './model-errors.ts';

export type CallOptions = {
  /** Longest wait for the whole answer, its body included. */
  timeoutMs: number;
  /** Whether a repeat does harm: then nothing is repeated that may have been done. */
  isUnsafe?: boolean;
  signal?: AbortSignal | undefined;
};

/** One request, made until it succeeds, fails for good or was tried often enough. */
export type Caller = <T>(
  schema: z.ZodType<T>,
  options: CallOptions,
  request: (signal: AbortSignal) => PromiseLike<unknown>,
) => Promise<T>;

const longestRetryAfterMs = 60_000; // a longer one is for whoever called: nobody waits that long in a call
const breakAfter = 8; // failures in a row; then the server is left alone for a while
const breakMs = 5_000;

/** Retries with back-off and jitter around a circuit breaker, both for one server. */
export function openCaller(where: string, how: { retries: number; retryDelayMs: number }): Caller {
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof ModelServerError && isOutage(error)),
    { halfOpenAfter: breakMs, breaker: new ConsecutiveBreaker(breakAfter) },
  );
  const patience = (isUnsafe: boolean) =>
    retry(
      handleWhen(
        (error) =>
          error instanceof ModelServerError &&
          error.isRetryable &&
          (error.retryAfterMs ?? 0) <= longestRetryAfterMs &&
          !(isUnsafe && error.isAmbiguous),
      ),
      {
        maxAttempts: how.retries,
        backoff: new DelegateBackoff(({ attempt, result }: IRetryBackoffContext<unknown>) => {
          const error = 'error' in result ? result.error : null;
          const asked = error instanceof ModelServerError ? error.retryAfterMs : null;
          return asked ?? how.retryDelayMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
        }),
      },
    );
  return async (schema, { timeoutMs, isUnsafe = false, signal }, request) => {
    const once = async () => {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await request(signal ? AbortSignal.any([signal, timeout]) : timeout);
        return schema.parse(answer);
      } catch (error) {
        signal?.throwIfAborted();
        throw timeout.aborted
          ? new ModelServerError(`${where} gave no answer within ${timeoutMs} ms.`, {
              isRetryable: true,
              isAmbiguous: true,
              cause: error,
            })
          : explained(where, error);
      }
    };
    try {
      return await wrap(patience(isUnsafe), breaker).execute(once, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof BrokenCircuitError)) throw error;
      throw new ModelServerError(
        `${where} has failed ${breakAfter} times in a row; it is left alone for a moment.`,
        {
          isRetryable: true,
          retryAfterMs: breakMs,
        },
      );
    }
  };
}

/** Whether the server seems to be down, rather than to refuse this one request. */
function isOutage({ isRetryable, status }: ModelServerError): boolean {
  return isRetryable && status !== 429;
}

function explained(where: string, error: unknown): ModelServerError {
  if (error instanceof OpenAI.APIError && typeof error.status === 'number') {
    const { status, message, code, headers } = error;
    const isBusy = status === 408 || status === 409 || status === 429 || status >= 500;
    // A spent quota is a 429 that no waiting helps.
    const isRetryable = isBusy && code !== 'insufficient_quota';
    return new ModelServerError(`${where} answered ${message}`, {
      status,
      code: code ?? null,
      isRetryable,
      isAmbiguous: status === 408 || status >= 500,
      retryAfterMs: retryAfterOf(headers),
      cause: error,
    });
  }
  const isNonsense = error instanceof z.ZodError || error instanceof SyntaxError;
  return new ModelServerError(
    isNonsense
      ? `${where} gave an answer that is not of its API: ${firstLine(error)}`
      : `${where} could not be reached, or broke off: ${firstLine(error)}`,
    { isRetryable: true, isAmbiguous: true, cause: error },
  );
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
function retryAfterOf(headers: Headers | undefined): number | null {
  const said = headers?.get('retry-after');
  if (!said) return null;
  const seconds = Number(said);
  const waitMs = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(said) - Date.now();
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : null;
}

function firstLine(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const cause =
    error instanceof Error && error.cause instanceof Error ? `, ${error.cause.message}` : '';
  return `${said}${cause}`.split('\n')[0] ?? '';
}
