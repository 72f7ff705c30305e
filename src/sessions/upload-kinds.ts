import { limits } from '../contract/limits.ts';
import type { UploadState } from '../generated/prisma/enums.ts';
import type { Config } from '../platform/config.ts';
import type { Tx } from '../platform/db.ts';
import type { Grant } from '../platform/signing.ts';

/** A row of something whose bytes travel apart, as far as all kinds of them are alike. */
export type UploadRow = {
  id: string;
  sessionId: string;
  sha256: Uint8Array;
  upload: UploadState;
};

type Where = {
  sessionId?: string;
  id?: { in: string[] };
  upload?: UploadState;
};

/** The part of a table that all kinds have. */
type UploadTable = {
  findMany(query: {
    where: Where;
    select: typeof uploadColumns;
    take?: number;
  }): Promise<UploadRow[]>;
  count(query: { where: Where }): Promise<number>;
  updateMany(change: {
    where: Where;
    data: { upload: UploadState; problem: string };
  }): Promise<{ count: number }>;
  deleteMany(query: { where: { sessionId: string } }): Promise<{ count: number }>;
};

/** What is told of one kind, so that everything else is done alike for all. */
type KindOfUpload = {
  /** Table of its rows. */
  model: string;
  /** Many of it, in the input of the call that announces them. */
  field: string;
  /** One and many of it, for people. */
  one: string;
  many: string;
  perCall: number;
  /** Largest accepted body, in bytes. */
  maxBytes: (config: Config) => number;
  /** What sets it; `null` where nothing does. */
  setting: string | null;
  action: Grant['action'];
  rows: (db: Tx) => UploadTable;
};

export type UploadKind = 'SCREENSHOT' | 'SNAPSHOT' | 'AUDIO_CLIP';

export const uploadColumns = { id: true, sessionId: true, sha256: true, upload: true } as const;

export const uploadKinds: Record<UploadKind, KindOfUpload> = {
  SCREENSHOT: {
    model: 'Screenshot',
    field: 'screenshots',
    one: 'screenshot',
    many: 'screenshots',
    perCall: limits.screenshotsPerCall,
    maxBytes: ({ images }) => images.maxBytes,
    setting: 'MAX_SCREENSHOT_SIZE_MB',
    action: 'upload-screenshot',
    rows: (db) => db.screenshot,
  },
  SNAPSHOT: {
    model: 'PageSnapshot',
    field: 'snapshots',
    one: 'snapshot',
    many: 'snapshots',
    perCall: limits.snapshotsPerCall,
    maxBytes: () => limits.snapshotBytes,
    setting: null,
    action: 'upload-snapshot',
    rows: (db) => db.pageSnapshot,
  },
  AUDIO_CLIP: {
    model: 'AudioClip',
    field: 'audioClips',
    one: 'audio clip',
    many: 'audio clips',
    perCall: limits.audioClipsPerCall,
    maxBytes: ({ audio }) => audio.maxBytes,
    setting: 'MAX_AUDIO_SIZE_MB',
    action: 'upload-audio-clip',
    rows: (db) => db.audioClip,
  },
};

export const allUploadKinds = Object.keys(uploadKinds) as UploadKind[];

/** The same asked of every kind, one after the other. */
export async function ofEachKind<T>(
  ask: (kind: UploadKind, told: KindOfUpload) => Promise<T>,
): Promise<Record<UploadKind, T>> {
  const answers: [UploadKind, T][] = [];
  for (const kind of allUploadKinds) answers.push([kind, await ask(kind, uploadKinds[kind])]);
  return Object.fromEntries(answers) as Record<UploadKind, T>;
}
