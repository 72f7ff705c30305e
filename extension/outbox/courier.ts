import type { DroppedUpload } from '../../src/contract/image.ts';
import { limits } from '../../src/contract/limits.ts';
import {
  DiscardSessionDocument,
  EndSessionDocument,
  type EndSessionMutation,
  RecordConsentDocument,
  StartSessionDocument,
} from '../../src/generated/extension/graphql.ts';
import { newId } from '../../src/lib/ids.ts';
import { loadConsents, noteConsent } from './consents.ts';
import type { BlobRow } from './database.ts';
import type { Delivery } from './delivery.ts';
import { LaterError, LostError, OperationRefusedError, StuckError } from './errors.ts';
import { sendInteractions } from './interactions.ts';
import { laterMs } from './patience.ts';
import type { StoredSession } from './types.ts';
import { sendUploads, verifyUploads } from './uploads.ts';

export type CourierOptions = Delivery & {
  /** Server and project. */
  home: string;
};

const live = new Set(['ACTIVE', 'PAUSED']);
/** Each round of an end is about other things. */
const endRoundsMost = 100;

/**
 * Starts the session on the server, or finds it there, and forgets here what the server holds already.
 *
 * @returns whether it takes more; `false` when it was ended with everything that is here
 * @throws {StuckError}
 * @throws {LaterError} one that is over may have to end before this one can begin
 */
export async function startSession(
  options: CourierOptions,
  session: StoredSession,
): Promise<boolean> {
  const { backlog, connection, home, sessionId, signal } = options;
  const row = await backlog.row(sessionId);
  if (!row) return false;
  if (row.book.home && row.book.home !== home && !(await isAllHere(options, session)))
    throw new StuckError(
      `${nameOf(session)} was begun with another server or project (${row.book.home.split(' ')[0]}).`,
      'Connect to that one again to finish it, or discard it.',
    );
  await agree(options, session);
  if (!(await backlog.noteHome(sessionId, home))) return false;
  const { task, startUrl, startedAt, client, consentId } = session;
  const input = {
    ...{ id: sessionId, kind: 'HUMAN' as const, task, startUrl, startedAt, client },
    ...(consentId ? { consentId } : {}),
  };
  const { startSession: started } = await connection.run(StartSessionDocument, { input }, signal);
  if ('retryAfterSeconds' in started)
    throw new LaterError(started.message, laterMs(started.retryAfterSeconds));
  if (started.__typename !== 'SessionStarted') {
    if (started.__typename === 'ConsentMissing') throw withdrawn(session);
    throw new OperationRefusedError(started);
  }
  await backlog.acknowledge(sessionId, started.acknowledged);
  if (live.has(started.session.state)) return true;
  return refuseUnsent(options, session, started.session.state);
}

/** Sends all that waits now. */
export async function sendWaiting(options: CourierOptions): Promise<void> {
  const tasks = [untilThrough(() => sendInteractions(options)), sendUploads(options)];
  const outcomes = await Promise.allSettled(tasks); // both must be over before the next try
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

/** What a lost connection broke off goes on with the next one. */
async function untilThrough(send: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
    }
  }
}

/**
 * Sends what is left of a session that is over and ends it.
 *
 * @returns its state on the server, in lower case
 * @throws {StuckError}
 */
export async function finishSession(options: CourierOptions): Promise<string> {
  const { backlog, sessionId } = options;
  for (let round = 1; ; round += 1) {
    await sendWaiting(options);
    const row = await backlog.row(sessionId);
    if (!row) return 'discarded';
    const waiting = await backlog.waitingOf(sessionId);
    if (waiting.interactions + waiting.uploads > 0) continue; // acknowledged only in part
    const answer = await askToEnd(options, row.session);
    if (answer.__typename === 'Session') return answer.state.toLowerCase();
    if (answer.__typename === 'SessionEnded') {
      await startSession(options, row.session); // says what the server holds of it
      return 'ended';
    }
    if (answer.__typename !== 'SessionIncomplete' || round > endRoundsMost)
      throw new OperationRefusedError(answer);
    await supply(options, answer);
  }
}

/** Removes a session from the server; it may never have been there. */
export async function discardSession({
  backlog,
  connection,
  home,
  sessionId,
  signal,
}: CourierOptions): Promise<void> {
  const row = await backlog.row(sessionId);
  if (!row?.book.home) return;
  if (row.book.home !== home)
    throw new StuckError(
      `A part of ${nameOf(row.session)} is on another server (${row.book.home.split(' ')[0]}).`,
      'Connect to that one again, so that it is removed there, too.',
    );
  const input = { sessionId, operationId: newId() };
  const { discardSession: answer } = await connection.run(
    DiscardSessionDocument,
    { input },
    signal,
  );
  const isGone = answer.__typename === 'Session' || answer.__typename === 'SessionNotFound';
  if (!isGone) throw new OperationRefusedError(answer);
}

type Incomplete = Extract<EndSessionMutation['endSession'], { __typename: 'SessionIncomplete' }>;

/** What the server lacks is sent again if it is here, and else said to be lost. */
async function supply(options: CourierOptions, missing: Incomplete): Promise<void> {
  const { backlog, sessionId } = options;
  const { missingSequences } = missing;
  const uploads = [
    ...missing.missingScreenshots,
    ...missing.missingSnapshots,
    ...missing.missingAudioClips,
  ];
  if (missingSequences.length > 0)
    await backlog.bury(
      sessionId,
      missingSequences.map((sequence) => ({ sequence, dropped: 'CAPTURE_FAILED' })),
      missingSequences.map((sequence) => ({
        sequence,
        code: 'LOST',
        message: 'The server had it, and lost it.',
      })),
    );
  await backlog.loseBlobs(uploads);
  if (missingSequences.length + uploads.length > 0) return;
  if ((await verifyUploads(options)) === 0) throw new OperationRefusedError(missing);
}

async function askToEnd(
  { backlog, connection, sessionId, signal }: CourierOptions,
  session: StoredSession,
): Promise<EndSessionMutation['endSession']> {
  const rows = await backlog.blobs(sessionId);
  const countOf = (kind: BlobRow['kind']) => rows.filter((row) => row.kind === kind).length;
  const dropped: DroppedUpload[] = rows.flatMap(({ id, state, reason }) =>
    state === 'dropped' && reason ? [{ id, reason }] : [],
  );
  const unlisted = dropped.splice(limits.droppedPerSession).length;
  const { coverage } = session;
  const notes = unlisted > 0 ? [`${unlisted} more were given up than can be listed.`] : [];
  const input = {
    sessionId,
    operationId: newId(),
    endedAt: session.endedAt ?? new Date().toISOString(),
    lastSequence: session.lastSequence,
    screenshotCount: Math.max(0, countOf('screenshot') - unlisted),
    snapshotCount: countOf('snapshot'),
    audioCount: countOf('audio'),
    dropped,
    coverage: { ...coverage, notes: [...notes, ...coverage.notes].slice(0, limits.coverageNotes) },
    hold: false,
  };
  return (await connection.run(EndSessionDocument, { input }, signal)).endSession;
}

/**
 * Before the first session under it the server hears of the consent, once.
 *
 * @throws {StuckError} it was withdrawn: nothing more goes out
 */
async function agree(
  { connection, home, signal }: CourierOptions,
  session: StoredSession,
): Promise<void> {
  const consent = (await loadConsents()).find(({ id }) => id === session.consentId);
  if (!consent) return; // of an earlier installation; the server knows it, or says that it does not
  if (consent.withdrawnAt) throw withdrawn(session);
  if (consent.recordedBy.includes(home)) return;
  const { id, version, textSha256, locale, acceptedAt } = consent;
  const input = { id, version, textSha256, locale, acceptedAt };
  const { recordConsent: answer } = await connection.run(RecordConsentDocument, { input }, signal);
  if (answer.__typename !== 'Consent') throw new OperationRefusedError(answer);
  await noteConsent(id, 'recordedBy', home);
}

function withdrawn(session: StoredSession): StuckError {
  return new StuckError(
    `${nameOf(session)} is not sent: you withdrew the consent under which it was recorded.`,
    'Discard it.',
  );
}

/** No server has said that it holds anything of it: it can begin anew with another one. */
async function isAllHere(
  { backlog, sessionId }: CourierOptions,
  { acknowledged }: StoredSession,
): Promise<boolean> {
  const rows = await backlog.blobs(sessionId);
  return acknowledged === 0 && rows.every(({ state }) => state !== 'stored');
}

function nameOf({ task, startUrl }: StoredSession): string {
  return `“${task || startUrl}”`;
}

/** @throws {StuckError} the server takes nothing more, and something is still here */
async function refuseUnsent(
  { backlog, sessionId }: CourierOptions,
  session: StoredSession,
  state: string,
): Promise<false> {
  const { interactions, uploads } = await backlog.waitingOf(sessionId);
  const isGone = state === 'DISCARDED' || state === 'ERASED';
  if (!isGone && session.state === 'sending' && interactions + uploads === 0) return false;
  throw new StuckError(
    isGone
      ? `${nameOf(session)} was removed from the server.`
      : `${nameOf(session)} was ended on the server by somebody else; ${interactions} interactions and ${uploads} pictures and pages are only on this device.`,
    'Nothing more of it can be sent. Look at what is here, then discard it.',
  );
}
