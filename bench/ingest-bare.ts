import pg from 'pg';
import { newId } from '../src/lib/ids.ts';
import { siteOf } from '../src/lib/site.ts';
import { answerParent } from './child.ts';
import { callFor } from './ingest-loop.ts';
import { type Row, rowsOf } from './ingest-rows.ts';

/** Where the database is and what this process writes into it. */
export type BareTask = { databaseUrl: string; connections: number; size: number; seed: number };

const columns = [
  ['id', 'uuid'],
  ['sequence', 'int'],
  ['type', '"InteractionType"'],
  ['occurredAt', 'timestamptz'],
  ['sessionTimeMs', 'int'],
  ['url', 'text'],
  ['site', 'text'],
  ['pageTitle', 'text'],
  ['targetRole', 'text'],
  ['targetName', 'text'],
  ['offsetX', 'real'],
  ['offsetY', 'real'],
  ['isVisible', 'boolean'],
  ['confidence', 'real'],
  ['detail', 'jsonb'],
] as const;

const names = columns.map(([name]) => `"${name}"`).join(', ');
const insertOne = `INSERT INTO "BenchBare" ("projectId", "sessionId", ${names})
  VALUES ($1, $2, ${columns.map((_, index) => `$${index + 3}`).join(', ')})`;
const insertMany = `INSERT INTO "BenchBare" ("projectId", "sessionId", ${names})
  SELECT $1, $2, * FROM unnest(${columns.map(([, type], index) => `$${index + 3}::${type}[]`).join(', ')})`;

const projectId = newId();
let lanes: (() => Promise<number>)[] = [];
let size = 1;

/** The other side: `pg` with a prepared statement, nothing in between. */
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
  const sessionId = newId();
  const next = rowsOf(seed);
  return async () => {
    const rows = next(task.size);
    const begun = performance.now();
    const cells = rows.map(cellsOf);
    const [only] = cells;
    const { rowCount } =
      cells.length === 1 && only
        ? await client.query({
            name: 'one',
            text: insertOne,
            values: [projectId, sessionId, ...only],
          })
        : await client.query({
            name: 'many',
            text: insertMany,
            values: [
              projectId,
              sessionId,
              ...columns.map((_, column) => cells.map((row) => row[column])),
            ],
          });
    if (rowCount !== rows.length)
      throw new Error(`Expected ${rows.length} rows to be stored, got ${rowCount}.`);
    return performance.now() - begun;
  };
}

function cellsOf(row: Row): unknown[] {
  return [
    row.id,
    row.sequence,
    row.type,
    row.occurredAt,
    row.sessionTimeMs,
    row.url,
    siteOf(row.url),
    row.pageTitle,
    row.target?.role,
    row.target?.name,
    row.pointer?.offsetX,
    row.pointer?.offsetY,
    row.target?.isVisible,
    row.confidence,
    JSON.stringify(row),
  ];
}
