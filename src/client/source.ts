import type { ScreenshotRecord, SnapshotRecord } from '../contract/image.ts';
import type { InteractionRecord, Tombstone } from '../contract/interaction.ts';
import type { SessionRecord } from '../contract/recording.ts';
import type { LegacyImport } from '../lib/legacy/read.ts';

/** A whole session that can be read again and again. A recording folder is one. */
export interface Source {
  head: SessionRecord & { endedAt: string };
  /** By sequence, from 1 without a gap. */
  interactions(): AsyncIterable<InteractionRecord | Tombstone>;
  screenshots(): AsyncIterable<ScreenshotRecord>;
  snapshots(): AsyncIterable<SnapshotRecord>;
  bytesOf(record: ScreenshotRecord | SnapshotRecord): Promise<Uint8Array>;
}

/** How much a source holds. */
export type SourceSize = {
  interactions: number;
  screenshots: number;
  snapshots: number;
  /** Of the pictures and pages. */
  bytes: number;
};

/** A session of the legacy recorder: its pictures and pages were never in the file. */
export function legacySource({ session, endedAt, records }: LegacyImport): Source {
  return {
    head: { ...session, endedAt },
    async *interactions() {
      yield* records;
    },
    async *screenshots() {},
    async *snapshots() {},
    async bytesOf({ id }) {
      throw new Error(`Expected a picture or page of a legacy session, ${id} cannot be one.`);
    },
  };
}

/** Reads a source once, without its bytes. */
export async function sizeOf(source: Source): Promise<SourceSize> {
  const size = { interactions: 0, screenshots: 0, snapshots: 0, bytes: 0 };
  for await (const _ of source.interactions()) size.interactions += 1;
  for await (const { bytes } of source.screenshots()) {
    size.screenshots += 1;
    size.bytes += bytes;
  }
  for await (const { bytes } of source.snapshots()) {
    size.snapshots += 1;
    size.bytes += bytes;
  }
  return size;
}
