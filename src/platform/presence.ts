import { hostname } from 'node:os';
import type pg from 'pg';
import { newId } from '../lib/ids.ts';
import type { Database } from './db.ts';
import { startOf } from './lock.ts';
import type { Log } from './log.ts';

/** Which part of us a process is. */
export type Service = 'server' | 'worker';

/** Another process of ours. */
export type Peer = { id: string; service: Service; host: string; pid: number; startedAt: Date };

export type Presence = {
  /** Says goodbye: nobody misses this process any more. */
  close(): Promise<void>;
};

/**
 * What others need to find out that a process is gone: five seconds, in which one that only lost its
 * connection has another. Those on its own machine see at the first look that it runs no more.
 */
const lookEveryMs = 500;
const looksUntilGone = 10;
/** Of one statement, so that a connection which is half dead is given up. */
const answerMs = 5_000;
/** Postgres notices after 11 s that a machine has lost its power or its network, not after two hours. */
const keepAlives = `SELECT set_config('tcp_keepalives_idle', '5', false),
  set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '3', false)`;
const ownHost = hostname();
const lockOf = (id: string) => `hashtextextended('codesight process ' || ${id}, 0)`;

/**
 * Makes this process known as long as it lives, and looks for others that are gone. A process holds an
 * advisory lock by a connection of its own, which the kernel closes however the process ends; so its
 * absence is a fact, not a guess by the clock.
 *
 * @param onGone hears of one that ended without saying goodbye, in each process that sees it: two may hear
 *   of the same one. When it rejects, it hears again with the next look
 */
export function openPresence(
  { openClient }: Pick<Database, 'openClient'>,
  { service, log, onGone }: { service: Service; log: Log; onGone(peer: Peer): Promise<void> },
): Presence {
  const own = newId();
  /** How often in a row nobody held the lock of one. */
  const absences = new Map<string, number>();
  let client: pg.Client | null = null;
  let running: Promise<void> | null = null;
  let isClosed = false;

  const enter = async (): Promise<pg.Client> => {
    const entered = openClient({ name: 'codesight-presence', answerMs });
    entered.on('error', ({ message }) => {
      if (client === entered) client = null;
      if (!isClosed)
        log.warn({ reason: message }, 'the connection that shows this process was lost');
    });
    try {
      await entered.connect();
      await entered.query(keepAlives);
      await entered.query(`SELECT pg_advisory_lock(${lockOf('$1')})`, [own]);
      await entered.query(
        'INSERT INTO "Process" ("id", "service", "host", "pid") VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
        [own, service, ownHost, process.pid],
      );
      return entered;
    } catch (error) {
      entered.end().catch(() => undefined); // it may never have begun
      throw error;
    }
  };

  const look = async (): Promise<void> => {
    client ??= await enter();
    // Shared, so that those who look are not in each other's way; it ends with the statement.
    const { rows } = await client.query<Peer>(
      `SELECT p."id", p."service", p."host", p."pid", p."startedAt" FROM "Process" p
       WHERE p."id" <> $1 AND pg_try_advisory_xact_lock_shared(${lockOf('p."id"')})`,
      [own],
    );
    const gone = new Set(rows.map(({ id }) => id));
    for (const id of absences.keys()) if (!gone.has(id)) absences.delete(id);
    for (const peer of rows) {
      const times = (absences.get(peer.id) ?? 0) + 1;
      absences.set(peer.id, times);
      if (times < looksUntilGone && !(await hasEndedHere(peer))) continue;
      const isHeard = await onGone(peer).then(
        () => true,
        (error: unknown) => {
          log.warn({ err: error, peer: peer.id }, 'it was not told that a process is gone');
          return false;
        },
      );
      if (isHeard) await client?.query('DELETE FROM "Process" WHERE "id" = $1', [peer.id]);
    }
  };

  const leave = async (): Promise<void> => {
    const entered = client;
    client = null;
    await entered?.end().catch(() => undefined); // it is given up, dead or alive
  };

  const beat = (): void => {
    running ??= look()
      .catch(async (error: unknown) => {
        absences.clear(); // whoever lost the database as well needs time to come back
        log.warn({ err: error }, 'it could not be seen which processes are there');
        await leave();
      })
      .finally(() => {
        running = null;
      });
  };
  const timer = setInterval(beat, lookEveryMs);
  timer.unref();
  beat();

  return {
    async close() {
      if (isClosed) return;
      isClosed = true;
      clearInterval(timer);
      await running;
      await client
        ?.query('DELETE FROM "Process" WHERE "id" = $1', [own])
        .catch((error: unknown) => log.warn({ err: error }, 'this process could not say goodbye'));
      await leave();
    },
  };
}

async function hasEndedHere({ host, pid }: Peer): Promise<boolean> {
  return host === ownHost && (await startOf(pid)) === undefined;
}
