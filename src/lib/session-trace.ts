type Data = Record<string, unknown>;

/**
 * The `traceparent` (https://www.w3.org/TR/trace-context/) of an operation about a session: everything about
 * it is in one trace, from the click in the browser over the operations that bring it to the jobs that work
 * on it. The trace id is the session's id without hyphens, the span a new one. `null` for an operation that
 * names no session in its variables.
 */
export function traceparentFor({ sessionId, input }: Data): string | null {
  const { id, sessionId: named, startUrl } = (input ?? {}) as Data;
  const found = sessionId ?? named ?? (startUrl === undefined ? null : id);
  if (typeof found !== 'string') return null;
  const span = crypto.getRandomValues(new Uint8Array(8));
  const hex = [...span].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `00-${found.replaceAll('-', '').toLowerCase()}-${hex}-01`;
}
