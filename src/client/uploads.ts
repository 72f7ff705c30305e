import type { DroppedUpload, ScreenshotRecord, SnapshotRecord } from '../contract/image.ts';
import type { DropReason } from '../contract/vocabulary.ts';
import {
  ConfirmUploadsDocument,
  RecordScreenshotsDocument,
  RecordSnapshotsDocument,
  type SlotsFragment,
} from '../generated/client/graphql.ts';
import type { Connection } from './connection.ts';
import { NoAnswerError, RequestRefusedError } from './errors.ts';
import { openGate, openLanes } from './lanes.ts';
import { untilTaken } from './patience.ts';
import { type PutOutcome, putBytes } from './put.ts';

export type UploadKind = 'screenshots' | 'snapshots';

/** A picture or page whose bytes were given up, with the reason that the server is told. */
export type DroppedBytes = DroppedUpload & { message: string };

/** What became of the pictures and pages of one capture. */
export type UploadTally = {
  /** Handed over by whoever records, by kind. */
  given: Record<UploadKind, number>;
  /** The server has them, by kind. */
  stored: Record<UploadKind, number>;
  /** Bytes that were really sent, repeats included. */
  sentBytes: number;
  dropped: DroppedBytes[];
};

export type UploadSender = {
  tally: UploadTally;
  /** Takes a picture or page; resolves when there is room for the next one. `bytes` may be asked again. */
  send(
    kind: UploadKind,
    record: ScreenshotRecord | SnapshotRecord,
    bytes: () => Promise<Uint8Array>,
    options?: { isResent?: boolean },
  ): Promise<void>;
  /** Gives one up that nobody has any more. */
  drop(id: string, reason: DropReason, message: string): void;
  /** Resolves when the server has everything that was not dropped. */
  drain(): Promise<void>;
};

type Item = {
  kind: UploadKind;
  record: ScreenshotRecord | SnapshotRecord;
  bytes: () => Promise<Uint8Array>;
};

const batchMost = 20;
const batchDelayMs = 250;
const putsInFlight = 2;
/** Times that the server may say that bytes are still missing which it took. */
const roundsMost = 4;

/** Announces pictures and pages, puts their bytes where the server says, and has it confirm them. */
export function openUploads(
  connection: Connection,
  {
    sessionId,
    signal,
    onChange,
    onWait,
  }: {
    sessionId: string;
    signal: AbortSignal;
    onChange: () => void;
    onWait: (message: string, ms: number) => void;
  },
): UploadSender {
  const tally: UploadTally = {
    given: { screenshots: 0, snapshots: 0 },
    stored: { screenshots: 0, snapshots: 0 },
    sentBytes: 0,
    dropped: [],
  };
  const batches: Record<UploadKind, Item[]> = { screenshots: [], snapshots: [] };
  const timers: Partial<Record<UploadKind, NodeJS.Timeout>> = {};
  const lanes = openLanes(2, 1);
  const gate = openGate(putsInFlight);
  const waiting = { signal, wait: connection.wait, onWait };

  const flush = async (kind: UploadKind): Promise<void> => {
    clearTimeout(timers[kind]);
    const items = batches[kind];
    batches[kind] = [];
    if (items.length > 0) await lanes.add(() => deliver(kind, items));
  };

  const deliver = async (kind: UploadKind, batch: Item[]): Promise<void> => {
    const missing = new Map(batch.map((item) => [item.record.id, item]));
    const settle = ({ stored, rejected, slots }: SlotsFragment): Slot[] => {
      for (const id of stored) {
        if (missing.delete(id)) tally.stored[kind] += 1;
      }
      for (const { id, code, message } of rejected) {
        if (missing.delete(id)) drop(id, code === 'TOO_LARGE' ? 'TOO_LARGE' : 'REFUSED', message);
      }
      onChange();
      return slots;
    };
    let slots = settle(await announce(kind, batch));
    for (let round = 1; missing.size > 0; round += 1) {
      if (round > roundsMost)
        throw new NoAnswerError(
          `Expected ${connection.url} to keep ${missing.size} ${kind}, they are still missing after ${roundsMost} tries.`,
        );
      await Promise.all(
        slots.map((slot) =>
          gate(async () => {
            const item = missing.get(slot.id);
            if (!item) return;
            const outcome = await put(item, slot);
            if (outcome !== 'refused') return;
            missing.delete(slot.id);
          }),
        ),
      );
      if (missing.size > 0) slots = settle(await confirm([...missing.keys()]));
    }
  };

  const announce = async (kind: UploadKind, batch: Item[]): Promise<SlotsFragment> => {
    const records = batch.map(({ record }) => record);
    const answer = await untilTaken(async () => {
      if (kind === 'screenshots') {
        const input = { sessionId, screenshots: records as ScreenshotRecord[] };
        return (await connection.run(RecordScreenshotsDocument, { input }, signal))
          .recordScreenshots;
      }
      const input = { sessionId, snapshots: records as SnapshotRecord[] };
      return (await connection.run(RecordSnapshotsDocument, { input }, signal)).recordSnapshots;
    }, waiting);
    if (answer.__typename !== 'UploadSlots')
      throw new RequestRefusedError(answer.code, answer.message);
    return answer;
  };

  const confirm = async (ids: string[]): Promise<SlotsFragment> => {
    const input = { sessionId, ids };
    const answer = (await connection.run(ConfirmUploadsDocument, { input }, signal)).confirmUploads;
    if (answer.__typename !== 'UploadSlots')
      throw new RequestRefusedError(answer.code, answer.message);
    return answer;
  };

  const put = async ({ record, bytes }: Item, slot: Slot): Promise<PutOutcome['state']> => {
    let body: Uint8Array;
    try {
      body = await bytes();
    } catch (error) {
      drop(record.id, 'CAPTURE_FAILED', error instanceof Error ? error.message : String(error));
      return 'refused';
    }
    const outcome = await putBytes(connection, slot, body, signal);
    tally.sentBytes += outcome.sentBytes;
    if (outcome.state === 'refused') drop(record.id, 'INVALID', outcome.message);
    onChange();
    return outcome.state;
  };

  const drop = (id: string, reason: DropReason, message: string): void => {
    if (!tally.dropped.some((dropped) => dropped.id === id))
      tally.dropped.push({ id, reason, message });
  };

  return {
    tally,
    drop,
    async send(kind, record, bytes, { isResent = false } = {}) {
      signal.throwIfAborted();
      if (!isResent) tally.given[kind] += 1;
      const batch = batches[kind];
      batch.push({ kind, record, bytes });
      if (batch.length >= batchMost) return flush(kind);
      // `drain` and the next `send` hear of what goes wrong here.
      if (batch.length === 1)
        timers[kind] = setTimeout(() => void flush(kind).catch(() => undefined), batchDelayMs);
    },
    async drain() {
      await flush('screenshots');
      await flush('snapshots');
      await lanes.idle();
    },
  };
}

type Slot = SlotsFragment['slots'][number];
