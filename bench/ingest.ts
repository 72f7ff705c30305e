import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { BenchOptions } from './bench.ts';
import { type Child, startChild } from './child.ts';
import { cpuOf, cpuOfMachine, cpuOfPostgres, difference } from './cpu.ts';
import { sumOf } from './figures.ts';
import type { BareTask, handlers as bareHandlers } from './ingest-bare.ts';
import type { ClientTask, handlers as clientHandlers } from './ingest-client.ts';
import type { Round, Shape } from './ingest-loop.ts';
import {
  figuresOf,
  type ShapeResult,
  type SideRound,
  tables,
  whatDominates,
} from './ingest-report.ts';
import { rowsOf } from './ingest-rows.ts';
import { measureSteps } from './ingest-steps.ts';
import { type BenchServer, startServer } from './server.ts';
import { rounded } from './table.ts';

const shapes: Shape[] = [
  { name: '16 sockets × 1', width: 16, size: 1 },
  { name: '8 sockets × 50', width: 8, size: 50 },
];
/** V8 goes on compiling the server's hot code for some 10,000 calls; a server that runs for days has done so. */
const warmUpRounds = { ours: 5, bare: 1 };
const statisticsMs = 1_100; // PGSTAT_MIN_INTERVAL and a little
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

type Side = { name: 'ours' | 'bare'; run(): Promise<SideRound>; close(): Promise<void> };

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
  const rows = { ours: 0, bare: 0 };
  const timed: { ours: SideRound[]; bare: SideRound[] } = { ours: [], bare: [] };
  const sides: Side[] = [];
  try {
    sides.push(await openOurs(setting), await openBare(setting));
    const run = async (side: Side, what: string) => {
      // Both sides begin alike: nothing left to vacuum, nothing left to write down.
      await sql.query('VACUUM (ANALYZE) "Interaction", "InteractionChunk", "BenchBare"');
      await sql.query('CHECKPOINT');
      const made = await side.run();
      print(`${shape.name}, ${what}, ${side.name}: ${rounded(made.rows / made.seconds)} rows/s`);
      rows[side.name] += made.storedRows;
      return made;
    };
    for (const side of sides)
      for (let round = 1; round <= warmUpRounds[side.name]; round += 1) await run(side, 'warm-up');
    for (let round = 1; round <= rounds; round += 1)
      for (const side of sides) timed[side.name].push(await run(side, `round ${round}`));
  } finally {
    for (const side of sides) await side.close();
  }
  return { shape, ...timed, rows, steps: await measureSteps(shape, Math.max(0.4, seconds)) };
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
      await delay(statisticsMs);
      const last = await Promise.all(children.map((child) => child.ask('run', { seconds: 0 })));
      const begunAt = Math.min(...made.map((round) => round.begunAt));
      const endedAt = Math.max(...made.map((round) => round.endedAt));
      const count = (rounds: Round[], what: 'calls' | 'rows') =>
        sumOf(rounds.map((round) => round[what]));
      const commitCount = (await commitsOf(sql)) - commits;
      return {
        seconds: (endedAt - begunAt) / 1000,
        rows: count(made, 'rows'),
        storedRows: count([...made, ...last], 'rows'),
        latenciesMs: made.flatMap((round) => round.latenciesMs),
        cpu: {
          clients: sumOf(made.map((round) => round.cpuMicros)),
          server: difference(after.server, before.server),
          postgres: difference(after.postgres, before.postgres),
          machine: difference(after.machine, before.machine),
        },
        statementsPerCall: commitCount / count([...made, ...last], 'calls'),
      };
    },
  };
}

/**
 * Transactions so far. Every statement of ingest is a transaction of its own, so these count the
 * statements; the few of the server's timers and of this bench are among them. A backend reports at
 * the end of a statement, at most once a second: hence the late call at the end of a round.
 */
async function commitsOf(sql: pg.Client): Promise<number> {
  const { rows } = await sql.query<{ commits: string }>(
    'SELECT xact_commit AS commits FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(rows[0]?.commits);
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
    `SELECT (SELECT count(*)::int FROM "BenchBare") AS bare, count(i."id")::int AS ours, 
       count(*) FILTER (WHERE length(coalesce(i."sealed", c."sealed")) > 100)::int AS sealed
     FROM "Interaction" i LEFT JOIN "InteractionChunk" c ON c."id" = i."chunkId"`,
  );
  const sent = (side: Side['name']) => sumOf(results.map((result) => result.rows[side]));
  const expected = { bare: sent('bare'), ours: sent('ours'), sealed: sent('ours') };
  for (const name of ['ours', 'sealed', 'bare'] as const)
    if (rows[0]?.[name] !== expected[name] || expected[name] === 0)
      throw new Error(
        `Expected ${expected[name]} rows (${name}) in the database, got ${rows[0]?.[name]}.`,
      );
}

function bodyBytes(): number {
  const rows = rowsOf(1_000)(400);
  return Math.round(sumOf(rows.map((row) => JSON.stringify(row).length)) / rows.length);
}
