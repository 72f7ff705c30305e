/**
 * A `traceparent` (https://www.w3.org/TR/trace-context/) of the trace that all of a session belongs to: from
 * the click in the browser over the operations that bring it to the jobs that work on it. Its trace id is the
 * session's id without hyphens; the span is a new one.
 */
export function traceparentOfSession(sessionId: string): string {
  const span = crypto.getRandomValues(new Uint8Array(8));
  const hex = [...span].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `00-${sessionId.replaceAll('-', '').toLowerCase()}-${hex}-01`;
}
