import type { DroppedUpload } from '../contract/image.ts';
import { limits } from '../contract/limits.ts';
import type { Session } from '../generated/prisma/client.ts';
import { InvalidInputError } from '../lib/errors.ts';
import type { Tx } from '../platform/db.ts';
import { SessionIncompleteError } from './errors.ts';
import { allUploadKinds, ofEachKind, type UploadKind, uploadColumns } from './upload-kinds.ts';

const listedAtMost = 1_000;

/** What the client says a session holds, the dropped things too. */
export type Claimed = { lastSequence: number; uploads: Record<UploadKind, number> };

/** Marks announced images, snapshots and audio clips as dropped; answers with the ones that were never announced. */
export async function markDropped(
  tx: Tx,
  { id: sessionId }: Session,
  dropped: DroppedUpload[],
): Promise<DroppedUpload[]> {
  if (dropped.length === 0) return [];
  const where = { sessionId, id: { in: dropped.map(({ id }) => id) } };
  const found = await ofEachKind((_kind, { rows }) =>
    rows(tx).findMany({ where, select: uploadColumns }),
  );
  const announced = new Set(allUploadKinds.flatMap((kind) => found[kind].map(({ id }) => id)));
  for (const reason of new Set(dropped.map((item) => item.reason))) {
    const ids = dropped.filter((item) => item.reason === reason).map(({ id }) => id);
    await ofEachKind((_kind, { rows }) =>
      rows(tx).updateMany({
        where: { sessionId, id: { in: ids }, upload: 'PENDING' },
        data: { upload: 'DROPPED', problem: reason },
      }),
    );
  }
  return dropped.filter(({ id }) => !announced.has(id));
}

/** @throws {SessionIncompleteError} with what is missing */
export async function refuseIncomplete(
  tx: Tx,
  { id: sessionId, projectId }: Session,
  claimed: Claimed,
  neverAnnounced: DroppedUpload[],
): Promise<void> {
  const sequences = await missingSequences(tx, { projectId, sessionId }, claimed.lastSequence);
  const uploads = await ofEachKind(async (_kind, { rows }) => {
    const pending = await rows(tx).findMany({
      where: { sessionId, upload: 'PENDING' },
      select: uploadColumns,
      take: listedAtMost,
    });
    return pending.map(({ id }) => id);
  });
  const announced = await ofEachKind((_kind, { rows }) => rows(tx).count({ where: { sessionId } }));
  const unannounced =
    sum(allUploadKinds.map((kind) => Math.max(0, claimed.uploads[kind] - announced[kind]))) -
    neverAnnounced.length;
  const counts =
    unannounced > 0
      ? [`${unannounced} images, snapshots or audio clips that were never announced`]
      : [];
  const pending = sum(allUploadKinds.map((kind) => uploads[kind].length));
  if (sequences.length + pending + counts.length > 0)
    throw new SessionIncompleteError({ sequences, uploads, counts });
}

async function missingSequences(
  tx: Tx,
  { projectId, sessionId }: { projectId: string; sessionId: string },
  claimed: number,
): Promise<number[]> {
  const present = await tx.interaction.aggregate({
    where: { projectId, sessionId },
    _count: true,
    _max: { sequence: true },
  });
  const last = present._max.sequence ?? 0;
  if (last > claimed)
    throw new InvalidInputError(
      'input.lastSequence',
      `Expected at least ${last} for lastSequence, which is stored, got ${claimed}.`,
    );
  if (present._count === claimed) return [];
  if (claimed > limits.sequence)
    throw new InvalidInputError(
      'input.lastSequence',
      `Expected at most ${limits.sequence} for lastSequence, got ${claimed}.`,
    );
  const rows = await tx.$queryRaw<{ sequence: number }[]>`
    SELECT g::int AS "sequence" FROM generate_series(1, ${claimed}::int) g
    WHERE NOT EXISTS (SELECT 1 FROM "Interaction" i
      WHERE i."projectId" = ${projectId}::uuid AND i."sessionId" = ${sessionId}::uuid AND i."sequence" = g)
    LIMIT ${listedAtMost}`;
  return rows.map(({ sequence }) => sequence);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
