import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { createEmptyDatabase, createTestDatabase } from '../../test/database.ts';
import { migrate, SCHEMA_FILE, schemaDiff } from './migrate.ts';

test('the migrations together make the schema of schema.prisma', async () => {
  const migrated = await createEmptyDatabase();
  const drawn = await createEmptyDatabase();
  const to = { schema: await readFile(SCHEMA_FILE, 'utf8') };

  await migrate(migrated.url);
  await query(drawn.url, await schemaDiff(drawn.url, { from: 'empty', to }));

  const expected = await catalogueOf(drawn.url);
  expect(expected.length).toBeGreaterThan(100);
  expect(await catalogueOf(migrated.url)).toEqual(expected);
  await Promise.all([migrated.drop(), drawn.drop()]);
});

test('processes that start together apply each migration once', async () => {
  const database = await createEmptyDatabase();

  const runs = await Promise.all([1, 2, 3].map(() => migrate(database.url)));

  const applied = runs.flatMap((run) => run.applied);
  const noted = await query(
    database.url,
    'SELECT migration_name FROM _prisma_migrations ORDER BY 1',
  );
  expect(applied).toContain('0001_start');
  expect(noted.map((row) => row.migration_name)).toEqual(applied);
  await database.drop();
});

test('a database that is up to date is left alone', async () => {
  const database = await createTestDatabase();

  expect(await migrate(database.url)).toEqual({ applied: [] });

  await database.drop();
});

test('a schema does not differ from itself', async () => {
  const database = await createEmptyDatabase();
  const schema = await readFile(SCHEMA_FILE, 'utf8');

  expect(await schemaDiff(database.url, { from: { schema }, to: { schema } })).toBe('');

  await database.drop();
});

test('an index added to the schema becomes a statement', async () => {
  const database = await createEmptyDatabase();
  const schema = await readFile(SCHEMA_FILE, 'utf8');
  const newer = schema.replace('model Outbox {', 'model Outbox {\n  @@index([topic])');

  const sql = await schemaDiff(database.url, { from: { schema }, to: { schema: newer } });

  expect(sql).toContain('CREATE INDEX "Outbox_topic_idx" ON "Outbox"("topic")');
  await database.drop();
});

/** Everything in `public` that a migration may get wrong, a line each. */
async function catalogueOf(url: string): Promise<string[]> {
  const rows = await query(
    url,
    `SELECT line FROM (
       SELECT format('column %s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                     CASE WHEN a.attnotnull THEN 'NOT NULL' ELSE 'NULL' END,
                     pg_get_expr(d.adbin, d.adrelid), a.attidentity) AS line
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
          AND a.attnum > 0 AND NOT a.attisdropped
       UNION ALL
       SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE c.relnamespace = 'public'::regnamespace
       UNION ALL
       SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
         FROM pg_constraint WHERE connamespace = 'public'::regnamespace
       UNION ALL
       SELECT format('enum %s %s', t.typname, string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder))
         FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
        WHERE t.typnamespace = 'public'::regnamespace GROUP BY t.typname
     ) AS catalogue WHERE line NOT LIKE '%\\_prisma\\_migrations%' ORDER BY line`,
  );
  return rows.map((row) => row.line ?? '');
}

async function query(url: string, sql: string): Promise<Record<string, string>[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
