/** Why something did not go to the server, in words, with what to do. */
export class SendError extends Error {
  override name = 'SendError';
  readonly advice: string;
  constructor(message: string, advice: string) {
    super(message);
    this.advice = advice;
  }
}

/** The server does not want this key, or cannot talk with this extension. */
export class RefusedError extends SendError {
  override name = 'RefusedError';
  /** Another try is of no use before the connection is changed. */
  readonly isFinal: boolean;
  constructor(message: string, advice: string, isFinal: boolean) {
    super(message, advice);
    this.isFinal = isFinal;
  }
}

/** The server refused one operation, and would refuse it again. */
export class OperationRefusedError extends Error {
  override name = 'OperationRefusedError';
  /** `extensions.code` of the error, or `code` of the problem. */
  readonly code: string;
  constructor({ code, message }: { code: string; message: string }) {
    super(message);
    this.code = code;
  }
}

/** The connection was lost while an answer was expected; nothing is known of what was sent last. */
export class LostError extends Error {
  override name = 'LostError';
}

/** The server asks for patience; others need not wait for this one. */
export class LaterError extends Error {
  override name = 'LaterError';
  readonly ms: number;
  constructor(message: string, ms: number) {
    super(message);
    this.ms = ms;
  }
}

/** A session that cannot go on by itself; nothing of it is lost. */
export class StuckError extends SendError {
  override name = 'StuckError';
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export const newKeyAdvice =
  'Ask for a new key with the right to record (scope CAPTURE) and enter it under “Connection”. Everything recorded stays on this device until then.';
