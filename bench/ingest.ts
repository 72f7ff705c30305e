import { availableParallelism, cpus } from 'node:os';
import pg from 'pg';
import type { BenchOptions } from './bench.ts';
import { type Child, startChild } from './child.ts';
import { type CpuMicros, cpuOf, cpuOfFamily, cpuOfMachine, parentOf } from './cpu.ts';
import { medianOf, precise, quantileOf, sumOf } from './figures.ts';
import type { BareTask, handlers as bareHandlers } from './ingest-bare.ts';
import type { ClientTask, handlers as clientHandlers } from './ingest-client.ts';
import type { Round, Shape } from './ingest-loop.ts';
import { rowsOf } from './ingest-rows.ts';
import { measureSteps, type StepMicros, steps } from './ingest-steps.ts';
import { type BenchServer, startServer } from './server.ts';
import { type Cell, rounded, tableOf } from './table.ts';

export const summary =
  'interactions over graphql-ws, all on, against bare `pg` inserts of the same rows';
export const defaults = { seconds: 4, rounds: 3 };

const shapes: Shape[] = [
  { name: '16 sockets × 1', width: 16, size: 1 },
  { name: '8 sockets × 50', width: 8, size: 50 },
];
const processes = 2; // on both sides, so that neither waits for its clients alone

/**
 * The least that storing these rows takes: the columns of "Interaction", the body as `jsonb` in place
 * of MAC and sealed chunk, the same two indexes, no foreign keys.
 */
const bareTable = `
CREATE TABLE "BenchBare" (
  "id" uuid NOT NULL, "projectId" uuid NOT NULL, "sessionId" uuid NOT NULL, "sequence" integer NOT NULL,
  "type" "InteractionType" NOT NULL, "occurredAt" timestamptz(3) NOT NULL, "sessionTimeMs" integer NOT NULL,
  "url" text NOT NULL, "site" text NOT NULL, "pageTitle" text, "targetRole" text, "targetName" text,
  "modifiers" smallint NOT NULL DEFAULT 0, "offsetX" real, "offsetY" real, "isVisible" boolean,
  "confidence" real NOT NULL, "detail" jsonb NOT NULL, "receivedAt" timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY ("projectId", "sessionId", "sequence")
);
CREATE UNIQUE INDEX ON "BenchBare" ("projectId", "id")`;

/** CPU time by who spent it, in microseconds. */
type Cpu = { clients: CpuMicros; server: CpuMicros; postgres: CpuMicros; machine: CpuMicros };

/** All client processes of one side in one round. */
type SideRound = {
  seconds: number;
  calls: number;
  rows: number;
  latenciesMs: number[];
  cpu: Cpu;
  commits: number;
};

type Side = { name: 'ours' | 'bare'; run(): Promise<SideRound>; close(): Promise<void> };

type ShapeResult = { shape: Shape; ours: SideRound[]; bare: SideRound[]; steps: StepMicros };

/** Runs both shapes on both sides, in turns. @throws when a row that was acknowledged is not stored */
export async function run(options: BenchOptions): Promise<object> {
  const { print, seconds, rounds } = options;
  const server = await startServer(options);
  const sql = new pg.Client({ connectionString: server.databaseUrl });
  try {
    await sql.connect();
    await sql.query(bareTable);
    const durability = await durabilityOf(sql);
    print(
      `${rounds} × ${seconds} s of each side in turns, ${processes} client processes, ${availableParallelism()} CPUs, ` +
        `Node ${process.versions.node}, Postgres with ${durability}; a body has ${bodyBytes()} bytes of JSON.\n`,
    );
    const results: ShapeResult[] = [];
    for (const [index, shape] of shapes.entries())
      results.push(
        await measureShape({ ...options, server, sql, shape, seed: 1_000 * (index + 1) }),
      );
    await expectStored(sql, results);
    for (const table of tables(results)) print(table);
    print(`${whatDominates(results)}\n`);
    return figuresOf(results, durability);
  } finally {
    await sql.end();
    await server.stop();
  }
}

type Setting = BenchOptions & { server: BenchServer; sql: pg.Client; shape: Shape; seed: number };

async function measureShape(setting: Setting): Promise<ShapeResult> {
  const { shape, rounds, seconds, sql, print } = setting;
  const ours = await openOurs(setting);
  const bare = await openBare(setting);
  const result: ShapeResult = { shape, ours: [], bare: [], steps: {} as StepMicros };
  try {
    for (let round = 0; round <= rounds; round += 1)
      for (const side of [ours, bare]) {
        // Both sides begin alike: nothing left to vacuum, nothing left to write down.
        await sql.query('VACUUM (ANALYZE) "Interaction", "InteractionChunk", "BenchBare"');
        await sql.query('CHECKPOINT');
        const made = await side.run();
        const what = round === 0 ? 'warm-up' : `round ${round}`;
        print(`${shape.name}, ${what}, ${side.name}: ${rounded(made.rows / made.seconds)} rows/s`);
        result[side.name].push(made);
      }
  } finally {
    await ours.close();
    await bare.close();
  }
  result.steps = await measureSteps(shape, Math.max(0.4, seconds));
  return result;
}

async function openOurs(setting: Setting): Promise<Side> {
  const { server, shape, seed } = setting;
  const children = Array.from({ length: processes }, () =>
    startChild<typeof clientHandlers>(new URL('./ingest-client.ts', import.meta.url)),
  );
  const task = (index: number): ClientTask => ({
    url: server.url,
    key: server.key,
    sockets: shape.width / processes,
    size: shape.size,
    seed: seed + 100 * index,
  });
  return openSide('ours', children, task, setting);
}

async function openBare(setting: Setting): Promise<Side> {
  const { server, shape, seed } = setting;
  const children = Array.from({ length: processes }, () =>
    startChild<typeof bareHandlers>(new URL('./ingest-bare.ts', import.meta.url)),
  );
  const task = (index: number): BareTask => ({
    databaseUrl: server.databaseUrl,
    connections: shape.width / processes,
    size: shape.size,
    seed: seed + 100 * index,
  });
  return openSide('bare', children, task, setting);
}

type SideHandlers<T> = {
  open: (task: T) => Promise<void>;
  run: (question: { seconds: number }) => Promise<Round>;
};

async function openSide<T>(
  name: Side['name'],
  children: Child<SideHandlers<T>>[],
  task: (index: number) => T,
  { server, sql, seconds }: Setting,
): Promise<Side> {
  const close = async () => void (await Promise.all(children.map((child) => child.stop())));
  const spent = async () => ({
    server: await cpuOf(server.pid),
    postgres: await cpuOfPostgres(sql),
    machine: await cpuOfMachine(),
  });
  try {
    await Promise.all(children.map((child, index) => child.ask('open', task(index))));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name,
    close,
    async run() {
      const commits = await commitsOf(sql);
      const before = await spent();
      const made = await Promise.all(children.map((child) => child.ask('run', { seconds })));
      const after = await spent();
      const begunAt = Math.min(...made.map((round) => round.begunAt));
      const endedAt = Math.max(...made.map((round) => round.endedAt));
      return {
        seconds: (endedAt - begunAt) / 1000,
        calls: sumOf(made.map((round) => round.calls)),
        rows: sumOf(made.map((round) => round.rows)),
        latenciesMs: made.flatMap((round) => round.latenciesMs),
        cpu: {
          clients: sumOf(made.map((round) => round.cpuMicros)),
          server: difference(after.server, before.server),
          postgres: difference(after.postgres, before.postgres),
          machine: difference(after.machine, before.machine),
        },
        commits: (await commitsOf(sql)) - commits,
      };
    },
  };
}

/**
 * Transactions so far. Every statement of ingest is a transaction of its own, so these count the
 * statements; the few of the server's timers are among them. Backends report at most once a second
 * (PGSTAT_MIN_INTERVAL) and when they are idle, hence the wait.
 */
async function commitsOf(sql: pg.Client): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await sql.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await sql.query<{ commits: string }>(
    'SELECT xact_commit AS commits FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(rows[0]?.commits);
}

/** Of the whole server: backends, writers, the process that starts them. `null` when it is not on this machine. */
async function cpuOfPostgres(sql: pg.Client): Promise<CpuMicros> {
  const { rows } = await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid;
  const postmaster = pid === undefined ? null : await parentOf(pid);
  return postmaster === null || postmaster <= 1 ? null : cpuOfFamily(postmaster);
}

async function durabilityOf(sql: pg.Client): Promise<string> {
  const { rows } = await sql.query<{ settings: string }>(
    `SELECT string_agg(name || '=' || setting, ', ' ORDER BY name) AS settings FROM pg_settings
     WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')`,
  );
  return rows[0]?.settings ?? '';
}

/** @throws unless exactly the acknowledged rows are there, ours sealed and with their details */
async function expectStored(sql: pg.Client, results: ShapeResult[]): Promise<void> {
  const { rows } = await sql.query<{ ours: number; bare: number; sealed: number }>(
    `SELECT (SELECT count(*)::int FROM "BenchBare") AS bare, count(i."id")::int AS ours, count(c."id")::int AS sealed
     FROM "Interaction" i LEFT JOIN "InteractionChunk" c ON c."id" = i."chunkId" AND length(c."sealed") > 100`,
  );
  const sent = (side: Side['name']) =>
    sumOf(results.flatMap((result) => result[side].map((round) => round.rows)));
  const expected = { bare: sent('bare'), ours: sent('ours'), sealed: sent('ours') };
  for (const name of ['ours', 'sealed', 'bare'] as const)
    if (rows[0]?.[name] !== expected[name] || expected[name] === 0)
      throw new Error(
        `Expected ${expected[name]} rows (${name}) in the database, got ${rows[0]?.[name]}.`,
      );
}

// ── What is said of it ────────────────────────────────────────────────────────────────────────────

type SideFigures = {
  perSecond: number;
  lowest: number;
  highest: number;
  ackMs: { p50: number; p99: number };
  statementsPerCall: number;
  /** Per row; `null` where the system does not tell. */
  usPerRow: { clients: number | null; server: number | null; postgres: number | null };
};

/** The first round warms up and does not count. */
function figuresOfSide([, ...rounds]: SideRound[]): SideFigures {
  const rates = rounds.map(({ rows, seconds }) => rows / seconds);
  const latencies = rounds.flatMap(({ latenciesMs }) => latenciesMs);
  const rows = sumOf(rounds.map((round) => round.rows));
  const perRow = (who: keyof Cpu) => {
    const spent = rounds.map(({ cpu }) => cpu[who]);
    return spent.some((micros) => micros === null) ? null : sumOf(spent.map(Number)) / rows;
  };
  return {
    perSecond: medianOf(rates),
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
    ackMs: { p50: quantileOf(latencies, 0.5), p99: quantileOf(latencies, 0.99) },
    statementsPerCall:
      sumOf(rounds.map(({ commits }) => commits)) / sumOf(rounds.map(({ calls }) => calls)),
    usPerRow: {
      clients: perRow('clients'),
      server: perRow('server'),
      postgres: perRow('postgres'),
    },
  };
}

function tables(results: ShapeResult[]): string[] {
  const rates = results.flatMap(({ shape, ours, bare }) => {
    const [mine, theirs] = [figuresOfSide(ours), figuresOfSide(bare)];
    const line = (name: string, side: SideFigures, ratio: Cell): Cell[] => [
      name,
      rounded(side.perSecond),
      `${rounded(side.lowest)}–${rounded(side.highest)}`,
      ratio,
      side.ackMs.p50,
      side.ackMs.p99,
      side.statementsPerCall,
    ];
    return [
      line(shape.name, mine, mine.perSecond / theirs.perSecond),
      line('  bare pg', theirs, '1'),
    ];
  });
  const head = [
    '',
    'rows/s',
    'lowest–highest',
    'ratio',
    'ack p50 ms',
    'ack p99 ms',
    'statements/call',
  ];

  const sides = results.map((result) => ({
    ours: figuresOfSide(result.ours).usPerRow,
    bare: figuresOfSide(result.bare).usPerRow,
    steps: result.steps,
  }));
  const row = (name: string, cell: (side: (typeof sides)[number]) => [Cell, Cell]): Cell[] => [
    name,
    ...sides.flatMap(cell),
  ];
  const time = [
    row('clients', ({ ours, bare }) => [ours.clients, bare.clients]),
    row('server', ({ ours }) => [ours.server, '']),
    ...Object.entries(steps).map(([step, title]) =>
      row(`  ${title}`, (side) => [side.steps[step as keyof StepMicros], '']),
    ),
    row('  the rest: sockets, driver, memory', ({ ours, steps }) => [
      restOf(ours.server, steps),
      '',
    ]),
    row('Postgres', ({ ours, bare }) => [ours.postgres, bare.postgres]),
    row('all', ({ ours, bare }) => [allOf(ours), allOf(bare)]),
  ];
  const timeHead = ['', ...results.flatMap(({ shape }) => [shape.name, 'bare'])];
  return [
    tableOf('Interactions stored and acknowledged', head, rates),
    tableOf('Where the time goes: µs of CPU per row', timeHead, time),
  ];
}

function restOf(server: number | null, micros: StepMicros): number | null {
  return server === null ? null : Math.max(0, server - sumOf(Object.values(micros)));
}

function allOf({ clients, server, postgres }: SideFigures['usPerRow']): number | null {
  return clients === null || postgres === null ? null : clients + (server ?? 0) + postgres;
}

function whatDominates(results: ShapeResult[]): string {
  const sentences = results.map(({ shape, ours, steps: micros }) => {
    const { clients, server, postgres } = figuresOfSide(ours).usPerRow;
    const named = Object.entries(steps).map(([step, title]) => ({
      title,
      micros: micros[step as keyof StepMicros],
    }));
    const rest = { title: 'sockets, driver and memory', micros: restOf(server, micros) ?? 0 };
    const [first, second] = [...named, rest].toSorted((a, b) => b.micros - a.micros);
    const all = (clients ?? 0) + (server ?? 0) + (postgres ?? 0);
    const share = (part: number | null) => `${Math.round((100 * (part ?? 0)) / all)} %`;
    const say = (step = rest) => `${step.title} (${rounded(step.micros)} µs)`;
    return `${shape.name}: the server takes ${share(server)} of the CPU time, Postgres ${share(postgres)}, the clients ${share(clients)}; inside the server most goes to ${say(first)} and ${say(second)}.`;
  });
  const idle = results.map((result) => othersOf(result));
  if (idle.some((share) => share !== null && share > 0.1))
    sentences.push(
      `Other programs took up to ${Math.round(100 * Math.max(...idle.map(Number)))} % of the machine meanwhile: ratios hold roughly, rates do not.`,
    );
  return sentences.join('\n');
}

/** Share of the machine that other programs used during the timed rounds, 0 to 1. */
function othersOf({ ours, bare }: ShapeResult): number | null {
  const rounds = [...ours.slice(1), ...bare.slice(1)];
  const spent = rounds.map(({ cpu }) =>
    cpu.machine === null
      ? null
      : cpu.machine - (cpu.clients ?? 0) - (cpu.server ?? 0) - (cpu.postgres ?? 0),
  );
  if (spent.some((micros) => micros === null)) return null;
  const whole = sumOf(rounds.map(({ seconds }) => seconds * 1e6 * cpus().length));
  return Math.max(0, sumOf(spent.map(Number)) / whole);
}

function figuresOf(results: ShapeResult[], durability: string): object {
  const others = results.map(othersOf).filter((share) => share !== null);
  return {
    bench: 'ingest',
    shapes: results.map(({ shape, ours, bare, steps: micros }) => {
      const [mine, theirs] = [figuresOfSide(ours), figuresOfSide(bare)];
      return {
        name: shape.name,
        oursPerSecond: Math.round(mine.perSecond),
        barePerSecond: Math.round(theirs.perSecond),
        ratio: precise(mine.perSecond / theirs.perSecond, 3),
        ackMs: preciseAll(mine.ackMs),
        bareAckMs: preciseAll(theirs.ackMs),
        statementsPerCall: precise(mine.statementsPerCall, 3),
        usPerRow: {
          ...preciseAll(mine.usPerRow),
          ...preciseAll(micros),
          rest: preciseOrNull(restOf(mine.usPerRow.server, micros)),
        },
        bareUsPerRow: preciseAll({
          clients: theirs.usPerRow.clients,
          postgres: theirs.usPerRow.postgres,
        }),
        rows: {
          ours: sumOf(ours.map(({ rows }) => rows)),
          bare: sumOf(bare.map(({ rows }) => rows)),
        },
      };
    }),
    machine: {
      cpus: availableParallelism(),
      node: process.versions.node,
      postgres: durability,
      othersShare: others.length === 0 ? null : precise(Math.max(...others), 2),
    },
  };
}

function preciseAll<K extends string>(values: Record<K, number | null>): Record<K, number | null> {
  return Object.fromEntries(
    Object.entries<number | null>(values).map(([name, value]) => [name, preciseOrNull(value)]),
  ) as Record<K, number | null>;
}

function preciseOrNull(value: number | null): number | null {
  return value === null ? null : precise(value, 3);
}

function bodyBytes(): number {
  const rows = rowsOf(1_000)(400);
  return Math.round(sumOf(rows.map((row) => JSON.stringify(row).length)) / rows.length);
}

function difference(after: CpuMicros, before: CpuMicros): CpuMicros {
  return after === null || before === null ? null : after - before;
}
