import { limits } from '../contract/limits.ts';
import type { Viewer } from '../graphql/context.ts';
import { InvalidInputError } from '../lib/errors.ts';
import type { App } from '../platform/app.ts';
import { openSessionFor } from './session-keys.ts';
import {
  allUploadKinds,
  ofEachKind,
  type UploadKind,
  type UploadRow,
  uploadColumns,
  uploadKinds,
} from './upload-kinds.ts';

/** Where the bytes of one thing go. */
export type UploadSlot = {
  id: string;
  kind: UploadKind;
  url: string;
  expiresAt: Date;
  maxBytes: number;
};

export type UploadRejection = { id: string; code: string; message: string };

export type UploadSlots = {
  sessionId: string;
  /** What still lacks its bytes. */
  slots: UploadSlot[];
  /** What the server holds already. */
  stored: string[];
  rejected: UploadRejection[];
};

/** What is known of one thing whose bytes travel apart. */
export type Upload = Pick<UploadRow, 'id' | 'upload'> & { kind: UploadKind };

/** Says of each id whether the server holds its bytes. Ids of other sessions are unknown. */
export async function confirmUploads(
  app: App,
  viewer: Viewer,
  { sessionId, ids }: { sessionId: string; ids: string[] },
): Promise<UploadSlots> {
  if (ids.length > limits.uploadsPerCall)
    throw new InvalidInputError(
      'input.ids',
      `Expected at most ${limits.uploadsPerCall} ids in one call, got ${ids.length}.`,
    );
  await openSessionFor(app, viewer, sessionId);
  const uploads = await readUploads(app, sessionId, { id: { in: ids } });
  const known = new Set(uploads.map(({ id }) => id));
  const rejected = ids
    .filter((id) => !known.has(id))
    .map((id) => ({
      id,
      code: 'NOT_ANNOUNCED',
      message: `Expected an announced screenshot, snapshot or audio clip, ${id} is none of this session.`,
    }));
  return slotsOf(app, sessionId, uploads, rejected);
}

/** Slots for everything of a session whose bytes are still missing, at most 1,000 of each kind. */
export async function pendingUploads(app: App, sessionId: string): Promise<UploadSlot[]> {
  const uploads = await readUploads(app, sessionId, { upload: 'PENDING' });
  return slotsOf(app, sessionId, uploads, []).slots;
}

/** The answer to a client: addresses for what lacks its bytes, the ids of the rest. */
export function slotsOf(
  app: Pick<App, 'config' | 'signer'>,
  sessionId: string,
  uploads: Upload[],
  rejected: UploadRejection[],
): UploadSlots {
  const expiresAt = new Date(Date.now() + app.config.images.urlMinutes * 60_000);
  const slots = uploads
    .filter(({ upload }) => upload === 'PENDING')
    .map(({ id, kind }) => ({
      id,
      kind,
      url: app.signer.sign({ action: uploadKinds[kind].action, id }, expiresAt),
      expiresAt,
      maxBytes: uploadKinds[kind].maxBytes(app.config),
    }));
  const stored = uploads.filter(({ upload }) => upload !== 'PENDING').map(({ id }) => id);
  return { sessionId, slots, stored, rejected };
}

async function readUploads(
  { db }: Pick<App, 'db'>,
  sessionId: string,
  where: { id: { in: string[] } } | { upload: 'PENDING' },
): Promise<Upload[]> {
  const found = await ofEachKind((_kind, { rows }) =>
    rows(db).findMany({ where: { sessionId, ...where }, select: uploadColumns, take: 1_000 }),
  );
  return allUploadKinds.flatMap((kind) =>
    found[kind].map(({ id, upload }) => ({ id, upload, kind })),
  );
}
