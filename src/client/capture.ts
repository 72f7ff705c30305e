import type { ScreenshotRecord, SnapshotRecord } from '../contract/image.ts';
import type { InteractionRecord, Tombstone } from '../contract/interaction.ts';
import type { SessionRecord } from '../contract/recording.ts';
import {
  EndSessionDocument,
  type SessionState,
  StartSessionDocument,
} from '../generated/client/graphql.ts';
import { newId } from '../lib/ids.ts';
import type { Connection } from './connection.ts';
import { RequestRefusedError } from './errors.ts';
import { type InteractionTally, openInteractions } from './interactions.ts';
import { untilTaken } from './patience.ts';
import { openUploads, type UploadTally } from './uploads.ts';

export type CaptureOptions = {
  signal?: AbortSignal;
  /** Hears of every change of the tallies. */
  onProgress?: (tally: CaptureTally) => void;
  /** Hears why the server asks for patience, and for how long. */
  onWait?: (message: string, ms: number) => void;
};

/** What has become of everything so far. */
export type CaptureTally = { interactions: InteractionTally; uploads: UploadTally };

/** What the server lacks at the end though it was sent once. */
export type Missing = { sequences: Set<number>; uploads: Set<string> };

/** One session on its way to the server. Everything can be repeated; nothing is stored twice. */
export type Capture = {
  sessionId: string;
  /** Its state when it was started or found. */
  state: SessionState;
  /** The session takes nothing more: it was ended before. */
  isEnded: boolean;
  tally: CaptureTally;
  /** In any order, from 1 without gaps at the end; resolves when there is room for the next one. */
  interaction(item: InteractionRecord | Tombstone): Promise<void>;
  screenshot(record: ScreenshotRecord, bytes: () => Promise<Uint8Array>): Promise<void>;
  snapshot(record: SnapshotRecord, bytes: () => Promise<Uint8Array>): Promise<void>;
  /**
   * Resolves when the server has everything and has ended the session.
   *
   * @param resend sends what is missing again, by the functions above; the rest is said to be lost
   */
  end(
    endedAt: string,
    resend?: (missing: Missing, capture: Resend) => Promise<void>,
  ): Promise<SessionState>;
};

/** Like the functions of a capture; counts nothing twice. */
export type Resend = Pick<Capture, 'interaction' | 'screenshot' | 'snapshot'>;

const live: ReadonlySet<SessionState> = new Set(['ACTIVE', 'PAUSED']);
/** Each round is about other things, at most 1,000 of each kind. */
const endRoundsMost = 100;

/**
 * Starts a session, or resumes the one with this id: what the server has is not sent again.
 *
 * @throws {RequestRefusedError} the id is another participant's session, or the record does not fit
 */
export async function startCapture(
  connection: Connection,
  session: SessionRecord,
  { signal = new AbortController().signal, onProgress, onWait = () => {} }: CaptureOptions = {},
): Promise<Capture> {
  const { id, kind, task, startUrl, startedAt, client } = session; // a recording's head says more
  const input = { id, kind, task, startUrl, startedAt, client };
  const waiting = { signal, wait: connection.wait, onWait };
  const started = await untilTaken(
    async () => (await connection.run(StartSessionDocument, { input }, signal)).startSession,
    waiting,
  );
  if (started.__typename !== 'SessionStarted')
    throw new RequestRefusedError(started.code, started.message);

  const {
    acknowledged,
    session: { state },
  } = started;
  const sessionId = session.id;
  const onChange = () => onProgress?.(tally);
  const interactions = openInteractions(connection, {
    sessionId,
    acknowledged,
    signal,
    onChange,
    onWait,
  });
  const uploads = openUploads(connection, { sessionId, signal, onChange, onWait });
  const tally: CaptureTally = { interactions: interactions.tally, uploads: uploads.tally };
  const operationId = newId(); // one change, however often it is sent
  let lastSequence = acknowledged;

  const drain = () => Promise.all([interactions.drain(), uploads.drain()]);
  const senders = (isResent: boolean): Resend => ({
    async interaction(item) {
      lastSequence = Math.max(lastSequence, item.sequence);
      await interactions.send(item, { isResent });
    },
    screenshot: (record, bytes) => uploads.send('screenshots', record, bytes, { isResent }),
    snapshot: (record, bytes) => uploads.send('snapshots', record, bytes, { isResent }),
  });

  const askToEnd = async (endedAt: string) => {
    const { given, dropped } = uploads.tally;
    const input = {
      sessionId,
      operationId,
      endedAt,
      lastSequence,
      screenshotCount: given.screenshots,
      snapshotCount: given.snapshots,
      dropped: dropped.map(({ id, reason }) => ({ id, reason })),
    };
    return (await connection.run(EndSessionDocument, { input }, signal)).endSession;
  };

  return {
    sessionId,
    state,
    isEnded: !live.has(state),
    tally,
    ...senders(false),
    async end(endedAt, resend) {
      await drain();
      for (let round = 1; ; round += 1) {
        const answer = await askToEnd(endedAt);
        if (answer.__typename === 'Session') return answer.state;
        if (answer.__typename !== 'SessionIncomplete' || round > endRoundsMost)
          throw new RequestRefusedError(answer.code, answer.message);
        const missing = {
          sequences: new Set(answer.missingSequences),
          uploads: new Set([...answer.missingScreenshots, ...answer.missingSnapshots]),
        };
        if (missing.sequences.size + missing.uploads.size === 0)
          throw new RequestRefusedError(answer.code, answer.message);
        await resend?.(missing, accountFor(missing, senders(true)));
        await giveUp(missing);
        await drain();
      }
    },
  };

  /** Says of what nobody has any more that it is lost. */
  async function giveUp({ sequences, uploads: ids }: Missing): Promise<void> {
    for (const sequence of sequences)
      await interactions.send({ sequence, dropped: 'CAPTURE_FAILED' }, { isResent: true });
    for (const id of ids) uploads.drop(id, 'CAPTURE_FAILED', 'The client has it no more.');
  }
}

/** Strikes off what is sent again. */
function accountFor({ sequences, uploads }: Missing, senders: Resend): Resend {
  return {
    async interaction(item) {
      sequences.delete(item.sequence);
      await senders.interaction(item);
    },
    async screenshot(record, bytes) {
      uploads.delete(record.id);
      await senders.screenshot(record, bytes);
    },
    async snapshot(record, bytes) {
      uploads.delete(record.id);
      await senders.snapshot(record, bytes);
    },
  };
}
