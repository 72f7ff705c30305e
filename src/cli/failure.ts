import { explain } from '../door.ts';

/** The command cannot go on; the message says what to do. */
export class CommandError extends Error {
  override name = 'CommandError';
}

/** The person pressed Ctrl-C, or the process was told to end. */
export class InterruptedError extends Error {
  override name = 'InterruptedError';
  constructor() {
    super('Interrupted.');
  }
}

/** What went wrong, in words; stacks only for whoever asks for them. */
export function explainFailure(error: unknown, isVerbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (isVerbose) return withCauses(error);
  const said = explain(error);
  return said === error.stack ? error.message : said;
}

function withCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\nCaused by: ${withCauses(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
export function openInterrupt(): { signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new InterruptedError());
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: controller.signal,
    close() {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}
