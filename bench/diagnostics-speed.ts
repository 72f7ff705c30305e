import type pg from 'pg';
import type { BenchOptions } from './bench.ts';
import { type Child, startChild } from './child.ts';
import { type CpuMicros, cpuOf, cpuOfPostgres, difference } from './cpu.ts';
import type { BareTask, handlers as bareHandlers } from './diagnostics-bare.ts';
import type { handlers as clientHandlers, ReportTask } from './diagnostics-client.ts';
import { expectCounted, untilCounted } from './diagnostics-counts.ts';
import { medianOf, precise, quantileOf, sumOf } from './figures.ts';
import type { Round } from './ingest-loop.ts';
import type { BenchServer } from './server.ts';
import { rounded, tableOf } from './table.ts';

export const lanes = 16;
export const size = 20; // reports a call: what a busy server's reporter sends at once

/** V8 goes on compiling the server's hot code for thousands of calls; a server that runs for days has done so. */
const warmUpRounds = { ours: 6, bare: 2 };

type Side = {
  name: 'ours' | 'bare';
  child: Pick<Child<typeof clientHandlers>, 'ask' | 'stop'>;
};

type Timed = Round & { cpu: { server: CpuMicros; postgres: CpuMicros } };

type Measuring = Pick<BenchOptions, 'seconds' | 'rounds' | 'print'>;

/** How many reports a second, beside bare inserts of them, and how long the door takes at all and at half of that. */
export async function measureSpeed(
  server: BenchServer,
  sql: pg.Client,
  { seconds, rounds, print }: Measuring,
) {
  const ours = startChild<typeof clientHandlers>(
    new URL('./diagnostics-client.ts', import.meta.url),
  );
  const bare = startChild<typeof bareHandlers>(new URL('./diagnostics-bare.ts', import.meta.url));
  const sides: Side[] = [
    { name: 'ours', child: ours },
    { name: 'bare', child: bare as Side['child'] },
  ];
  const timed: Record<Side['name'], Timed[]> = { ours: [], bare: [] };
  let accepted = 0;
  const run = async ({ name, child }: Side, what: string, perSecond: number | null = null) => {
    await sql.query(
      'VACUUM (ANALYZE) "ErrorEvent", "ErrorIssue", "Fingerprint", "BenchBareReport"',
    );
    await sql.query('CHECKPOINT');
    const before = { server: await cpuOf(server.pid), postgres: await cpuOfPostgres(sql) };
    const made: Round =
      perSecond === null
        ? await child.ask('run', { seconds })
        : await child.ask('pace', { seconds, perSecond });
    if (name === 'ours') made.endedAt = await untilCounted(sql);
    const after = { server: await cpuOf(server.pid), postgres: await cpuOfPostgres(sql) };
    if (name === 'ours') accepted += made.rows;
    print(`${what}, ${name}: ${rounded(rateOf(made))} reports/s`);
    return {
      ...made,
      cpu: {
        server: difference(after.server, before.server),
        postgres: difference(after.postgres, before.postgres),
      },
    };
  };
  try {
    await ours.ask('open', taskOf(server, { size, seed: 0, isStorm: false }));
    const task: BareTask = { databaseUrl: server.databaseUrl, connections: lanes, size, seed: 1e9 };
    await bare.ask('open', task);
    for (const side of sides)
      for (let round = 1; round <= warmUpRounds[side.name]; round += 1) await run(side, 'warm-up');
    for (let round = 1; round <= rounds; round += 1)
      for (const side of sides) timed[side.name].push(await run(side, `round ${round}`));
    const half = medianOf(timed.ours.map(rateOf)) / 2;
    const paced: Timed[] = [];
    const [side] = sides;
    for (let round = 1; round <= rounds && side; round += 1)
      paced.push(await run(side, `half load ${round}`, half));
    await expectCounted(sql, accepted);
    return { accepted, ...reportOf(timed, paced, print) };
  } finally {
    await ours.stop();
    await bare.stop();
  }
}

function reportOf(
  { ours, bare }: Record<Side['name'], Timed[]>,
  paced: Timed[],
  print: BenchOptions['print'],
) {
  const rates = { ours: medianOf(ours.map(rateOf)), bare: medianOf(bare.map(rateOf)) };
  // Of each round with the one after it: a machine is not always as quick.
  const ratio = medianOf(
    ours.flatMap((round, index) => {
      const other = bare[index];
      return other ? [rateOf(round) / rateOf(other)] : [];
    }),
  );
  const door = quantilesOf(ours);
  const halfLoad = { reportsPerSecond: medianOf(paced.map(rateOf)), ...quantilesOf(paced) };
  const cpu = { ours: cpuPerReport(ours), bare: cpuPerReport(bare) };
  print('');
  print(
    tableOf(
      'Reports, end to end: stored, grouped, counted',
      ['', 'reports/s', 'ratio', 'door p50 ms', 'p95', 'p99'],
      [
        ['CodeSight', rates.ours, ratio, door.p50, door.p95, door.p99],
        ['bare inserts', rates.bare, 1, null, null, null],
        [
          'CodeSight, half load, sent by the clock',
          halfLoad.reportsPerSecond,
          null,
          halfLoad.p50,
          halfLoad.p95,
          halfLoad.p99,
        ],
      ],
    ),
  );
  print(
    tableOf(
      'Where the time goes: µs of CPU per report',
      ['', 'CodeSight', 'bare'],
      [
        ['clients', cpu.ours.clients, cpu.bare.clients],
        ['server', cpu.ours.server, ''],
        ['Postgres', cpu.ours.postgres, cpu.bare.postgres],
      ],
    ),
  );
  return {
    reportsPerSecond: precise(rates.ours),
    barePerSecond: precise(rates.bare),
    ratio: precise(ratio),
    doorMs: preciseAll(door),
    halfLoad: preciseAll(halfLoad),
    usPerReport: { ours: preciseAll(cpu.ours), bare: preciseAll(cpu.bare) },
  };
}

export function taskOf(
  { url, key }: BenchServer,
  { size: each, seed, isStorm }: Pick<ReportTask, 'size' | 'seed' | 'isStorm'>,
): ReportTask {
  return { url, key, lanes, size: each, seed, isStorm };
}

function rateOf({ rows, begunAt, endedAt }: Round): number {
  return (rows * 1_000) / (endedAt - begunAt);
}

function quantilesOf(rounds: Round[]) {
  const all = rounds.flatMap(({ latenciesMs }) => latenciesMs);
  return { p50: quantileOf(all, 0.5), p95: quantileOf(all, 0.95), p99: quantileOf(all, 0.99) };
}

/** `null` where the system does not tell. */
function cpuPerReport(rounds: Timed[]) {
  const reports = sumOf(rounds.map(({ rows }) => rows));
  const each = (micros: CpuMicros[]) =>
    micros.includes(null) ? null : sumOf(micros.map(Number)) / reports;
  return {
    clients: each(rounds.map(({ cpuMicros }) => cpuMicros)),
    server: each(rounds.map(({ cpu }) => cpu.server)),
    postgres: each(rounds.map(({ cpu }) => cpu.postgres)),
  };
}

function preciseAll<K extends string>(values: Record<K, number | null>): Record<K, number | null> {
  return Object.fromEntries(
    Object.entries<number | null>(values).map(([name, value]) => [
      name,
      value === null ? null : precise(value),
    ]),
  ) as Record<K, number | null>;
}
