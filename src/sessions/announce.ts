import { AudioClipRecord } from '../contract/audio.ts';
import { ScreenshotRecord, SnapshotRecord } from '../contract/image.ts';
import type { Viewer } from '../graphql/context.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { redactAddress, redactWords } from '../privacy/redact.ts';
import { type Announced, announce, type Owner } from './announced.ts';
import type { UploadSlots } from './slots.ts';

/**
 * Takes note of screenshots; their bytes follow by `PUT`. Repeats give the same answer.
 *
 * @throws {InvalidInputError} @throws {SessionNotFoundError} @throws {SessionEndedError} @throws {OverloadedError}
 */
export async function recordScreenshots(
  app: App,
  viewer: Viewer,
  { sessionId, screenshots: items }: { sessionId: string; screenshots: { id: string }[] },
): Promise<UploadSlots> {
  const call = { kind: 'SCREENSHOT', sessionId, items, contract: ScreenshotRecord } as const;
  return announce(app, viewer, call, (tx, announced, owner) => {
    const data = announced.map(({ record, hash }) => ({
      ...owner,
      id: record.id,
      trigger: record.trigger,
      interactionSequence: record.interactionSequence ?? null,
      burstId: record.burstId ?? null,
      burstIndex: record.burstIndex ?? null,
      burstTotal: record.burstTotal ?? null,
      capturedAt: record.capturedAt,
      frameAgeMs: record.frameAgeMs ?? null,
      url: redactAddress(record.url),
      width: record.width,
      height: record.height,
      devicePixelRatio: record.devicePixelRatio,
      scrollX: Math.fround(record.scrollX), // Postgres refuses what is too small for a `real`
      scrollY: Math.fround(record.scrollY),
      mimeType: record.mimeType,
      originalBytes: record.bytes,
      sha256: hash,
      masks: record.masks,
    }));
    return tx.screenshot.createMany({ skipDuplicates: true, data });
  });
}

/** The same for page snapshots. Pages whose HTML the session holds already need no bytes. */
export async function recordSnapshots(
  app: App,
  viewer: Viewer,
  { sessionId, snapshots: items }: { sessionId: string; snapshots: { id: string }[] },
): Promise<UploadSlots> {
  const call = { kind: 'SNAPSHOT', sessionId, items, contract: SnapshotRecord } as const;
  return announce(app, viewer, call, async (tx, announced, owner) => {
    const stored = await findTwins(tx, announced, owner);
    const data = announced.map(({ record, hash }) => {
      const twin = stored.get(record.sha256);
      return {
        ...owner,
        id: record.id,
        interactionSequence: record.interactionSequence ?? null,
        capturedAt: record.capturedAt,
        url: redactAddress(record.url),
        title: redactWords(record.title),
        sha256: hash,
        originalBytes: record.bytes,
        upload: twin ? ('STORED' as const) : ('PENDING' as const),
        objectKey: twin?.objectKey ?? null,
        storedBytes: twin ? 0 : null,
      };
    });
    return tx.pageSnapshot.createMany({ skipDuplicates: true, data });
  });
}

/** The same for audio clips. */
export async function recordAudioClips(
  app: App,
  viewer: Viewer,
  { sessionId, audioClips: items }: { sessionId: string; audioClips: { id: string }[] },
): Promise<UploadSlots> {
  const call = { kind: 'AUDIO_CLIP', sessionId, items, contract: AudioClipRecord } as const;
  return announce(app, viewer, call, (tx, announced, owner) => {
    const data = announced.map(({ record, hash }) => ({
      ...owner,
      id: record.id,
      startedAt: record.startedAt,
      durationMs: record.durationMs,
      mimeType: record.mimeType,
      originalBytes: record.bytes,
      sha256: hash,
    }));
    return tx.audioClip.createMany({ skipDuplicates: true, data });
  });
}

/** Stored pages of the session with the same HTML, by its SHA-256 in hexadecimal digits. */
async function findTwins(
  tx: Tx,
  announced: Announced<SnapshotRecord>[],
  { sessionId }: Owner,
): Promise<Map<string, { objectKey: string | null }>> {
  const twins = await tx.pageSnapshot.findMany({
    where: { sessionId, upload: 'STORED', sha256: { in: announced.map(({ hash }) => hash) } },
    distinct: ['sha256'],
    select: { sha256: true, objectKey: true },
  });
  return new Map(twins.map((twin) => [Buffer.from(twin.sha256).toString('hex'), twin]));
}
