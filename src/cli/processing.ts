import type { Connection } from '../client/connection.ts';
import { followProcessing, type Processed } from '../client/follow.ts';
import type { SessionState, Stage, StepFragment } from '../generated/client/graphql.ts';
import { paint, printable } from './print.ts';
import { type Board, type Line, openBoard } from './progress.ts';

const names: Partial<Record<Stage, string>> = {
  REDACT: 'Redact',
  COMPRESS: 'Compress',
  SCORE: 'Judge quality',
  EXAMPLES: 'Build examples',
  EXPORT: 'Write JSONL',
};

/** Follows a session to the end of its processing and draws how far each stage is. */
export async function follow(
  connection: Connection,
  sessionId: string,
  { signal, isQuiet = false }: { signal: AbortSignal; isQuiet?: boolean },
): Promise<Processed> {
  if (isQuiet) return followProcessing(connection, sessionId, { signal });
  const board = openBoard();
  const ended = new Set<Stage>();
  const lines = new Map<Stage, Line>();
  for (const [stage, name] of Object.entries(names)) lines.set(stage as Stage, board.line(name));
  try {
    return await followProcessing(connection, sessionId, {
      signal,
      onStep: (step) => {
        if (ended.has(step.stage)) return;
        if (step.state === 'DONE' || step.state === 'FAILED') ended.add(step.stage);
        draw(lineOf(board, lines, step.stage), step);
      },
    });
  } finally {
    board.close();
  }
}

/** A newer server may have stages of its own. */
function lineOf(board: Board, lines: Map<Stage, Line>, stage: Stage): Line {
  const line = lines.get(stage) ?? board.line(stage);
  lines.set(stage, line);
  return line;
}

function draw(line: Line, step: StepFragment): void {
  const message = printable(step.message ?? '');
  const error = printable(step.error ?? '');
  if (step.state === 'DONE') line.end(message, { elapsedMs: elapsedOf(step) });
  else if (step.state === 'FAILED') line.end(error || message, { isBad: true });
  else if (step.state === 'RETRYING')
    line.set(step.progress, `attempt ${step.attempt} failed, another follows: ${error}`);
  else if (step.state !== 'WAITING') line.set(step.progress, message);
}

function elapsedOf({ startedAt, finishedAt }: StepFragment): number | undefined {
  return startedAt && finishedAt ? Date.parse(finishedAt) - Date.parse(startedAt) : undefined;
}

/** What the state means for whoever sent the session. */
export function describeState(state: SessionState, reason: string | null): string {
  const why = reason ? ` ${printable(reason)}` : '';
  if (state === 'READY') return paint.good('Ready: its training data is made.');
  if (state === 'NEEDS_REVIEW')
    return paint.warn(
      `Needs review: its quality is doubtful, so no training data is made before a person looks.${why}`,
    );
  if (state === 'REJECTED')
    return paint.bad(`Rejected: its quality is too low for training data.${why}`);
  if (state === 'FAILED') return paint.bad(`Failed: a stage could not be done.${why}`);
  return `The session is ${state}.${why}`;
}
