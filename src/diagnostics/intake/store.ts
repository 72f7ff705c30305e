import type { ReportCategory } from '../../contract/report.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import type { Transaction } from '../../platform/transactions.ts';
import { type CountedReport, type LedgerLine, packSummary } from '../counting/summary.ts';
import { type Batch, batchOf, type PlacedReport } from './batch.ts';
import { chunksOf } from './bodies.ts';
import { hourOf } from './clock.ts';
import { type Fingerprints, type KnownFingerprints, openFingerprints } from './fingerprints.ts';
import type { LedgerEntry } from './ledger.ts';
import type { PreparedReport } from './prepare.ts';
import { storing } from './store-reports.ts';

/** What one call brings. */
export type CallToStore = {
  projectId: string;
  /** By the server's clock. */
  receivedAt: Date;
  reports: PreparedReport[];
  /** What the client says it dropped. */
  clientReports: {
    id: string;
    discarded: { reason: string; category: ReportCategory; count: number }[];
  }[];
  /** What was refused before it came here. */
  ledger: LedgerEntry[];
};

/** What became of a call. */
export type StoredCall = {
  /** For each report, in order, whether it was new. The others were there before. */
  fresh: boolean[];
};

/**
 * Stores the reports of many calls, each once, and leaves to be counted what they bring: nearly always in
 * one statement, however many reports. Only what a process never met takes a transaction, for its
 * fingerprint and issue.
 */
export async function storeCalls(
  { sql, database }: Pick<App, 'sql' | 'database'>,
  known: KnownFingerprints,
  calls: CallToStore[],
): Promise<StoredCall[]> {
  const batch = batchOf(calls);
  const fingerprints = known.of(batch.kinds);
  const isFresh =
    fingerprints.size === batch.kinds.length
      ? await write({ query: (statement) => sql.query(statement) }, calls, batch, fingerprints)
      : await writeUnknown(database, known, calls, batch);
  return batch.places.map((places) => ({
    fresh: places.map((place) => place !== -1 && isFresh(place)),
  }));
}

async function writeUnknown(
  { transact }: App['database'],
  known: KnownFingerprints,
  calls: CallToStore[],
  batch: Batch,
): Promise<(place: number) => boolean> {
  const { found, isFresh } = await transact(async (tx) => {
    const opened = await openFingerprints(tx, batch);
    return { found: opened, isFresh: await write(tx, calls, batch, opened) };
  });
  known.add(found);
  return isFresh;
}

/** Answers which reports of the batch, by their places, were new. */
async function write(
  sql: Pick<Transaction, 'query'>,
  calls: CallToStore[],
  { reports, sources, places }: Batch,
  fingerprints: Fingerprints,
): Promise<(place: number) => boolean> {
  const placed: PlacedReport[] = [];
  // A repeat under a fingerprint that is not its first one any more has none here.
  const strays: LedgerLine[] = [];
  const at = reports.map((report) => {
    const fingerprintId = fingerprints.get(report.kind);
    if (fingerprintId !== undefined) return placed.push({ report, fingerprintId }) - 1;
    strays.push(repeatOf(report.source));
    return -1;
  });
  const { chunks, places: bodies } = chunksOf(placed.map(({ report }) => report));
  const { rows } = await sql.query<{ repeats: number[] }>(
    storing({
      id: newId(),
      reports: placed,
      bodies,
      sources,
      chunks,
      summary: packSummary({
        reports: placed.map(countedOf),
        lines: [...linesOf(calls, places), ...strays],
        accounts: calls.flatMap(({ projectId, receivedAt, clientReports }) =>
          clientReports.map((account) => ({ ...account, projectId, receivedAt })),
        ),
      }),
    }),
  );
  const repeats = new Set(rows[0]?.repeats);
  return (place) => {
    const index = at[place] ?? -1;
    return index !== -1 && !repeats.has(index);
  };
}

function countedOf({ report: { prepared, source }, fingerprintId }: PlacedReport): CountedReport {
  const { occurredAt, userHash, correlationId, tags, contract } = prepared;
  const user = userHash?.toString('base64') ?? null;
  return { source, fingerprintId, occurredAt, user, correlationId, tags, contract };
}

/** Lines of the ledger for what is not stored: what was refused, and repeats within the batch. */
function linesOf(calls: CallToStore[], places: number[][]): LedgerLine[] {
  return calls.flatMap((call, index) => [
    ...call.ledger.map((entry) => ({ ...entry, ...whereOf(call) })),
    ...call.reports.flatMap((report, at) =>
      places[index]?.[at] === -1 ? [repeatOf({ ...report, ...call })] : [],
    ),
  ]);
}

function repeatOf(report: {
  projectId: string;
  receivedAt: Date;
  category: ReportCategory;
}): LedgerLine {
  const { category } = report;
  return { ...whereOf(report), outcome: 'DUPLICATE', reason: '', category, count: 1 };
}

function whereOf({ projectId, receivedAt }: { projectId: string; receivedAt: Date }) {
  return { projectId, hour: hourOf(receivedAt) };
}
