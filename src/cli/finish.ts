import type { Connection } from '../client/connection.ts';
import type { Played } from '../client/play.ts';
import { CommandError } from './failure.ts';
import { paint, print, seconds } from './print.ts';
import { describeState, follow } from './processing.ts';
import { printQuality, printStorage, readReport } from './report.ts';
import { describeLosses } from './sending.ts';
import type { Reached } from './server.ts';

/** What became of a session, for a machine. */
export type Outcome = {
  sessionId: string;
  state: string;
  reason: string | null;
  /** The session had been sent before: nothing was sent. */
  isRepeat: boolean;
  interactions: Played['interactions'];
  uploads: Played['uploads'];
  /** 0 to 1; `null` while it is not judged. */
  score: number | null;
  examples: number;
};

export type Following = {
  /** Whether to wait for the end of processing. */
  wait: boolean;
  signal: AbortSignal;
  isQuiet: boolean;
  server: Pick<Reached, 'how' | 'url'>;
};

/** Follows a session that was sent, and says what came of it. */
export async function finish(
  connection: Connection,
  played: Played,
  { wait, signal, isQuiet, server }: Following,
): Promise<Outcome> {
  const { sessionId, isRepeat, interactions, uploads } = played;
  const say = (text: string): void => {
    if (!isQuiet) print(text);
  };
  if (isRepeat) say('This session was sent before, so nothing was sent again.');
  for (const line of describeLosses(played)) say(paint.warn(line));

  if (!wait) {
    say(`Session ${sessionId} is ${played.state}.`);
    return {
      sessionId,
      state: played.state,
      reason: null,
      isRepeat,
      interactions,
      uploads,
      score: null,
      examples: 0,
    };
  }
  const begunAt = performance.now();
  const { state, reason } = await follow(connection, sessionId, { signal, isQuiet });
  const report = await readReport(connection, sessionId, signal);
  if (!isQuiet) {
    print(
      `  ${describeState(state, reason)} ${paint.faint(`(${seconds(performance.now() - begunAt)})`)}\n`,
    );
    printQuality(report);
    printStorage(report);
    const where =
      server.how === 'STARTED' ? 'with `npm start`, in GraphiQL' : `${server.url}/graphql`;
    print(`\nSession ${sessionId}: ${report.examples.totalCount} examples. Look at it ${where}.`);
  }
  const score = report.quality?.score ?? null;
  return {
    sessionId,
    state,
    reason,
    isRepeat,
    interactions,
    uploads,
    score,
    examples: report.examples.totalCount,
  };
}

/** @throws {CommandError} a stage could not be done */
export function requireProcessed(outcomes: Outcome[]): void {
  const failed = outcomes.filter(({ state }) => state === 'FAILED');
  if (failed.length === 0) return;
  const list = failed.map(({ sessionId, reason }) => `${sessionId}: ${reason}`).join('\n');
  throw new CommandError(`Expected every stage to be done, got failures:\n${list}`);
}
