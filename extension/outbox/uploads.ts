import {
  ConfirmUploadsDocument,
  RecordAudioClipsDocument,
  RecordScreenshotsDocument,
  RecordSnapshotsDocument,
  type UploadAnswerFragment,
} from '../../src/generated/extension/graphql.ts';
import type { BlobRow } from './database.ts';
import type { Delivery } from './delivery.ts';
import { OperationRefusedError } from './errors.ts';
import { inLanes, untilTaken } from './patience.ts';
import { putBytes } from './put.ts';

type Kind = BlobRow['kind'];
type Slot = UploadAnswerFragment['slots'][number];

const kinds: Kind[] = ['screenshot', 'snapshot', 'audio'];
const batchMost = 20;
const putsInFlight = 2;
/** Times that the server may say that bytes are still missing which it took. */
const roundsMost = 4;

/** Announces what waits, puts the bytes where the server says, and has it confirm them. */
export async function sendUploads(delivery: Delivery): Promise<void> {
  const { backlog, sessionId, signal } = delivery;
  if ((await backlog.waitingOf(sessionId)).uploads === 0) return;
  for (const kind of kinds) {
    for (;;) {
      signal.throwIfAborted();
      const rows = await backlog.claimBlobs(sessionId, kind, batchMost);
      if (rows.length === 0) break;
      await deliver(delivery, kind, rows);
    }
  }
}

/** Asks after what the server was to have; what it has not is accounted for as lost. */
export async function verifyUploads(delivery: Delivery): Promise<number> {
  const rows = await delivery.backlog.blobs(delivery.sessionId);
  const ids = rows.filter(({ state }) => state === 'stored').map(({ id }) => id);
  const lost: string[] = [];
  for (let at = 0; at < ids.length; at += batchMost) {
    const { slots, rejected } = await confirm(delivery, ids.slice(at, at + batchMost));
    lost.push(...[...slots, ...rejected].map(({ id }) => id));
  }
  await delivery.backlog.loseBlobs(lost);
  return lost.length;
}

async function deliver(delivery: Delivery, kind: Kind, rows: BlobRow[]): Promise<void> {
  const { backlog } = delivery;
  const missing = new Map(rows.map((row) => [row.id, row]));
  const settle = async ({ stored, rejected, slots }: UploadAnswerFragment): Promise<Slot[]> => {
    await backlog.storedBlobs(stored.filter((id) => missing.delete(id)));
    for (const { id, code } of rejected)
      if (missing.delete(id))
        await backlog.dropBlobs([id], code === 'TOO_LARGE' ? 'TOO_LARGE' : 'REFUSED');
    return slots;
  };
  const put = async (slot: Slot): Promise<void> => {
    const row = missing.get(slot.id);
    if (!row) return;
    const bytes = await backlog.bytesOf(row.id);
    if (!bytes) {
      // Given up meanwhile, which keeps its reason; or lost, which gets one.
      await backlog.dropBlobs([row.id], 'CAPTURE_FAILED');
      missing.delete(row.id);
    } else if ((await putBytes(delivery, slot.url, bytes)) === 'refused') {
      await backlog.dropBlobs([row.id], 'INVALID');
      missing.delete(row.id);
    }
  };

  let slots: Slot[];
  try {
    slots = await settle(await announce(delivery, kind, rows));
  } catch (error) {
    // The call as a whole does not fit the schema: find the one that is to blame.
    const isMisfit = error instanceof OperationRefusedError && error.code === 'BAD_USER_INPUT';
    if (!isMisfit) throw error;
    if (rows.length === 1) return backlog.dropBlobs([...missing.keys()], 'INVALID');
    const half = Math.ceil(rows.length / 2);
    await deliver(delivery, kind, rows.slice(0, half));
    return deliver(delivery, kind, rows.slice(half));
  }
  for (let round = 1; missing.size > 0; round += 1) {
    if (round > roundsMost)
      throw new Error(
        `The server still lacks ${missing.size} uploads after ${roundsMost} rounds of sending them.`,
      );
    await inLanes(putsInFlight, slots, put);
    if (missing.size > 0) slots = await settle(await confirm(delivery, [...missing.keys()]));
  }
}

async function announce(
  delivery: Delivery,
  kind: Kind,
  rows: BlobRow[],
): Promise<UploadAnswerFragment> {
  const answer = await untilTaken(() => announcing(delivery, kind, rows), delivery);
  if (answer.__typename !== 'UploadSlots') throw new OperationRefusedError(answer);
  return answer;
}

async function announcing(
  { connection, sessionId, signal }: Delivery,
  kind: Kind,
  rows: BlobRow[],
) {
  if (kind === 'screenshot') {
    const screenshots = rows.flatMap((row) => (row.kind === 'screenshot' ? [row.record] : []));
    const input = { sessionId, screenshots };
    return (await connection.run(RecordScreenshotsDocument, { input }, signal)).recordScreenshots;
  }
  if (kind === 'snapshot') {
    const snapshots = rows.flatMap((row) => (row.kind === 'snapshot' ? [row.record] : []));
    const input = { sessionId, snapshots };
    return (await connection.run(RecordSnapshotsDocument, { input }, signal)).recordSnapshots;
  }
  const audioClips = rows.flatMap((row) => (row.kind === 'audio' ? [row.record] : []));
  const input = { sessionId, audioClips };
  return (await connection.run(RecordAudioClipsDocument, { input }, signal)).recordAudioClips;
}

async function confirm(
  { connection, sessionId, signal }: Delivery,
  ids: string[],
): Promise<UploadAnswerFragment> {
  const input = { sessionId, ids };
  const answer = (await connection.run(ConfirmUploadsDocument, { input }, signal)).confirmUploads;
  if (answer.__typename !== 'UploadSlots') throw new OperationRefusedError(answer);
  return answer;
}
