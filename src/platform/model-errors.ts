/** A model server could not be reached, or refused. */
export class ModelServerError extends Error {
  override name = 'ModelServerError';
  /** HTTP status; `null` when no whole answer came. */
  readonly status: number | null;
  /** The server's own word for it, such as `training_not_available`; `null` when it has none. */
  readonly code: string | null;
  /** Whether the same request may succeed later. */
  readonly isRetryable: boolean;
  /** Whether the server may have done what was asked although no answer came. */
  readonly isAmbiguous: boolean;
  /** How long the server asks to be left alone; `null` when it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    {
      status = null,
      code = null,
      isRetryable,
      isAmbiguous = false,
      retryAfterMs = null,
      cause,
    }: {
      status?: number | null;
      code?: string | null;
      isRetryable: boolean;
      isAmbiguous?: boolean;
      retryAfterMs?: number | null;
      cause?: unknown;
    },
  ) {
    super(message, { cause });
    this.status = status;
    this.code = code;
    this.isRetryable = isRetryable;
    this.isAmbiguous = isAmbiguous;
    this.retryAfterMs = retryAfterMs;
  }
}
