import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { inject } from 'vitest';

export const TEMPLATE_DATABASE = 'codesight_template';

export type TestDatabase = {
  url: string;
  /** Closes connections that are still open, too. */
  drop(): Promise<void>;
};

/** A database of its own, with our schema and the queue's. Takes about 0.2 s. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase(`TEMPLATE ${TEMPLATE_DATABASE} STRATEGY FILE_COPY`);
}

/** A database with nothing in it, for tests of the migrations themselves. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('');
}

async function createDatabase(clause: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(`CREATE DATABASE ${name} ${clause}`);
  const url = new URL(inject('adminDatabaseUrl'));
  url.pathname = name;
  return {
    url: url.href,
    drop: () => asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** Takes a database away: nobody is on it, and nobody gets in. Answers with what brings it back. */
export async function takeAway(sql: Pool): Promise<() => Promise<void>> {
  const { rows } = await sql.query<{ name: string }>('SELECT current_database() AS name');
  const name = rows[0]?.name ?? '';
  await asAdmin(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  return () => asAdmin(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
}

async function asAdmin(statement: string): Promise<void> {
  const client = new Client(inject('adminDatabaseUrl'));
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
