import {
  ProcessingDocument,
  ProcessingProgressDocument,
  type SessionState,
  type StepFragment,
} from '../generated/client/graphql.ts';
import type { Connection } from './connection.ts';
import { NoAnswerError, RequestRefusedError } from './errors.ts';
import { sleep } from './patience.ts';

/** What processing has come to. */
export type Processed = {
  state: SessionState;
  /** Why, where that needs words. */
  reason: string | null;
  steps: StepFragment[];
};

/** States after which nothing happens by itself. */
const final: ReadonlySet<SessionState> = new Set([
  'READY',
  'NEEDS_REVIEW',
  'REJECTED',
  'FAILED',
  'ARCHIVED',
  'DISCARDED',
  'ERASED',
]);
/** The session's own state is asked at least so often; the subscription tells of the stages. */
const lookEveryMs = 1_000;

/**
 * Follows a session to the end of its processing.
 *
 * @param onStep hears of every stage, at once of what is known already; the same may come twice
 * @param quietMs time without any news after which it gives up
 * @throws {NoAnswerError} nothing has happened for so long: perhaps no worker runs
 * @throws {RequestRefusedError} there is no such session
 */
export async function followProcessing(
  connection: Connection,
  sessionId: string,
  {
    onStep,
    quietMs = 60_000,
    signal,
  }: {
    onStep?: (step: StepFragment) => void;
    quietMs?: number;
    signal?: AbortSignal;
  } = {},
): Promise<Processed> {
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([stop.signal, signal]) : stop.signal;
  let newsAt = performance.now();
  let isNews = false;
  let wake = (): void => undefined;
  const hear = (step: StepFragment): void => {
    newsAt = performance.now();
    isNews = true;
    onStep?.(step);
    wake();
  };
  const following = followSteps(connection, sessionId, hear, either).catch((error: unknown) => {
    if (!either.aborted) throw error;
  });
  const failed = following.then(() => new Promise<never>(() => {}));
  failed.catch(() => undefined); // raced below
  try {
    let known = '';
    for (;;) {
      isNews = false;
      const { session } = await connection.run(ProcessingDocument, { id: sessionId }, either);
      if (!session)
        throw new RequestRefusedError(
          'SESSION_NOT_FOUND',
          `Expected a session of yours with id ${sessionId}, found none.`,
        );
      const { state, reason = null, processing: steps } = session;
      const now = JSON.stringify(session);
      if (now !== known) {
        known = now;
        newsAt = performance.now();
        for (const step of steps) onStep?.(step);
      }
      if (final.has(state)) return { state, reason: reason ?? null, steps };
      if (session.hold && steps.some((step) => step.stage === 'SCORE' && step.state === 'DONE'))
        return { state, reason: reason ?? null, steps };
      if (performance.now() - newsAt > quietMs)
        throw new NoAnswerError(
          `Expected processing to go on, nothing has happened for ${Math.round(quietMs / 1000)} s. The session is ${state}. Is a worker running? \`npm run -s work\` starts one.`,
        );
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!isNews) await Promise.race([woken, failed, sleep(lookEveryMs, either)]);
    }
  } finally {
    stop.abort();
  }
}

/** Subscribes again, after the last event, when the server lets this subscriber go. */
async function followSteps(
  connection: Connection,
  sessionId: string,
  hear: (step: StepFragment) => void,
  signal: AbortSignal,
): Promise<void> {
  let after: string | null = null;
  while (!signal.aborted) {
    const variables: { sessionId: string; after: string | null } = { sessionId, after };
    for await (const { processingProgress: event } of connection.follow(
      ProcessingProgressDocument,
      variables,
      signal,
    )) {
      after = event.cursor;
      if (event.__typename === 'ProcessingChange' && event.step) hear(event.step);
    }
    await sleep(500, signal);
  }
}
