import pg from 'pg';
import { newId } from '../src/lib/ids.ts';
import { answerParent } from './child.ts';
import { reportsOf } from './diagnostics-reports.ts';
import { callFor } from './ingest-loop.ts';

export type BareTask = { databaseUrl: string; connections: number; size: number; seed: number };

/** The least that storing reports takes: the columns of "ErrorEvent" and its unique key. */
export const bareTable = `
CREATE TABLE "BenchBareReport" (
  "projectId" uuid NOT NULL, "id" uuid NOT NULL, "fingerprintId" uuid NOT NULL, "occurredAt" timestamptz(3) NOT NULL,
  "receivedAt" timestamptz(3) NOT NULL DEFAULT now(), "category" text NOT NULL, "severity" text NOT NULL,
  "platform" text NOT NULL, "service" text, "release" text, "environment" text, "userHash" bytea, "report" json,
  PRIMARY KEY ("projectId", "id")
);
CREATE INDEX ON "BenchBareReport" ("fingerprintId", "occurredAt", "id")`;

const insert = `INSERT INTO "BenchBareReport" ("projectId", "fingerprintId", "category", "severity", "platform", "service", "release", "environment", "userHash", "id", "occurredAt", "report")
  SELECT $1, $1, 'DATABASE_ERROR', 'HIGH', 'SERVER', 'shop', 'shop@1.4.2', 'production', '\\x00112233445566778899aabbccddeeff', * FROM unnest($2::uuid[], $3::timestamptz[], $4::json[])`;

const projectId = newId();
let lanes: (() => Promise<number>)[] = [];
let size = 1;

/** The other side: `pg` with one prepared statement a batch, nothing in between. */
export const handlers = {
  open: async (task: BareTask) => {
    size = task.size;
    lanes = await Promise.all(
      Array.from({ length: task.connections }, (_, index) => openLane(task, task.seed + index)),
    );
  },
  run: ({ seconds }: { seconds: number }) => callFor(seconds, lanes, size),
};

answerParent(handlers);

async function openLane(task: BareTask, seed: number): Promise<() => Promise<number>> {
  const client = new pg.Client({ connectionString: task.databaseUrl });
  await client.connect();
  const next = reportsOf(seed);
  return async () => {
    const reports = next(task.size);
    const begun = performance.now();
    const { rowCount } = await client.query({
      name: 'reports',
      text: insert,
      values: [
        projectId,
        reports.map(({ id }) => id),
        reports.map(({ occurredAt }) => occurredAt),
        reports.map((report) => JSON.stringify(report)),
      ],
    });
    if (rowCount !== reports.length)
      throw new Error(`Expected ${reports.length} rows to be stored, got ${rowCount}.`);
    return performance.now() - begun;
  };
}
