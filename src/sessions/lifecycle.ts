import * as z from 'zod';
import { CoverageAccount } from '../contract/coverage.ts';
import { DroppedUpload } from '../contract/image.ts';
import { limits } from '../contract/limits.ts';
import { shortText } from '../contract/text.ts';
import type { Session } from '../generated/prisma/client.ts';
import type { Viewer } from '../graphql/context.ts';
import { parseInput } from '../graphql/input.ts';
import { refuseUnstorableInstant } from '../lib/storable.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { redactWords } from '../privacy/redact.ts';
import { type ChangeInput, changeSession } from './change.ts';
import { type Claimed, markDropped, refuseIncomplete } from './complete.ts';
import { SessionEndedError, SessionStateError } from './errors.ts';
import { sessionEnded, sessionReleased, sessionRemoved } from './events.ts';
import { deskOf } from './ingest.ts';
import { forgetSession } from './session-keys.ts';
import { ofEachKind } from './upload-kinds.ts';

const releasable = new Set(['ENDED', 'PROCESSING', 'NEEDS_REVIEW', 'REJECTED', 'FAILED']);

/** What the client says is in the session it ends. */
export type EndInput = ChangeInput & {
  endedAt: Date;
  lastSequence: number;
  screenshotCount: number;
  snapshotCount: number;
  /** Absent means none. */
  audioCount?: number | null;
  dropped: DroppedUpload[];
  hold: boolean;
  /** What the recorder could not see; absent when it does not say. */
  coverage?: z.input<typeof CoverageAccount>;
};

/** What a session says when its content is gone. */
export const goneContent = { task: null, startUrl: '', dropped: [], coverage: null };

/** @throws {SessionStateError} it is neither ACTIVE nor PAUSED */
export async function pauseSession(app: App, viewer: Viewer, input: ChangeInput): Promise<void> {
  await changeSession(app, viewer, { ...input, change: 'pause' }, async (_tx, session) => {
    refuseEnded(session);
    return { state: 'PAUSED', reason: 'The client paused it.' };
  });
}

/** @throws {SessionStateError} it is neither ACTIVE nor PAUSED */
export async function resumeSession(app: App, viewer: Viewer, input: ChangeInput): Promise<void> {
  await changeSession(app, viewer, { ...input, change: 'resume' }, async (_tx, session) => {
    refuseEnded(session);
    return { state: 'ACTIVE', reason: 'The client resumed it.', lastActivityAt: new Date() };
  });
}

/** Changes the task. */
export async function updateSession(
  app: App,
  viewer: Viewer,
  input: ChangeInput & { task: string | null },
): Promise<void> {
  const task = parseInput(shortText.nullable(), input.task, 'input.task');
  await changeSession(app, viewer, { ...input, change: 'update' }, async (_tx, { state }) => {
    if (state === 'DISCARDED' || state === 'ERASED')
      throw new SessionStateError(state, 'not removed');
    return { task: redactWords(task) };
  });
}

/**
 * Ends a session and hands it to processing. The session must be whole: every interaction up to
 * `lastSequence`, and the bytes of everything that was announced, stored or said to be dropped.
 *
 * @throws {SessionEndedError} it was ended by another operation
 * @throws {SessionIncompleteError} with what is missing; nothing changes
 */
export async function endSession(app: App, viewer: Viewer, input: EndInput): Promise<void> {
  const listed = parseInput(
    z.array(DroppedUpload).max(limits.droppedPerSession),
    input.dropped,
    'input.dropped',
  );
  refuseUnstorableInstant(input.endedAt, 'input.endedAt');
  const coverage = input.coverage && readCoverage(input.coverage);
  const dropped = [...new Map(listed.map((item) => [item.id.toLowerCase(), item.reason]))].map(
    ([id, reason]) => ({ id, reason }),
  );
  await changeSession(app, viewer, { ...input, change: 'end' }, async (tx, session) => {
    if (session.state !== 'ACTIVE' && session.state !== 'PAUSED')
      throw new SessionEndedError(session.state);
    const neverAnnounced = await markDropped(tx, session, dropped);
    await refuseIncomplete(tx, session, claimedBy(input), neverAnnounced);
    await app.queue.emit(tx, sessionEnded, { projectId: session.projectId, sessionId: session.id });
    return {
      state: 'ENDED',
      endedAt: input.endedAt,
      lastActivityAt: new Date(), // the retention counts from here
      lastSequence: input.lastSequence,
      hold: input.hold,
      dropped: neverAnnounced,
      ...(coverage ? { coverage } : {}),
    };
  });
}

/**
 * Lets a session that was held back go on from where its score left it.
 *
 * @throws {SessionStateError} it has not ended yet
 */
export async function releaseSession(app: App, viewer: Viewer, input: ChangeInput): Promise<void> {
  await changeSession(app, viewer, { ...input, change: 'release' }, async (tx, session) => {
    if (!releasable.has(session.state))
      throw new SessionStateError(session.state, 'ended and there');
    if (session.hold)
      await app.queue.emit(tx, sessionReleased, {
        projectId: session.projectId,
        sessionId: session.id,
      });
    return { hold: false, reason: 'The participant released it.' };
  });
}

/** Removes a session: its key is destroyed and its data deleted; that it was there remains. */
export async function discardSession(app: App, viewer: Viewer, input: ChangeInput): Promise<void> {
  await changeSession(app, viewer, { ...input, change: 'discard' }, async (tx, session) => {
    await removeContent(app, tx, session);
    return {
      ...goneContent,
      state: 'DISCARDED',
      reason: 'The participant discarded it.',
    };
  });
  forgetSession(app, input.sessionId);
  deskOf(app).acknowledgements.forget(input.sessionId);
}

/** Destroys the key and deletes what this feature holds of a locked session; later features follow by the fact. */
export async function removeContent(
  app: Pick<App, 'queue'>,
  tx: Tx,
  { id, projectId }: Pick<Session, 'id' | 'projectId'>,
): Promise<void> {
  const where = { sessionId: id };
  await tx.sessionKey.deleteMany({ where });
  await tx.interaction.deleteMany({ where: { ...where, projectId } });
  await tx.interactionChunk.deleteMany({ where });
  await ofEachKind((_kind, { rows }) => rows(tx).deleteMany({ where }));
  await tx.captureHealth.deleteMany({ where });
  await app.queue.emit(tx, sessionRemoved, { projectId, sessionId: id });
}

function refuseEnded({ state }: Session): void {
  if (state !== 'ACTIVE' && state !== 'PAUSED')
    throw new SessionStateError(state, 'ACTIVE or PAUSED');
}

function claimedBy(input: EndInput): Claimed {
  const { lastSequence, screenshotCount, snapshotCount, audioCount } = input;
  const uploads = {
    SCREENSHOT: screenshotCount,
    SNAPSHOT: snapshotCount,
    AUDIO_CLIP: audioCount ?? 0,
  };
  return { lastSequence, uploads };
}

function readCoverage(input: z.input<typeof CoverageAccount>): CoverageAccount {
  const account = parseInput(CoverageAccount, input, 'input.coverage');
  return { ...account, notes: account.notes.map((note) => redactWords(note)) };
}
