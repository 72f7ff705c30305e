import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../../platform/app.ts';
import { isDatabaseAway } from '../self/known.ts';

const retryMs = 1_000;

/**
 * Does what needs the database, as often as it takes while the database is away: who follows a stream
 * hears nothing then, and goes on when it is back.
 *
 * @throws what is no outage; the last error when the follower leaves
 */
export async function whenDatabaseIsThere<T>(
  { database, log }: Pick<App, 'database' | 'log'>,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (;;)
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isDatabaseAway(error, { database: database.address })) throw error;
      log.debug('a follower of the debug stream waits for the database');
      await delay(retryMs, undefined, { signal }).catch(() => undefined); // then it is thrown
    }
}
