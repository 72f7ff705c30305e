import * as z from 'zod';
import { InteractionRecord, Tombstone } from './interaction.ts';
import { address, freeJson, shortText } from './text.ts';
import { sessionKinds, wordsOf } from './vocabulary.ts';

/** What a session says of itself when it starts. */
export const SessionRecord = z.object({
  id: z.uuid(),
  kind: z.enum(wordsOf(sessionKinds)),
  /** The consent it is recorded under. */
  consentId: z.uuid().nullish(),
  task: shortText.nullish(),
  startUrl: address,
  startedAt: z.iso.datetime({ offset: true }),
  client: freeJson,
});

/**
 * A recorded session as files, so that it can be played again:
 *
 *     session.json                SessionRecord and endedAt
 *     interactions.jsonl          one InteractionRecord or Tombstone a line, by sequence
 *     screenshots.jsonl           one ScreenshotRecord a line
 *     snapshots.jsonl             one SnapshotRecord a line
 *     blobs/SHA256.webp|png|jpg   bytes of the screenshots
 *     blobs/SHA256.html           bytes of the snapshots
 */
export const RecordingHead = SessionRecord.extend({
  format: z.literal('codesight-recording/1'),
  endedAt: z.iso.datetime({ offset: true }),
});

export const RecordingLine = z.union([InteractionRecord, Tombstone]);

export type SessionRecord = z.infer<typeof SessionRecord>;
export type RecordingHead = z.infer<typeof RecordingHead>;
