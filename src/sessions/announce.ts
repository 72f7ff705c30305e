import type * as z from 'zod';
import { ScreenshotRecord, SnapshotRecord } from '../contract/image.ts';
import { limits } from '../contract/limits.ts';
import { recordSyncIssue } from '../diagnostics/sync.ts';
import type { SessionState } from '../generated/prisma/enums.ts';
import type { Viewer } from '../graphql/context.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { findUnstorable, isStorableInstant } from '../lib/storable.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { sameBytes } from '../platform/keys.ts';
import { redactAddress, redactWords } from '../privacy/redact.ts';
import { SessionEndedError, SessionNotFoundError } from './errors.ts';
import { resumeIdleSession, touchSession } from './idle.ts';
import { deskOf } from './ingest.ts';
import { refuseWhenOverloaded } from './overload.ts';
import { openSessionFor } from './session-keys.ts';

export type UploadKind = 'SCREENSHOT' | 'SNAPSHOT';

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

type Announced<T> = { record: T; hash: Uint8Array<ArrayBuffer> };

/**
 * Takes note of screenshots; their bytes follow by `PUT`. Repeats give the same answer.
 *
 * @throws {InvalidInputError} @throws {SessionNotFoundError} @throws {SessionEndedError} @throws {OverloadedError}
 */
export async function recordScreenshots(
  app: App,
  viewer: Viewer,
  { sessionId, screenshots }: { sessionId: string; screenshots: { id: string }[] },
): Promise<UploadSlots> {
  const { projectId } = await admit(
    app,
    viewer,
    sessionId,
    'screenshots',
    screenshots.length,
    limits.screenshotsPerCall,
  );
  const { good, rejected } = parseEach(ScreenshotRecord, screenshots);
  const fitting = good.filter(({ record: { id, bytes } }) => {
    const fits = bytes <= app.config.images.maxBytes;
    if (!fits)
      rejected.push({
        id,
        code: 'TOO_LARGE',
        message: `Expected at most ${app.config.images.maxBytes} bytes for a screenshot (MAX_SCREENSHOT_SIZE_MB), got ${bytes}.`,
      });
    return fits;
  });
  const data = fitting.map(({ record, hash }) => ({
    id: record.id,
    projectId,
    sessionId,
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
  await whileOpen(app, sessionId, (tx) => tx.screenshot.createMany({ skipDuplicates: true, data }));
  const rows = await app.db.screenshot.findMany({
    where: { id: { in: fitting.map(({ record }) => record.id) } },
    select: { id: true, sessionId: true, sha256: true, upload: true },
  });
  return answer(app, { projectId, sessionId, kind: 'SCREENSHOT' }, fitting, rows, rejected);
}

/** The same for page snapshots. Pages whose HTML the session holds already need no bytes. */
export async function recordSnapshots(
  app: App,
  viewer: Viewer,
  { sessionId, snapshots }: { sessionId: string; snapshots: { id: string }[] },
): Promise<UploadSlots> {
  const { projectId } = await admit(
    app,
    viewer,
    sessionId,
    'snapshots',
    snapshots.length,
    limits.snapshotsPerCall,
  );
  const { good, rejected } = parseEach(SnapshotRecord, snapshots);
  const twins = await app.db.pageSnapshot.findMany({
    where: { sessionId, upload: 'STORED', sha256: { in: good.map(({ hash }) => hash) } },
    distinct: ['sha256'],
    select: { sha256: true, objectKey: true, storedBytes: true },
  });
  const stored = new Map(twins.map((twin) => [Buffer.from(twin.sha256).toString('hex'), twin]));
  const data = good.map(({ record, hash }) => {
    const twin = stored.get(record.sha256);
    return {
      id: record.id,
      projectId,
      sessionId,
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
  await whileOpen(app, sessionId, (tx) =>
    tx.pageSnapshot.createMany({ skipDuplicates: true, data }),
  );
  const rows = await app.db.pageSnapshot.findMany({
    where: { id: { in: good.map(({ record }) => record.id) } },
    select: { id: true, sessionId: true, sha256: true, upload: true },
  });
  return answer(app, { projectId, sessionId, kind: 'SNAPSHOT' }, good, rows, rejected);
}

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
  const { projectId } = await openSessionFor(app, viewer, sessionId);
  const rows = await readUploads(app, sessionId, { id: { in: ids } });
  const known = new Set(rows.map(({ id }) => id));
  const rejected = ids
    .filter((id) => !known.has(id))
    .map((id) => ({
      id,
      code: 'NOT_ANNOUNCED',
      message: `Expected an announced screenshot or snapshot, ${id} is none of this session.`,
    }));
  return slotsOf(app, { projectId, sessionId }, rows, rejected);
}

/** Slots for everything of a session whose bytes are still missing, at most 1,000. */
export async function pendingUploads(
  app: App,
  session: { id: string; projectId: string },
): Promise<UploadSlot[]> {
  const rows = await readUploads(app, session.id, { upload: 'PENDING' });
  return slotsOf(app, { projectId: session.projectId, sessionId: session.id }, rows, []).slots;
}

type UploadRow = {
  id: string;
  upload: 'PENDING' | 'STORED' | 'DROPPED' | 'DAMAGED';
  kind: UploadKind;
};

async function readUploads(
  app: App,
  sessionId: string,
  where: { id: { in: string[] } } | { upload: 'PENDING' },
): Promise<UploadRow[]> {
  const query = { where: { sessionId, ...where }, select: { id: true, upload: true }, take: 1_000 };
  const screenshots = await app.db.screenshot.findMany(query);
  const snapshots = await app.db.pageSnapshot.findMany(query);
  return [
    ...screenshots.map((row) => ({ ...row, kind: 'SCREENSHOT' as const })),
    ...snapshots.map((row) => ({ ...row, kind: 'SNAPSHOT' as const })),
  ];
}

async function admit(
  app: App,
  viewer: Viewer,
  sessionId: string,
  what: string,
  count: number,
  limit: number,
): Promise<{ projectId: string }> {
  if (count > limit)
    throw new InvalidInputError(
      `input.${what}`,
      `Expected at most ${limit} ${what} in one call, got ${count}.`,
    );
  const { writer } = deskOf(app);
  refuseWhenOverloaded(app, {
    waitingRows: writer.waiting(),
    waitedMs: writer.waitedMs(),
    isNewSession: false,
  });
  return openSessionFor(app, viewer, sessionId);
}

/** Writes for a session that cannot end meanwhile, so that an ended one holds nothing unaccounted. */
async function whileOpen(
  app: App,
  sessionId: string,
  write: (tx: Tx) => Promise<unknown>,
): Promise<void> {
  const state = await app.db.$transaction(async (tx) => {
    const [session] = await tx.$queryRaw<{ state: SessionState }[]>`
      SELECT "state"::text AS "state" FROM "Session" WHERE "id" = ${sessionId}::uuid FOR KEY SHARE`;
    if (!session) throw new SessionNotFoundError(sessionId);
    const { state } = session;
    if (state !== 'ACTIVE' && state !== 'PAUSED') throw new SessionEndedError(state);
    await write(tx);
    return state;
  });
  if (state === 'PAUSED') await resumeIdleSession(app, sessionId);
  touchSession(app, sessionId);
}

function parseEach<T extends { id: string; sha256: string; capturedAt: string }>(
  schema: z.ZodType<T>,
  items: { id: string }[],
) {
  const good: Announced<T>[] = [];
  const rejected: UploadRejection[] = [];
  for (const item of items) {
    const parsed = schema.safeParse(item);
    const problem = parsed.success ? findProblem(parsed.data) : parsed.error.issues[0];
    if (!parsed.success || problem) {
      const message = `${problem?.path.join('.')}: ${problem?.message}`;
      rejected.push({ id: item.id, code: 'INVALID', message });
      continue;
    }
    good.push({
      record: { ...parsed.data, id: parsed.data.id.toLowerCase() }, // as the database says it
      hash: new Uint8Array(Buffer.from(parsed.data.sha256, 'hex')),
    });
  }
  return { good, rejected };
}

/** What fits the contract and yet not the database, where it would fail the whole call. */
function findProblem(
  record: { capturedAt: string } & Record<string, unknown>,
): { path: PropertyKey[]; message: string } | null {
  const field = findUnstorable(record, '');
  if (field)
    return { path: [field], message: 'expected text without NUL and half surrogate pairs' };
  if (!isStorableInstant(new Date(record.capturedAt)))
    return { path: ['capturedAt'], message: 'expected an instant of the years 1 to 9999' };
  return null;
}

/** Tells new and repeated announcements from other things under a used id, which stay as they are. */
async function answer<T extends { id: string }>(
  app: App,
  { projectId, sessionId, kind }: { projectId: string; sessionId: string; kind: UploadKind },
  announced: Announced<T>[],
  rows: { id: string; sessionId: string; sha256: Uint8Array; upload: UploadRow['upload'] }[],
  rejected: UploadRejection[],
): Promise<UploadSlots> {
  const hashes = new Map(announced.map(({ record, hash }) => [record.id, hash]));
  const same: UploadRow[] = [];
  for (const row of rows) {
    const hash = hashes.get(row.id);
    if (hash && row.sessionId === sessionId && sameBytes(hash, row.sha256)) {
      same.push({ id: row.id, upload: row.upload, kind });
      continue;
    }
    rejected.push({
      id: row.id,
      code: 'ID_TAKEN',
      message: `Expected an id of its own, ${row.id} was announced with other bytes or for another session.`,
    });
    await recordSyncIssue(app.db, {
      projectId,
      type: 'CONFLICT',
      entityType: kind === 'SCREENSHOT' ? 'Screenshot' : 'PageSnapshot',
      entityId: `${sessionId}/${row.id}`,
      message: 'Another announcement came under an id that is in use; the first one stays.',
    });
  }
  return slotsOf(app, { projectId, sessionId }, same, rejected);
}

function slotsOf(
  app: Pick<App, 'config' | 'signer'>,
  { sessionId }: { projectId: string; sessionId: string },
  rows: UploadRow[],
  rejected: UploadRejection[],
): UploadSlots {
  const expiresAt = new Date(Date.now() + app.config.images.urlMinutes * 60_000);
  const slots = rows
    .filter(({ upload }) => upload === 'PENDING')
    .map(({ id, kind }) => ({
      id,
      kind,
      url: app.signer.sign(
        { action: kind === 'SCREENSHOT' ? 'upload-screenshot' : 'upload-snapshot', id },
        expiresAt,
      ),
      expiresAt,
      maxBytes: kind === 'SCREENSHOT' ? app.config.images.maxBytes : limits.snapshotBytes,
    }));
  const stored = rows.filter(({ upload }) => upload !== 'PENDING').map(({ id }) => id);
  return { sessionId, slots, stored, rejected };
}
