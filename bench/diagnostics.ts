import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import pg from 'pg';
import type { BenchOptions } from './bench.ts';
import { bareTable } from './diagnostics-bare.ts';
import { openChannel } from './diagnostics-channel.ts';
import { reportsOf } from './diagnostics-reports.ts';
import { lanes, measureSpeed, size } from './diagnostics-speed.ts';
import { measureStorm } from './diagnostics-storm.ts';
import { startServer } from './server.ts';

const defaultStorm = 100_000; // reports

/**
 * Reports from a client process against bare inserts of the same reports, in turns; a round of ours ends
 * when all that was acknowledged is counted, too. Then the door at half of
 * that load, and a storm of equal errors with a rule that tells of it: one issue, one alert, exact
 * counts, bounded memory.
 *
 * @throws when a count is not exact, or the storm is not one issue and one alert
 */
export async function run({
  print,
  seconds,
  rounds,
  storm: stormReports = defaultStorm,
  ...options
}: BenchOptions): Promise<object> {
  const channel = await openChannel();
  const shared = {
    MASTER_KEY: randomBytes(32).toString('base64'),
    ALERT_ALLOWED_HOSTS: channel.host,
  };
  const starting = startServer({ ...options, env: { ...unlimited, ...shared } });
  const server = await starting.catch(async (error: unknown) => {
    await channel.close(); // it would keep the process
    throw error;
  });
  const sql = new pg.Client({ connectionString: server.databaseUrl });
  try {
    await sql.connect();
    await sql.query(bareTable);
    const bytes = JSON.stringify(reportsOf(1)(1)[0]).length;
    print(
      `${rounds} × ${seconds} s of each side in turns, ${lanes} connections × ${size} reports of ${bytes} bytes, ${availableParallelism()} CPUs.\n`,
    );
    const speed = await measureSpeed(server, sql, { seconds, rounds, print });
    const storm = await measureStorm(server, sql, {
      before: speed.accepted,
      reports: stormReports,
      channel,
      env: shared,
      print,
    });
    return { bench: 'diagnostics', ...speed, storm };
  } finally {
    await sql.end();
    await server.stop();
    await channel.close();
  }
}

/** Limits that protect the server from one sender: all is sent by one. */
const unlimited = {
  REPORTS_PER_SECOND_KEY: '1000000',
  REPORTS_BURST_KEY: '10000000',
  REPORTS_PER_SECOND_PROJECT: '1000000',
  REPORTS_BURST_PROJECT: '10000000',
  REPORTS_SPIKE_FLOOR: '10000000',
};
