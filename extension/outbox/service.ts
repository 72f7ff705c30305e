import { WithdrawConsentDocument } from '../../src/generated/extension/graphql.ts';
import type { Backlog } from './backlog.ts';
import { type Bell, openBell } from './bell.ts';
import type { Connection } from './connection.ts';
import { homeOf, type SavedConnection } from './connections.ts';
import { loadConsents, noteConsent } from './consents.ts';
import { discardSession, finishSession, sendWaiting, startSession } from './courier.ts';
import type { Database, SessionRow } from './database.ts';
import { openPace } from './delivery.ts';
import {
  LaterError,
  newKeyAdvice,
  OperationRefusedError,
  RefusedError,
  StuckError,
  wordsOf,
} from './errors.ts';
import { isFinal, openFollower } from './follow.ts';
import { ageOf, reportHealth } from './health.ts';
import { onLocalChange } from './local.ts';
import { type Backoff, backoffMs, sleep } from './patience.ts';
import type { Problem } from './room.ts';
import type { LocalState, StoredSession } from './types.ts';

export type ServiceOptions = {
  database: Database;
  backlog: Backlog;
  connection: Connection;
  saved: SavedConnection;
  /** Rings at every change of the store, and at the alarm. */
  bell: Bell;
  signal: AbortSignal;
  retryBackoff?: Backoff;
  onProblem: (problem: Problem) => void;
  onRemote: (session: StoredSession) => void;
  /** Hears why something did not go; `null` when it goes again. */
  onTrouble: (message: string | null) => void;
};

export type Service = {
  /** Ends with the first refusal of the whole connection. @throws {RefusedError} or the signal's reason */
  run(): Promise<void>;
  refresh(): Promise<void>;
  /** Tries in a row that failed, of any session. */
  attempts(): number;
};

const liveBatchMs = 250;
const breakOffEveryMs = 100;
const healthEveryMs = 30_000;
const resumedMs = 24 * 3_600_000;
const defaultBackoff: Backoff = { firstMs: 1_000, lastMs: 5 * 60_000 };
/** Refusals after which asking for the session anew may help. */
const unknown = new Set(['SESSION_ENDED', 'SESSION_NOT_FOUND']);
const unknownMost = 3;

export const isLive = ({ session: { state, isHeld } }: SessionRow): boolean =>
  (state === 'recording' || state === 'paused') && !isHeld;
export const isOver = ({ session: { state } }: SessionRow): boolean =>
  state === 'sending' || state === 'discarding';

/** It cannot go on by itself with this connection. */
export function isStuck({ session, book: { stuck } }: SessionRow, connectionId: string): boolean {
  return stuck?.connectionId === connectionId && stuck.state === session.state;
}

/** Everything that is done with one connection, until it is closed. */
export function openService(options: ServiceOptions): Service {
  const { backlog, bell, connection, database, saved, signal, onTrouble, onProblem, onRemote } =
    options;
  const { retryBackoff = defaultBackoff } = options;
  const connectionId = saved.id;
  const home = homeOf(saved);
  const pace = openPace();
  const started = new Set<string>();
  const reported = new Map<string, LocalState>();
  const busy = new Map<string, { stop: AbortController; state: LocalState }>();
  const failures = new Map<
    string,
    { count: number; retryAt: number; delayMs: number; state: LocalState }
  >();
  const attemptedAt = new Map<string, number>();
  const follower = openFollower({ backlog, connection, signal, onRemote });
  let refuse: (error: RefusedError) => void = () => {};
  const refused = new Promise<never>((_, reject) => {
    refuse = reject;
  });

  /** One pass over a session that goes on, or all of one that is over. */
  const serve = async ({ session, book }: SessionRow, stop: AbortSignal): Promise<void> => {
    const { id: sessionId } = session;
    const onWait = (message: string) => onTrouble(message);
    const courier = { sessionId, backlog, connection, pace, home, signal: stop, onWait, onProblem };
    if (session.state === 'discarding') {
      started.delete(sessionId);
      await discardSession(courier);
      await backlog.remove(sessionId);
      return;
    }
    // A start is not broken off: a removal comes after its answer.
    if (!started.has(sessionId)) {
      if (book.stuck) await backlog.unstick(sessionId); // tried again
      const takesMore = await startSession({ ...courier, signal }, session);
      if (!takesMore) return finish(sessionId, 'ended');
      started.add(sessionId);
      const now = await backlog.row(sessionId);
      if (now?.session.state !== session.state) return; // the next pass sees to it
    }
    if (reported.get(sessionId) !== session.state) void report(sessionId);
    reported.set(sessionId, session.state);
    if (session.state !== 'sending') return sendWaiting(courier);
    await finish(sessionId, await finishSession(courier));
  };

  const finish = async (sessionId: string, state: string): Promise<void> => {
    started.delete(sessionId);
    const session = await backlog.finish(sessionId, state);
    void report(sessionId).then(() => report(sessionId)); // digests that differ count when they do twice
    await backlog.prune();
    if (!session) return;
    onRemote(session);
    follower.watch(sessionId);
  };

  const report = async (sessionId: string): Promise<void> => {
    const [count, lastError] = [attempts(), lastTrouble];
    const at = attemptedAt.get(sessionId);
    const sample = {
      ...{ sessionId, backlog, database, connection, signal, attempts: count, lastError },
      attemptAgeMs: busy.has(sessionId) ? 0 : at === undefined ? null : ageOf(at),
      retryIntervalMs: failures.get(sessionId)?.delayMs ?? null,
    };
    await reportHealth(sample).catch(() => undefined); // the next sample says more
  };

  let lastTrouble: string | null = null;
  const fail = async (row: SessionRow, error: unknown): Promise<void> => {
    const { id, state } = row.session;
    const code = error instanceof OperationRefusedError ? error.code : null;
    const message = wordsOf(error);
    started.delete(id);
    const count = (failures.get(id)?.count ?? 0) + 1;
    const delayMs = error instanceof LaterError ? error.ms : backoffMs(count - 1, retryBackoff);
    failures.set(id, { count, retryAt: Date.now() + delayMs, delayMs: Math.round(delayMs), state });
    if (error instanceof RefusedError) return refuse(error);
    if (code === 'UNAUTHENTICATED' || code === 'FORBIDDEN')
      return refuse(new RefusedError(message, newKeyAdvice, true));
    lastTrouble = message;
    onTrouble(message);
    const mayPass =
      code === null || code === 'UNEXPECTED' || (unknown.has(code) && count <= unknownMost);
    if (error instanceof StuckError) await strand(row, message, error.advice);
    else if (!mayPass)
      await strand(
        row,
        `The server does not take “${row.session.task || row.session.startUrl}”: ${message}`,
        'Tell whoever runs the project. It stays on this device until it is discarded.',
      );
  };

  const strand = async ({ session }: SessionRow, message: string, advice: string) => {
    const { state } = session;
    await backlog.changeBook(session.id, () => ({ stuck: { connectionId, state } }));
    onProblem({ message, advice });
    const stuck = { state: 'stuck', site: null, stages: [], quality: null };
    const changed = await backlog.setRemote(session.id, { ...stuck, advice: [message, advice] });
    if (changed) onRemote(changed);
  };

  /** Serves the first session that wants it, one after the other. */
  const lane = async (wants: (row: SessionRow) => boolean, pauseMs: number): Promise<never> => {
    for (;;) {
      const heard = bell.count();
      const rows = (await backlog.rows()).filter(
        (row) => wants(row) && !isStuck(row, connectionId),
      );
      const row = rows.find((row) => !busy.has(row.session.id) && dueInMs(row) === 0);
      if (row) {
        const { id, state } = row.session;
        const stop = new AbortController();
        busy.set(id, { stop, state });
        try {
          await serve(row, AbortSignal.any([signal, stop.signal]));
          failures.delete(id);
          lastTrouble = null;
          onTrouble(null);
        } catch (error) {
          signal.throwIfAborted();
          if (!stop.signal.aborted) await fail(row, error);
        } finally {
          busy.delete(id);
          attemptedAt.set(id, Date.now());
          bell.ring(); // the other lane may have waited for it
        }
        if (pauseMs === 0) continue;
      }
      const due = rows.map(dueInMs).filter((ms) => ms > 0);
      await bell.after(row ? heard + 1 : heard, due.length > 0 ? Math.min(...due) : null, signal);
      await sleep(pauseMs, signal);
    }
  };

  /** What is to be done with it now is not what failed before: no wait then. */
  const dueInMs = ({ session: { id, state } }: SessionRow): number => {
    const failed = failures.get(id);
    return failed?.state === state ? Math.max(0, failed.retryAt - Date.now()) : 0;
  };

  /** What is being sent of a session that is to be removed is broken off. */
  const breakOff = async (): Promise<never> => {
    for (;;) {
      const heard = bell.count();
      for (const [id, { stop, state }] of busy) {
        if (state === 'discarding' || !started.has(id)) continue;
        const row = await backlog.row(id);
        if (!row || row.session.state === 'discarding') stop.abort();
      }
      await sleep(breakOffEveryMs, signal);
      await bell.after(heard, null, signal);
    }
  };

  const sample = async (): Promise<never> => {
    for (;;) {
      await sleep(healthEveryMs, signal);
      for (const id of started) await report(id);
    }
  };

  /** The server hears of consents that ended. */
  const withdraw = async (): Promise<never> => {
    const changed = openBell();
    const unlisten = onLocalChange(['consents'], changed.ring);
    signal.addEventListener('abort', unlisten, { once: true });
    for (;;) {
      const heard = changed.count();
      for (const { id, withdrawnAt, recordedBy, withdrawnBy } of await loadConsents()) {
        if (!withdrawnAt || !recordedBy.includes(home) || withdrawnBy.includes(home)) continue;
        try {
          await connection.run(WithdrawConsentDocument, { input: { id } }, signal);
          await noteConsent(id, 'withdrawnBy', home);
        } catch (error) {
          if (signal.aborted || error instanceof RefusedError) throw error;
          onTrouble(wordsOf(error)); // told again with the next connection
        }
      }
      await changed.after(heard, null, signal);
    }
  };

  /** What was sent and is not through processing is followed again. */
  const resume = async (): Promise<void> => {
    const rows = await backlog.rows();
    const isOpen = ({ session, book }: SessionRow) =>
      session.state === 'sent' &&
      !isFinal(session.remote?.state ?? '') &&
      (book.sentAt ?? 0) > Date.now() - resumedMs;
    if (rows.some(isOpen)) await follower.refresh();
  };

  const attempts = (): number =>
    Math.max(connection.failures(), ...[...failures.values()].map(({ count }) => count), 0);

  return {
    attempts,
    refresh: () => follower.refresh(),
    async run() {
      refused.catch(() => undefined); // raced below
      resume().catch(() => undefined); // the face asks again
      await Promise.race([
        refused,
        lane(isOver, 0),
        lane(isLive, liveBatchMs),
        breakOff(),
        sample(),
        withdraw(),
      ]);
    },
  };
}
