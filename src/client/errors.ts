/** The server closed the connection with a code after which coming back is of no use. */
export class ConnectionEndedError extends Error {
  override name = 'ConnectionEndedError';
  /** WebSocket close code. */
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The key or token is not good, or was revoked while the connection was open. */
export class KeyRefusedError extends ConnectionEndedError {
  override name = 'KeyRefusedError';
  constructor(server: string) {
    super(
      4401,
      `${server} refused the key: it is wrong, has expired or was revoked. Make a new one with \`npm run -s codesight -- key create --scope CAPTURE,READ\`.`,
    );
  }
}

/** Nobody answered for as long as the client is patient. Nothing is known of what was sent last. */
export class NoAnswerError extends Error {
  override name = 'NoAnswerError';
}

/** The server refused an operation, and will refuse it again. */
export class RequestRefusedError extends Error {
  override name = 'RequestRefusedError';
  /** `extensions.code` of the error, or `code` of the problem. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The connection was closed by its owner while something waited for it. */
export class ConnectionClosedError extends Error {
  override name = 'ConnectionClosedError';
  constructor() {
    super('The connection was closed while an answer was expected.');
  }
}

/** What a fatal close means, in words for whoever runs the client. */
export function explainClose(server: string, code: number, reason: string): ConnectionEndedError {
  if (code === 4401) return new KeyRefusedError(server);
  const said = reason ? ` and said: ${reason}` : '';
  const known = meanings[code];
  return new ConnectionEndedError(
    code,
    `${server} ended the connection with code ${code}${known ? ` (${known})` : ''}${said}. Client and server may be of different versions.`,
  );
}

const meanings: Record<number, string> = {
  1009: 'a message was too large',
  1011: 'an error inside the server',
  4004: 'the client did not understand the server',
  4005: 'an error inside the client',
  4400: 'the server did not understand the client',
  4406: 'the server speaks another protocol',
  4409: 'two operations had the same id',
  4429: 'the client introduced itself twice',
  4500: 'an error inside the server',
};
