import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type App, openApp } from '../src/platform/app.ts';
import { loadConfig } from '../src/platform/config.ts';
import { openLog } from '../src/platform/log.ts';
import { openEmbeddedPostgres } from '../src/platform/postgres.ts';
import { makeFrozen } from '../test/frozen.ts';
import type { BenchOptions } from './bench.ts';
import { startChild } from './child.ts';
import { copyOut } from './copy.ts';
import type { Exported, ExportTask, handlers } from './export-child.ts';
import { precise } from './figures.ts';
import { tableOf } from './table.ts';

const defaultRows = 1_000_000;
const stepsPerSession = 250;
const rowsPerInsert = 2_000;
const rssLimitMb = 400; // issue 4

/** As `npm run work` has it. */
const workerFlags = ['--max-semi-space-size=8'];
const formats: ExportTask['format'][] = ['OPENAI_CHAT', 'PARQUET'];

/** The same steps as plain rows, for `COPY`. */
const plainTable = `CREATE UNLOGGED TABLE "BenchRows" ("sessionId" uuid, "sequence" integer, "body" text)`;

/**
 * Exports generated rows and copies the same rows out of Postgres, in turn.
 *
 * @throws when a row is missing, or memory was not flat
 */
export async function run({
  print,
  rows = defaultRows,
  rounds,
  database,
}: BenchOptions): Promise<object> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-bench-'));
  await chmod(dir, 0o711); // for root, whose Postgres runs as another user
  const log = openLog('warn');
  const postgres = database
    ? null
    : await openEmbeddedPostgres({ dir: join(dir, 'postgres'), log });
  const databaseUrl = database ?? postgres?.url ?? '';
  const dataDir = join(dir, 'data');
  const config = loadConfig({ DATABASE_URL: databaseUrl, DATA_DIR: dataDir, LOG_LEVEL: 'warn' });
  const app = await openApp(config, { pipeline: [], others: [] }, log);
  try {
    const sessions = Math.max(1, Math.round(rows / stepsPerSession));
    const total = sessions * stepsPerSession;
    print(
      `${total.toLocaleString('en')} interactions in ${sessions.toLocaleString('en')} sessions are made …`,
    );
    const { projectId, datasetId } = await makeRows(app, sessions);
    const measured: { name: string; result: Exported }[] = [];
    const copies: { seconds: number; bytes: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      copies.push(await copyRows(databaseUrl, total));
      for (const format of formats)
        measured.push({
          name: format,
          result: await exportRows({ databaseUrl, dataDir, projectId, datasetId, format }, total),
        });
    }
    return report(print, total, copies, measured);
  } finally {
    await app.close();
    await postgres?.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function makeRows(app: App, sessions: number) {
  const { id: projectId } = await app.db.project.create({
    data: { id: randomUUID(), name: 'Bench' },
  });
  await app.sql.query(plainTable);
  let waiting: [string, number, string][] = [];
  const inserts: Promise<unknown>[] = [];
  const insert = () => {
    const [ids, sequences, bodies] = [0, 1, 2].map((at) => waiting.map((row) => row[at]));
    waiting = [];
    inserts.push(
      app.sql.query(
        'INSERT INTO "BenchRows" SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[])',
        [ids, sequences, bodies],
      ),
    );
  };
  const datasetId = await makeFrozen(app, projectId, {
    sessions,
    steps: stepsPerSession,
    onStep(sessionId, sequence, json) {
      waiting.push([sessionId, sequence, json]);
      if (waiting.length >= rowsPerInsert) insert();
    },
    settle: async () => {
      if (waiting.length > 0) insert();
      await Promise.all(inserts.splice(0));
    },
  });
  await app.sql.query('VACUUM ANALYZE');
  return { projectId, datasetId };
}

async function copyRows(databaseUrl: string, total: number) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const begun = performance.now();
    const { bytes, rows } = await copyOut(client, 'COPY "BenchRows" TO STDOUT');
    const seconds = (performance.now() - begun) / 1000;
    if (rows !== total) throw new Error(`Expected ${total} rows by COPY, got ${rows}.`);
    return { seconds, bytes };
  } finally {
    await client.end();
  }
}

async function exportRows(task: ExportTask, total: number): Promise<Exported> {
  const child = startChild<typeof handlers>(
    new URL('./export-child.ts', import.meta.url),
    workerFlags,
  );
  try {
    const result = await child.ask('export', task);
    if (result.records !== total)
      throw new Error(`Expected ${total} records as ${task.format}, got ${result.records}.`);
    return result;
  } finally {
    await child.stop();
  }
}

function report(
  print: (text: string) => void,
  total: number,
  copies: { seconds: number; bytes: number }[],
  measured: { name: string; result: Exported }[],
): object {
  const best = (list: { seconds: number }[]) => Math.min(...list.map(({ seconds }) => seconds));
  const copy = best(copies);
  const rows = formats.map((name) => {
    const results = measured.filter((one) => one.name === name).map(({ result }) => result);
    const seconds = best(results);
    const peakRssMb = Math.max(...results.map((result) => result.peakRssMb));
    const idleRssMb = Math.max(...results.map((result) => result.idleRssMb));
    const cpuSeconds = Math.min(...results.map((result) => result.cpuSeconds));
    return {
      name,
      seconds,
      cpuSeconds,
      idleRssMb,
      peakRssMb,
      bytes: results[0]?.bytes ?? 0,
      files: results[0]?.files ?? 0,
    };
  });
  print(
    tableOf(
      `Export of ${total.toLocaleString('en')} interactions`,
      ['', 'rows/s', 'MB/s', 'of COPY', 'seconds', 'CPU s', 'files', 'idle RSS MB', 'peak RSS MB'],
      [
        [
          'COPY "BenchRows" TO STDOUT',
          total / copy,
          (copies[0]?.bytes ?? 0) / copy / 1e6,
          1,
          copy,
          null,
          null,
          null,
          null,
        ],
        ...rows.map(({ name, seconds, cpuSeconds, bytes, files, idleRssMb, peakRssMb }) => [
          name,
          total / seconds,
          bytes / seconds / 1e6,
          copy / seconds,
          seconds,
          cpuSeconds,
          String(files),
          idleRssMb,
          peakRssMb,
        ]),
      ],
    ),
  );
  const fat = rows.filter(({ peakRssMb }) => peakRssMb > rssLimitMb);
  print(
    fat.length === 0
      ? `Memory is flat: no export passed ${rssLimitMb} MB.\n`
      : `Memory is not flat: ${fat.map(({ name }) => name).join(', ')} passed ${rssLimitMb} MB.\n`,
  );
  return {
    rows: total,
    copyRowsPerSecond: precise(total / copy),
    formats: Object.fromEntries(
      rows.map(({ name, seconds, cpuSeconds, bytes, idleRssMb, peakRssMb }) => [
        name,
        {
          rowsPerSecond: precise(total / seconds),
          ofCopy: precise(copy / seconds),
          megabytesPerSecond: precise(bytes / seconds / 1e6),
          cpuSeconds: precise(cpuSeconds),
          idleRssMb: precise(idleRssMb),
          peakRssMb: precise(peakRssMb),
        },
      ]),
    ),
    flat: fat.length === 0,
  };
}
