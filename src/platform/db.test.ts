import { expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../../test/database.ts';
import { newId } from '../lib/ids.ts';
import { loadConfig } from './config.ts';
import { type Database, isDuplicate, isMalformedValue, openDatabase } from './db.ts';
import { openLog } from './log.ts';

async function openTestDatabase(env: Record<string, string> = {}): Promise<Database> {
  const { url, drop } = await createTestDatabase();
  onTestFinished(drop);
  const database = openDatabase(url, loadConfig(env).database, openLog('silent'));
  onTestFinished(() => database.close());
  return database;
}

test('opening connects to nothing, so that an outage does not stop a start; the first statement tells', async () => {
  const { database: config } = loadConfig({ DATABASE_CONNECT_TIMEOUT_MS: '300' });
  const database = openDatabase('postgres://nobody@127.0.0.1:1/none', config, openLog('silent'));
  onTestFinished(() => database.close());

  await expect(database.ping()).rejects.toThrow();
  await expect(database.db.project.count()).rejects.toThrow();
});

test('statements are counted, those of a relation and of a transaction too', async () => {
  const { db, statements } = await openTestDatabase();
  const before = statements();

  await db.project.findMany({ include: { sessions: true } });
  await db.project.create({ data: { id: newId(), name: 'x' }, include: { sessions: true } });

  expect(statements() - before).toBeGreaterThanOrEqual(3);
});

test('a statement over its time is ended by the database, on both pools', async () => {
  const { db, sql } = await openTestDatabase({ DATABASE_STATEMENT_TIMEOUT_MS: '200' });

  await expect(sql.query('SELECT pg_sleep(20)')).rejects.toThrow('statement timeout');
  await expect(db.$queryRaw`SELECT 1 FROM pg_sleep(20)`).rejects.toThrow('statement timeout');
});

test('instants come back as they were written, in UTC on both pools', async () => {
  const { db, sql } = await openTestDatabase();
  const createdAt = new Date('2026-03-29T02:30:00.123Z');

  await db.project.create({ data: { id: newId(), name: 'x', createdAt } });

  const { rows } = await sql.query(
    'SELECT "createdAt", current_setting(\'TimeZone\') AS zone FROM "Project"',
  );
  expect(rows).toEqual([{ createdAt, zone: 'UTC' }]);
  expect(await db.project.findFirst()).toMatchObject({ createdAt });
});

test('a duplicate and a malformed value are told from other errors', async () => {
  const { db } = await openTestDatabase();
  const { id } = await db.project.create({ data: { id: newId(), name: 'x' } });
  const failed = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: unknown) => error,
    );

  const duplicate = await failed(db.project.create({ data: { id, name: 'y' } }));
  const malformed = [
    await failed(db.project.findFirst({ where: { id: 'one' } })),
    await failed(db.project.findFirst({ where: { name: '\0' } })),
    await failed(db.project.findFirst({ where: { createdAt: new Date('0000-01-01T00:00:00Z') } })),
  ];
  const missing = await failed(db.project.update({ where: { id: newId() }, data: { name: 'z' } }));

  expect([isDuplicate(duplicate), ...malformed.map(isDuplicate)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(malformed.map(isMalformedValue)).toEqual([true, true, true]);
  for (const other of [duplicate, missing, new Error('x'), null])
    expect(isMalformedValue(other)).toBe(false);
});

test('what a process was doing ends soon after its death, on both pools', async () => {
  const { db, sql } = await openTestDatabase();
  const asked = `SELECT current_setting('client_connection_check_interval') AS "every"`;

  expect((await sql.query(asked)).rows).toEqual([{ every: '1s' }]);
  expect(await db.$queryRawUnsafe(asked)).toEqual([{ every: '1s' }]);
});
