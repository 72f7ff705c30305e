import type { ScreenshotRecord, SnapshotRecord } from '../contract/image.ts';
import type { InteractionRecord, Tombstone } from '../contract/interaction.ts';
import type { SessionRecord } from '../contract/recording.ts';

/**
 * Where a session goes while it is recorded. Calls do not overlap: each waits for the one before it.
 *
 * Interactions come in the order of their sequence, from 1 without a gap. A snapshot comes before the
 * first interaction that names it; a screenshot may come after those that do.
 */
export interface Sink {
  start(session: SessionRecord): Promise<void>;
  interaction(record: InteractionRecord | Tombstone): Promise<void>;
  screenshot(record: ScreenshotRecord, bytes: Uint8Array): Promise<void>;
  /** @param bytes UTF-8 */
  snapshot(record: SnapshotRecord, bytes: Uint8Array): Promise<void>;
  end(endedAt: string): Promise<void>;
}
