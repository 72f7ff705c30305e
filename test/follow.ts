import { type ExecutionResult, parse, subscribe } from 'graphql';
import { onTestFinished } from 'vitest';
import type { Context, Viewer } from '../src/graphql/context.ts';
import type { App } from '../src/platform/app.ts';
import { childOf } from '../src/platform/trace.ts';
import { schema } from '../src/schema.ts';

type FollowOptions = {
  /** Who the viewer is at each event. Default: who they were. */
  recheck?: () => Promise<Viewer | null>;
  /** Takes the error that ends the stream. Default: the test fails. */
  errors?: unknown[];
};

/** Follows a subscription in this process, until the test ends; answers with what came so far. */
export async function follow<T>(
  app: App,
  viewer: Viewer,
  document: string,
  variableValues: Record<string, unknown>,
  { recheck = async () => viewer, errors }: FollowOptions = {},
): Promise<T[]> {
  const contextValue: Context = {
    app,
    viewer,
    transport: 'WEBSOCKET',
    address: '192.0.2.1',
    trace: childOf(null),
    signal: new AbortController().signal,
    recheck,
    once: new Map(),
  };
  const events = await subscribe({
    schema,
    document: parse(document),
    variableValues,
    contextValue,
  });
  if (!isStream(events)) throw events.errors?.[0] ?? new Error('Expected a stream of events.');
  const came: T[] = [];
  const reading = (async () => {
    for await (const { data, errors } of events) {
      if (errors?.[0]) throw errors[0];
      came.push(data as T);
    }
  })();
  if (errors) reading.catch((error: unknown) => errors.push(error));
  onTestFinished(async () => {
    await Promise.race([events.return?.(undefined), new Promise((done) => setImmediate(done))]);
    await Promise.race([errors ? null : reading, new Promise((done) => setImmediate(done))]);
  });
  return came;
}

function isStream(
  answer: ExecutionResult | AsyncIterableIterator<ExecutionResult>,
): answer is AsyncIterableIterator<ExecutionResult> {
  return Symbol.asyncIterator in answer;
}
