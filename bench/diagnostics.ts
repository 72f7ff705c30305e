import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import pg from 'pg';
import type { BenchOptions } from './bench.ts';
import { type Child, startChild } from './child.ts';
import { type BareTask, type handlers as bareHandlers, bareTable } from './diagnostics-bare.ts';
import type { handlers as clientHandlers, ReportTask } from './diagnostics-client.ts';
import { reportsOf } from './diagnostics-reports.ts';
import { medianOf, precise, quantileOf, sumOf } from './figures.ts';
import type { Round } from './ingest-loop.ts';
import { type BenchServer, startServer } from './server.ts';
import { rounded, tableOf } from './table.ts';

const lanes = 8;
const size = 20; // reports a call: what a busy server's reporter sends at once
const warmUpRounds = 2;
const defaultStorm = 100_000; // reports
const stormSize = 100;
const memoryEveryMs = 200;

/**
 * Reports from a client process against bare inserts of the same reports, in turns; what is
 * acknowledged is stored, grouped and counted, so that nothing is left to drain. Then a storm of equal
 * errors: one issue, exact counts, bounded memory.
 *
 * @throws when a count is not exact
 */
export async function run({
  print,
  seconds,
  rounds,
  rows = defaultStorm,
  ...options
}: BenchOptions): Promise<object> {
  const server = await startServer({ ...options, env: unlimited });
  const sql = new pg.Client({ connectionString: server.databaseUrl });
  try {
    await sql.connect();
    await sql.query(bareTable);
    const bytes = JSON.stringify(reportsOf(1)(1)[0]).length;
    print(
      `${rounds} × ${seconds} s of each side in turns, ${lanes} connections × ${size} reports of ${bytes} bytes, ${availableParallelism()} CPUs.\n`,
    );
    const speed = await measureSpeed(server, sql, { seconds, rounds, print });
    const storm = await measureStorm(server, sql, { before: speed.accepted, reports: rows, print });
    return { bench: 'diagnostics', ...speed, storm };
  } finally {
    await sql.end();
    await server.stop();
  }
}

/** Limits that protect the server from one sender: all is sent by one. */
const unlimited = {
  REPORTS_PER_SECOND_KEY: '1000000',
  REPORTS_BURST_KEY: '10000000',
  REPORTS_PER_SECOND_PROJECT: '1000000',
  REPORTS_BURST_PROJECT: '10000000',
};

async function measureSpeed(
  server: BenchServer,
  sql: pg.Client,
  { seconds, rounds, print }: Pick<BenchOptions, 'seconds' | 'rounds' | 'print'>,
) {
  const ours = startChild<typeof clientHandlers>(
    new URL('./diagnostics-client.ts', import.meta.url),
  );
  const bare = startChild<typeof bareHandlers>(new URL('./diagnostics-bare.ts', import.meta.url));
  const timed: Record<'ours' | 'bare', Round[]> = { ours: [], bare: [] };
  let accepted = 0;
  try {
    await ours.ask('open', taskOf(server, { size, seed: 0, isStorm: false }));
    const task: BareTask = { databaseUrl: server.databaseUrl, connections: lanes, size, seed: 1e9 };
    await bare.ask('open', task);
    for (let round = 1 - warmUpRounds; round <= rounds; round += 1)
      for (const [name, side] of [
        ['ours', ours],
        ['bare', bare],
      ] as const) {
        await sql.query('VACUUM (ANALYZE) "ErrorEvent", "ErrorIssue", "BenchBareReport"');
        await sql.query('CHECKPOINT');
        const made: Round = await (side as Child<typeof clientHandlers>).ask('run', { seconds });
        if (name === 'ours') accepted += made.rows;
        print(
          `${round < 1 ? 'warm-up' : `round ${round}`}, ${name}: ${rounded(rateOf(made))} reports/s`,
        );
        if (round >= 1) timed[name].push(made);
      }
  } finally {
    await ours.stop();
    await bare.stop();
  }
  await expectCount(sql, 'SELECT sum("count")::int AS n FROM "ErrorIssue"', accepted);
  const rates = {
    ours: medianOf(timed.ours.map(rateOf)),
    bare: medianOf(timed.bare.map(rateOf)),
  };
  const ratio = rates.ours / rates.bare;
  const door = timed.ours.flatMap(({ latenciesMs }) => latenciesMs);
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantileOf(door, share)) as [
    number,
    number,
    number,
  ];
  print('');
  print(
    tableOf(
      'Reports, end to end: stored, grouped, counted',
      ['', 'reports/s', 'ratio', 'door p50 ms', 'p95', 'p99'],
      [
        ['CodeSight', rates.ours, ratio, p50, p95, p99],
        ['bare inserts', rates.bare, 1, null, null, null],
      ],
    ),
  );
  return {
    accepted,
    reportsPerSecond: precise(rates.ours),
    barePerSecond: precise(rates.bare),
    ratio: precise(ratio),
    doorMs: { p50: precise(p50), p95: precise(p95), p99: precise(p99) },
  };
}

async function measureStorm(
  server: BenchServer,
  sql: pg.Client,
  { before, reports, print }: { before: number; reports: number; print: BenchOptions['print'] },
) {
  const child = startChild<typeof clientHandlers>(
    new URL('./diagnostics-client.ts', import.meta.url),
  );
  const memory = watchMemory(server.pid);
  try {
    const issues = await numberOf(sql, 'SELECT count(*)::int AS n FROM "ErrorIssue"');
    await child.ask('open', taskOf(server, { size: stormSize, seed: 5e8, isStorm: true }));
    const begun = performance.now();
    const { latenciesMs } = await child.ask('count', { calls: Math.ceil(reports / stormSize) });
    const took = (performance.now() - begun) / 1000;
    const sent = latenciesMs.length * stormSize;
    const { firstBytes, peakBytes } = await memory.stop();
    await expectCount(sql, 'SELECT sum("count")::int AS n FROM "ErrorIssue"', before + sent);
    const added = (await numberOf(sql, 'SELECT count(*)::int AS n FROM "ErrorIssue"')) - issues;
    if (added !== 1) throw new Error(`Expected a storm to be one issue, got ${added}.`);
    const grown = (peakBytes - firstBytes) / 1_048_576;
    print(
      tableOf(
        `A storm of ${sent.toLocaleString('en-US')} equal errors`,
        ['', ''],
        [
          ['new issues', String(added)],
          ['counted', 'exactly'],
          ['reports/s', rounded(sent / took)],
          ['door p95, ms', rounded(quantileOf(latenciesMs, 0.95))],
          ['server’s memory at its beginning, MiB', rounded(firstBytes / 1_048_576)],
          ['and at its peak, MiB', rounded(peakBytes / 1_048_576)],
        ],
      ),
    );
    return {
      reports: sent,
      newIssues: added,
      reportsPerSecond: precise(sent / took),
      doorP95Ms: precise(quantileOf(latenciesMs, 0.95)),
      memoryGrownMiB: precise(grown),
      peakMiB: precise(peakBytes / 1_048_576),
    };
  } finally {
    await memory.stop();
    await child.stop();
  }
}

function taskOf(
  { url, key }: BenchServer,
  { size: each, seed, isStorm }: Pick<ReportTask, 'size' | 'seed' | 'isStorm'>,
): ReportTask {
  return { url, key, lanes, size: each, seed, isStorm };
}

/** Resident memory of a process, looked at five times a second. Linux only; elsewhere 0. */
function watchMemory(pid: number) {
  const seen: number[] = [];
  const look = async () => {
    const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    seen.push(Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1_024);
  };
  const first = look();
  const timer = setInterval(look, memoryEveryMs);
  return {
    async stop() {
      clearInterval(timer);
      await first;
      await look();
      return { firstBytes: seen[0] ?? 0, peakBytes: Math.max(...seen) };
    },
  };
}

function rateOf({ rows, begunAt, endedAt }: Round): number {
  return (rows * 1_000) / (endedAt - begunAt);
}

async function numberOf(sql: pg.Client, query: string): Promise<number> {
  const { rows } = await sql.query<{ n: number | null }>(query);
  return sumOf(rows.map(({ n }) => n ?? 0));
}

async function expectCount(sql: pg.Client, query: string, expected: number): Promise<void> {
  const counted = await numberOf(sql, query);
  if (counted !== expected)
    throw new Error(`Expected ${expected} reports to be counted, got ${counted}.`);
}
