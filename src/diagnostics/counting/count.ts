import { instantArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { App } from '../../platform/app.ts';
import type { Transaction } from '../../platform/transactions.ts';
import { noteViolations } from '../contracts/note-violations.ts';
import { hourOf } from '../intake/clock.ts';
import type { Signal } from '../signals.ts';
import { stateSignalsPlainly } from '../state-signals.ts';
import { type JudgedReport, lockIssues } from './issues.ts';
import { moveReleases } from './release-rows.ts';
import { rememberUsers, seenUsersOf } from './seen-users.ts';
import {
  type ClientAccount,
  type CountedReport,
  type LedgerLine,
  type Summary,
  unpackSummary,
} from './summary.ts';
import { tallyOf } from './tally.ts';
import { turnIssues } from './turn.ts';
import { writeCounts } from './write-counts.ts';

/** A batch that is being counted. */
type Taken = { id: string; summary: Buffer; repeats: number[] };

/** Batches that were taken and could not be counted together; they are there as before. */
export class UncountableError extends Error {
  override name = 'UncountableError';
  readonly ids: string[];
  constructor(ids: string[], cause: unknown) {
    super(`${ids.length} batches of reports could not be counted.`, { cause });
    this.ids = ids;
  }
}

type CountingApp = Pick<App, 'database' | 'pubsub' | 'queue'>;

/**
 * Counts batches that are stored and not counted yet, the oldest first, in one transaction with their removal:
 * exact counts, what the reports make of their issues, the ledger, and the signals of all that. Batches
 * that another process counts are passed over. The number of statements does not grow with the reports.
 *
 * @param most batches at once
 * @returns how many were counted; fewer than `most` when no more are left
 * @throws {UncountableError}
 */
export async function countBatches(app: CountingApp, most: number): Promise<number> {
  let ids: string[] = [];
  try {
    const users = await app.database.transact(async (tx) => {
      const taken = await takeBatches(tx, most);
      ids = taken.map(({ id }) => id);
      return taken.length > 0 ? count(app, tx, taken) : [];
    });
    rememberUsers(app, users);
    return ids.length;
  } catch (error) {
    if (ids.length === 0) throw error;
    throw new UncountableError(ids, error);
  }
}

/** Answers with the users that were written. */
async function count(app: CountingApp, tx: Transaction, taken: Taken[]): Promise<string[]> {
  const summaries = taken.map((batch) => ({ ...batch, ...unpackSummary(batch.summary) }));
  const reports = summaries.flatMap(freshOf);
  const accounts = summaries.flatMap((summary) => summary.accounts);
  const tally = tallyOf(reports, [
    ...summaries.flatMap(({ lines }) => lines),
    ...summaries.flatMap(repeatsOf),
    ...(await takeAccounts(tx, accounts)),
  ]);
  const issues = await lockIssues(tx, [...tally.fingerprints.keys()]);
  const judged = reports.flatMap((report): JudgedReport[] => {
    const issue = issues.get(report.fingerprintId);
    return issue ? [{ ...report, issue }] : [];
  });
  const { totals, written } = await writeCounts(tx, tally, seenUsersOf(app));
  const releases = await moveReleases(tx, judged);
  const signals = await turnIssues(tx, { reports: judged, totals, releases });
  await stateSignalsPlainly(app, tx, [...signals, ...(await violationsOf(tx, reports))]);
  return written;
}

/** Leaves batches that cannot be counted for later: two seconds, then longer each time, five minutes at most. */
export async function putOff(
  { database }: Pick<App, 'database'>,
  ids: readonly string[],
): Promise<void> {
  await database.transact((tx) =>
    tx.query({
      name: 'report-batch-put-off',
      text: `
        UPDATE "ReportBatch" SET "attempts" = "attempts" + 1,
          "countableAt" = now() + least(300, 2 ^ ("attempts" + 1)) * interval '1 second'
        WHERE "id" = ANY($1::uuid[])`,
      values: [uuidArray(ids)],
    }),
  );
}

async function takeBatches(tx: Transaction, most: number): Promise<Taken[]> {
  const { rows } = await tx.query<Taken>({
    name: 'report-batches-take',
    text: `
      DELETE FROM "ReportBatch" b WHERE b."id" = ANY(ARRAY( -- an array is made once, a joined list may be made for each row
        SELECT "id" FROM "ReportBatch" WHERE "countableAt" <= now() ORDER BY "id" LIMIT $1 FOR UPDATE SKIP LOCKED))
      RETURNING b."id", b."summary", b."repeats"`,
    values: [most],
  });
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function freshOf({ reports, repeats }: Summary & Taken): CountedReport[] {
  if (repeats.length === 0) return reports;
  const stale = new Set(repeats);
  return reports.filter((_, place) => !stale.has(place));
}

function repeatsOf({ reports, repeats }: Summary & Taken): LedgerLine[] {
  return repeats.flatMap((place): LedgerLine[] => {
    const report = reports[place];
    if (!report) return [];
    const { projectId, receivedAt, category } = report.source;
    return [
      { projectId, hour: hourOf(receivedAt), outcome: 'DUPLICATE', reason: '', category, count: 1 },
    ];
  });
}

/** Answers with what the accounts that are new say was dropped. A repeat counts once. */
async function takeAccounts(tx: Transaction, accounts: ClientAccount[]): Promise<LedgerLine[]> {
  if (accounts.length === 0) return [];
  const { rows } = await tx.query<{ id: string; projectId: string }>({
    name: 'client-reports-take',
    text: `
      INSERT INTO "ClientReportTaken" ("id", "projectId", "receivedAt")
      SELECT DISTINCT ON (1, 2) * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
      ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING "id", "projectId"`,
    values: [
      uuidArray(accounts.map(({ id }) => id)),
      uuidArray(accounts.map(({ projectId }) => projectId)),
      instantArray(accounts.map(({ receivedAt }) => receivedAt)),
    ],
  });
  const fresh = new Set(rows.map(({ id, projectId }) => `${projectId} ${id}`));
  return accounts.flatMap(({ id, projectId, receivedAt, discarded }) =>
    fresh.delete(`${projectId} ${id}`)
      ? discarded.map((entry) => ({
          outcome: 'DISCARDED' as const,
          ...entry,
          projectId,
          hour: hourOf(receivedAt),
        }))
      : [],
  );
}

/** Of contracts that reports say are broken. Nearly always none. */
async function violationsOf(tx: Transaction, reports: CountedReport[]): Promise<Signal[]> {
  const told = reports.filter(({ contract }) => contract?.hash && contract.violation);
  if (told.length === 0) return [];
  return tx.models((models) =>
    noteViolations(
      models,
      told.map((report) => ({ ...report, projectId: report.source.projectId })),
    ),
  );
}
