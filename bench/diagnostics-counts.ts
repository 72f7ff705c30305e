import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { sumOf } from './figures.ts';

/** The one number that a query answers with as `n`. */
export async function numberOf(sql: pg.Client, query: string): Promise<number> {
  const { rows } = await sql.query<{ n: number | null }>(query);
  return sumOf(rows.map(({ n }) => n ?? 0));
}

/** Waits until nothing that was acknowledged is left to be counted. Answers with the instant, in milliseconds since the epoch. */
export async function untilCounted(sql: pg.Client): Promise<number> {
  while ((await numberOf(sql, 'SELECT count(*)::int AS n FROM "ReportBatch"')) > 0) await delay(5);
  return Date.now();
}

/** @throws unless exactly so many reports are counted by issues and accepted by the ledger */
export async function expectCounted(sql: pg.Client, expected: number): Promise<void> {
  const counted = await numberOf(sql, 'SELECT sum("count")::int AS n FROM "ErrorIssue"');
  const taken = await numberOf(
    sql,
    `SELECT sum("count")::int AS n FROM "ReportLedger" WHERE "outcome" = 'ACCEPTED'`,
  );
  if (counted !== expected || taken !== expected)
    throw new Error(
      `Expected ${expected} reports to be counted, got ${counted} in issues and ${taken} in the ledger.`,
    );
}
