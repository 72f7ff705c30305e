import { openBacklog } from './backlog.ts';
import { openBell } from './bell.ts';
import { openConnection } from './connection.ts';
import { loadConnection, type SavedConnection } from './connections.ts';
import type { SessionRow } from './database.ts';
import { RefusedError, wordsOf } from './errors.ts';
import { onLocalChange } from './local.ts';
import { type Backoff, sleep } from './patience.ts';
import { probe } from './probe.ts';
import { openQueue } from './queue.ts';
import type { Problem } from './room.ts';
import { isLive, isOver, isStuck, openService, type Service } from './service.ts';
import type { SocketOptions } from './socket.ts';
import type { OpenedStore } from './store.ts';
import type { QueueState, StoredSession } from './types.ts';

export type SenderOptions = {
  store: OpenedStore;
  /** Hears what the participant should know, with what to do. */
  onProblem?: (problem: Problem) => void;
  /** Hears of every change of what the server says of a session. */
  onRemote?: (session: StoredSession) => void;
  backoff?: Backoff;
  retryBackoff?: Backoff;
  /** Checks what is asked of the server and answered. */
  watch?: SocketOptions['watch'];
};

export type SenderState = {
  connection: {
    state: 'unset' | 'connecting' | 'connected' | 'offline' | 'refused';
    url: string | null;
    project: string | null;
    participant: string | null;
    /** Why it is not there, with what to do. */
    detail: string | null;
  };
  queue: QueueState;
};

export type Sender = {
  state(): SenderState;
  /** Hears of changes of the state, at most twice a second. */
  onChange(listener: () => void): () => void;
  /** For the alarm: whatever waits is tried again. */
  wake(): void;
  /** Asks the server once what became of the latest sessions. Waits for a connection. */
  refresh(): Promise<void>;
  close(): Promise<void>;
};

/** Set while anything waits; whoever hears it calls `wake`. */
export const outboxAlarm = 'outbox';

const alarmMinutes = 0.5;
const lockName = 'codesight-outbox';
/** After this many failed tries it is found out why, and again each time after so many more. */
const diagnosedAfter = 2;
const diagnosedEvery = 10;
const reopenAfterMs = 60_000;

/**
 * Sends everything that is released to the server that the participant chose, for as long as it takes.
 * Of several that are open at once only one works.
 */
export function openSender(options: SenderOptions): Sender {
  const {
    store,
    backoff,
    retryBackoff,
    watch,
    onProblem = () => {},
    onRemote = () => {},
  } = options;
  const { database } = store;
  const backlog = openBacklog(database);
  const bell = openBell();
  const closing = new AbortController();
  const listeners = new Set<() => void>();
  let service: Service | null = null;
  let hurry = () => {};
  /** A face looks: the next service asks at once. */
  let isRefreshAsked = false;
  let trouble: string | null = null;
  /** Why the server cannot be reached, as it was found out last. */
  let diagnosis: string | null = null;
  let connectionId: string | null = null;
  let isAlarmSet: boolean | null = null;
  let connection: SenderState['connection'] = {
    state: 'connecting',
    url: null,
    project: null,
    participant: null,
    detail: null,
  };

  const tell = () => {
    for (const listener of listeners) listener();
  };
  const setConnection = (change: Partial<SenderState['connection']>) => {
    connection = { ...connection, ...change };
    queue.look();
  };
  const queue = openQueue({
    backlog,
    database,
    signal: closing.signal,
    progress: () => ({ attempts: service?.attempts() ?? 0, lastError: trouble }),
    onLook(rows) {
      const waits = (row: SessionRow) =>
        (isOver(row) || isLive(row)) && !isStuck(row, connectionId ?? '');
      const wanted = connectionId !== null && connection.state !== 'refused' && rows.some(waits);
      if (wanted !== isAlarmSet) setAlarm(wanted);
      isAlarmSet = wanted;
      tell();
    },
  });

  const unlisten = [
    store.onChange(bell.ring),
    store.onChange(queue.look),
    onLocalChange(['connection'], bell.ring),
  ];
  const goOnline = () => hurry();
  globalThis.addEventListener('online', goOnline);

  const work = async (): Promise<void> => {
    await backlog.countRestart();
    await backlog.prune();
    await Promise.all([removeUnsent(), serveConnections()]);
  };

  const serveConnections = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const heard = bell.count();
      const saved = await loadConnection();
      connectionId = saved?.id ?? null;
      if (saved) await serve(saved);
      else {
        setConnection({
          state: 'unset',
          url: null,
          project: null,
          participant: null,
          detail: null,
        });
        await bell.after(heard, null, closing.signal);
      }
    }
  };

  /** Works with one connection until it is changed. */
  const serve = async (saved: SavedConnection): Promise<void> => {
    const changed = new AbortController();
    const signal = AbortSignal.any([closing.signal, changed.signal]);
    const stopListening = onLocalChange(['connection'], () => changed.abort());
    const { url, project, participant } = saved;
    diagnosis = null;
    setConnection({ state: 'connecting', url, project, participant, detail: null });
    try {
      while (!signal.aborted) {
        const refusal = await connect(saved, signal);
        if (!refusal) return;
        setConnection({ state: 'refused', detail: `${refusal.message} ${refusal.advice}` });
        onProblem({ message: refusal.message, advice: refusal.advice });
        const never = 2 ** 31 - 1;
        await sleep(refusal.isFinal ? never : reopenAfterMs, signal);
        setConnection({ state: 'connecting', detail: null });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      stopListening();
    }
  };

  /** @returns why the server does not want this client; `null` when it was closed from here */
  const connect = async (
    saved: SavedConnection,
    signal: AbortSignal,
  ): Promise<RefusedError | null> => {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    let refuse: (error: RefusedError) => void = () => {};
    const refused = new Promise<RefusedError>((resolve) => {
      refuse = resolve;
    });
    const opened = openConnection({
      url: saved.url,
      key: async () => saved.key,
      ...(backoff ? { backoff } : {}),
      ...(watch ? { watch } : {}),
      onRefused: (error) => refuse(error),
      onState(state, problem) {
        if (stop.signal.aborted) return; // its last words come late
        if (state === 'connected') {
          diagnosis = null;
          setConnection({ state: 'connected', detail: null });
        }
        if (state !== 'lost') return;
        const isFirst = connection.state === 'connected';
        const detail = isFirst ? problem : (diagnosis ?? problem);
        setConnection({ state: isFirst ? 'connecting' : 'offline', detail });
        const failures = opened.failures();
        if (failures >= diagnosedAfter && (failures - diagnosedAfter) % diagnosedEvery === 0)
          void diagnose(saved, either, refuse);
      },
    });
    hurry = opened.hurry;
    service = openService({
      database,
      backlog,
      connection: opened,
      saved,
      bell,
      signal: either,
      ...(retryBackoff ? { retryBackoff } : {}),
      onProblem,
      onRemote(session) {
        onRemote(session);
        queue.look();
      },
      onTrouble(message) {
        trouble = message;
        queue.look();
      },
    });
    if (isRefreshAsked) void service.refresh().catch(() => undefined); // the face asks again
    try {
      return await Promise.race([refused, service.run().then(() => null)]);
    } catch (error) {
      if (signal.aborted) return null;
      if (error instanceof RefusedError) return error;
      trouble = wordsOf(error);
      return new RefusedError(
        `Sending stopped: ${trouble}`,
        'It goes on by itself in a minute. If not, restart the browser; nothing is lost.',
        false,
      );
    } finally {
      service = null;
      hurry = () => {};
      stop.abort();
      opened.close();
    }
  };

  /** The WebSocket alone does not say why it fails: the same server is asked by HTTP. */
  const diagnose = async (
    saved: SavedConnection,
    signal: AbortSignal,
    refuse: (error: RefusedError) => void,
  ): Promise<void> => {
    const found = await probe(saved);
    if (found.ok || signal.aborted || connection.state === 'connected') return;
    diagnosis = `${found.message} ${found.advice}`;
    setConnection({ state: 'offline', detail: diagnosis });
    if (found.isFinal && found.about === 'key')
      refuse(new RefusedError(found.message, found.advice, true));
  };

  /** What no server has anything of is removed without one. */
  const removeUnsent = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const heard = bell.count();
      for (const { session } of await backlog.rows())
        if (session.state === 'discarding') await backlog.removeUnsent(session.id);
      await bell.after(heard, null, closing.signal);
    }
  };

  const working = navigator.locks
    .request(lockName, { signal: closing.signal }, work)
    .catch((error: unknown) => {
      if (closing.signal.aborted) return;
      onProblem({
        message: `Sending stopped: ${wordsOf(error)}`,
        advice: 'Restart the browser. Everything recorded stays on this device.',
      });
    });
  queue.look();

  return {
    state: () => ({ connection, queue: queue.state() }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    wake: bell.ring,
    async refresh() {
      hurry();
      isRefreshAsked = true;
      await service?.refresh();
    },
    async close() {
      closing.abort();
      for (const stop of unlisten) stop();
      globalThis.removeEventListener('online', goOnline);
      await working;
    },
  };
}

/** Wakes the worker while anything waits, should it die. */
function setAlarm(isNeeded: boolean): void {
  if (isNeeded) void chrome.alarms.create(outboxAlarm, { periodInMinutes: alarmMinutes });
  else void chrome.alarms.clear(outboxAlarm);
}
