import { createHash } from 'node:crypto';
import type { DatasetExport } from '../generated/prisma/client.ts';
import type { Split } from '../generated/prisma/enums.ts';
import type { Page } from '../lib/page/element.ts';
import { parsePage } from '../lib/page/parse.ts';
import type { App } from '../platform/app.ts';
import type { DataKey } from '../platform/keys.ts';
import { ObjectMissingError } from '../platform/storage.ts';
import { SessionNotFoundError } from '../sessions/errors.ts';
import { readScreenshotBytes, readSnapshotHtml } from '../sessions/objects.ts';
import { openSession } from '../sessions/session-keys.ts';
import { DatasetNotFoundError } from './errors.ts';
import type { ExportAbout, ExportSession } from './formats/exporter.ts';
import { readSessions, requireFrozen } from './read.ts';
import { type Picture, type SessionStep, streamSession } from './session-steps.ts';
import { datasetFolder } from './withdraw.ts';

/** What an export reads from and where it keeps its files. */
export type ExportSource = {
  /** Seals the files. */
  key: DataKey;
  /** Ends in `/`. */
  folder: string;
  /** Splits with a file of their own; `[null]` for one session. */
  splits: (Split | null)[];
  /** How many sessions there are, of all splits. */
  sessions: number;
  about: Omit<ExportAbout, 'files'>;
  /** Sessions of a split in a fixed order, after one of them. */
  read(split: Split | null, after: string | null): AsyncIterable<ExportSession>;
};

type Needs = Pick<App, 'db' | 'sql' | 'keys' | 'storage'>;

const allSplits: Split[] = ['TRAIN', 'VALIDATION', 'TEST'];

/**
 * Opens what an export is made of.
 *
 * @throws {DatasetNotFoundError} @throws {DatasetStateError} @throws {SessionNotFoundError}
 */
export function openSource(app: Needs, row: DatasetExport): Promise<ExportSource> {
  return row.datasetId
    ? openDataset(app, { ...row, datasetId: row.datasetId })
    : openOne(app, { ...row, sessionId: row.sessionId ?? '' });
}

/** Where the files of an export are kept and what opens them; `null` when the key is gone. */
export async function openFiles(
  app: Pick<App, 'db' | 'keys'>,
  row: Pick<DatasetExport, 'id' | 'projectId' | 'datasetId' | 'sessionId'>,
): Promise<{ key: DataKey; folder: string } | null> {
  const { id, projectId, datasetId, sessionId } = row;
  if (datasetId) {
    const key = await app.db.datasetKey.findUnique({ where: { datasetId } });
    return (
      key && {
        key: app.keys.open(datasetId, key),
        folder: `${datasetFolder({ projectId, datasetId })}exports/${id}/`,
      }
    );
  }
  const access = await openSession(app, sessionId ?? '');
  return access && { key: access.key, folder: `${projectId}/${sessionId}/exports/${id}/` };
}

async function openDataset(
  app: Needs,
  row: DatasetExport & { datasetId: string },
): Promise<ExportSource> {
  const { projectId, datasetId } = row;
  await requireFrozen(app, { projectId, datasetId });
  const dataset = await app.db.dataset.findUniqueOrThrow({ where: { id: datasetId } });
  const files = await openFiles(app, row);
  if (!files) throw new DatasetNotFoundError(datasetId);
  const wanted = row.splits.length > 0 ? row.splits : allSplits;
  const { name, version, description, licence, manifest } = dataset;
  return {
    ...files,
    splits: allSplits.filter((split) => wanted.includes(split)),
    sessions: await app.db.datasetMember.count({ where: { datasetId, split: { in: wanted } } }),
    about: { name, version, description, licence, manifest },
    async *read(split, after) {
      const splits = split ? [split] : [];
      for await (const session of readSessions(app, { datasetId, splits, after }))
        yield withContent(app, session);
    },
  };
}

async function openOne(
  app: Needs,
  row: DatasetExport & { sessionId: string },
): Promise<ExportSource> {
  const { projectId, sessionId } = row;
  const session = await app.db.session.findFirst({
    where: { id: sessionId, projectId },
    include: { consent: true, label: true },
  });
  const [access, files] = [await openSession(app, sessionId), await openFiles(app, row)];
  if (!session || !access || !files) throw new SessionNotFoundError(sessionId);
  const { kind, task, site, startUrl } = session;
  const head = {
    ...{ sessionId, kind, task, site, startUrl },
    startedAt: session.startedAt.toISOString(),
    endedAt: session.endedAt?.toISOString() ?? null,
  };
  const licence = session.label?.licence ?? null;
  return {
    ...files,
    splits: [null],
    sessions: 1,
    about: { name: task ?? sessionId, version: null, description: null, licence, manifest: null },
    async *read(_split, after) {
      if (after) return;
      const steps = streamSession(app, { projectId, sessionId }, access.key);
      const consentVersion = session.consent?.version ?? null;
      yield withContent(app, {
        head,
        split: null,
        consentVersion,
        licence,
        steps,
        key: access.key,
      });
    },
  };
}

type Opened = Omit<ExportSession, 'page' | 'html' | 'picture'> & { key: DataKey };

type Read = { snapshotId: string; objectKey: string; html: string; page: Page | null };

/** Adds pages and pictures, read when asked for; a page is kept, as it was parsed, for the steps that follow. */
function withContent(app: Needs, { key, ...session }: Opened): ExportSession {
  const { sessionId } = session.head;
  let last: Read | null = null;
  const read = async ({ before }: SessionStep): Promise<Read | null> => {
    const snapshotId = before?.snapshotId;
    if (!snapshotId) return null;
    if (last?.snapshotId === snapshotId) return last;
    const row = await app.db.pageSnapshot.findFirst({
      where: { id: snapshotId, sessionId, upload: 'STORED' },
      select: { objectKey: true },
    });
    if (!row?.objectKey) return null;
    const { objectKey } = row;
    if (last?.objectKey === objectKey) return last;
    const html = await orNull(readSnapshotHtml(app, key, objectKey));
    last = html === null ? null : { snapshotId, objectKey, html, page: null };
    return last;
  };
  return {
    ...session,
    html: async (step) => (await read(step))?.html ?? null,
    page: async (step) => {
      const found = await read(step);
      if (found) found.page ??= parsePage(found.html);
      return found?.page ?? null;
    },
    picture: (picture) => readPicture(app, key, sessionId, picture),
  };
}

/** The bytes, as long as they are the ones that were frozen. */
export async function readPicture(
  app: Needs,
  key: DataKey,
  sessionId: string,
  { id, sha256 }: Picture,
): Promise<Buffer | null> {
  const row = await app.db.screenshot.findFirst({
    where: { id, sessionId, redactedAt: { not: null } },
    select: { objectKey: true },
  });
  if (!row?.objectKey) return null;
  const bytes = await orNull(readScreenshotBytes(app, key, { id, objectKey: row.objectKey }));
  if (!bytes) return null;
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256)
    throw new Error(
      `Expected picture ${id} as it was frozen, got other bytes. Freeze the dataset anew.`,
    );
  return bytes;
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ObjectMissingError) return null;
    throw error;
  }
}
