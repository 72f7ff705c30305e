import type { SessionState } from '../generated/client/graphql.ts';
import {
  type Capture,
  type CaptureOptions,
  type CaptureTally,
  type Missing,
  type Resend,
  startCapture,
} from './capture.ts';
import type { Connection } from './connection.ts';
import type { Source } from './source.ts';

/** What playing a source has come to. */
export type Played = CaptureTally & {
  sessionId: string;
  state: SessionState;
  /** The session had been ended before: nothing was sent. */
  isRepeat: boolean;
};

/**
 * Sends a whole session exactly as the extension would. After any interruption it can be played again:
 * it goes on where it was, and sends nothing of a session that has ended.
 */
export async function play(
  source: Source,
  connection: Connection,
  options: CaptureOptions = {},
): Promise<Played> {
  const stop = new AbortController();
  const signals = [stop.signal, ...(options.signal ? [options.signal] : [])];
  const signal = AbortSignal.any(signals);
  try {
    const capture = await startCapture(connection, source.head, { ...options, signal });
    const { sessionId, tally } = capture;
    if (capture.isEnded) return { ...tally, sessionId, state: capture.state, isRepeat: true };
    await Promise.all([
      feed(source.interactions(), (item) => capture.interaction(item)),
      feed(source.screenshots(), (record) =>
        capture.screenshot(record, () => source.bytesOf(record)),
      ),
      feed(source.snapshots(), (record) => capture.snapshot(record, () => source.bytesOf(record))),
    ]);
    const state = await capture.end(source.head.endedAt, resendFrom(source));
    return { ...tally, sessionId, state, isRepeat: false };
  } finally {
    stop.abort(); // what still runs after a failure
  }
}

/** Sends again what is missing, as far as the source has it. */
export function resendFrom(source: Source): (missing: Missing, capture: Resend) => Promise<void> {
  return async ({ sequences, uploads }, capture) => {
    for await (const item of source.interactions())
      if (sequences.has(item.sequence)) await capture.interaction(item);
    for await (const record of source.screenshots())
      if (uploads.has(record.id)) await capture.screenshot(record, () => source.bytesOf(record));
    for await (const record of source.snapshots())
      if (uploads.has(record.id)) await capture.snapshot(record, () => source.bytesOf(record));
  };
}

async function feed<T>(
  items: AsyncIterable<T>,
  take: (item: T) => ReturnType<Capture['interaction']>,
) {
  for await (const item of items) await take(item);
}
