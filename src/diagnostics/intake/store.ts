import type { ReportCategory } from '../../contract/report.ts';
import { instantArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { App } from '../../platform/app.ts';
import type { Transaction } from '../../platform/transactions.ts';
import { noteViolations } from '../contracts/note-violations.ts';
import type { Signal } from '../signals.ts';
import { stateSignalsPlainly } from '../state-signals.ts';
import { batchOf } from './batch.ts';
import { hourOf } from './clock.ts';
import { openIssues, type PlacedReport } from './issues-of.ts';
import type { LedgerEntry } from './ledger.ts';
import type { PreparedReport } from './prepare.ts';
import { moveReleases } from './release-rows.ts';
import { type LedgerLine, parametersOf, storeReports } from './store-reports.ts';
import { turnIssues } from './turn.ts';

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
 * Stores the reports of many calls in one transaction: issues and fingerprints that are new, each
 * report once, exact counts, what the reports make of their issues, the ledger, and the signals of all
 * that. The number of statements does not grow with the reports.
 */
export async function storeCalls(app: App, calls: CallToStore[]): Promise<StoredCall[]> {
  const batch = batchOf(calls);
  const parameters = parametersOf(batch.reports);
  return app.database.transact(async (tx) => {
    const lines = [...linesOf(calls, batch.places), ...(await takeClientReports(tx, calls))];
    const issues = await openIssues(tx, batch);
    const placed = batch.reports.flatMap((report): PlacedReport[] => {
      const found = issues.get(report.kind);
      return found ? [{ ...report, fingerprintId: found.fingerprintId, issue: found.issue }] : [];
    });
    // A repeat under a fingerprint that is not its first one any more has no issue here.
    const strays = batch.reports.filter(({ kind }) => !issues.has(kind));
    const { repeats, totals } = await storeReports(
      tx,
      placed,
      strays.length === 0 ? parameters : parametersOf(placed),
      [...lines, ...strays.map(repeatOf)],
    );
    const fresh = repeats.size === 0 ? placed : placed.filter((_, place) => !repeats.has(place));
    const releases = await moveReleases(tx, fresh);
    const signals = await turnIssues(tx, { fresh, totals, releases, opened: issues });
    await stateSignalsPlainly(app, tx, [...signals, ...(await violationsOf(tx, fresh))]);
    const isFresh = new Set(fresh.map(({ projectId, id }) => `${projectId} ${id}`));
    return calls.map(({ projectId, reports }, call) => ({
      fresh: reports.map(
        ({ id }, at) => batch.places[call]?.[at] !== -1 && isFresh.has(`${projectId} ${id}`),
      ),
    }));
  });
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

/** Answers with what the accounts that are new say was dropped. A repeat counts once. */
async function takeClientReports(tx: Transaction, calls: CallToStore[]): Promise<LedgerLine[]> {
  const given = calls.flatMap((call) => call.clientReports.map((report) => ({ call, report })));
  if (given.length === 0) return [];
  const { rows } = await tx.query<{ id: string; projectId: string }>({
    name: 'client-reports-take',
    text: `
      INSERT INTO "ClientReportTaken" ("id", "projectId", "receivedAt")
      SELECT DISTINCT ON (1, 2) * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
      ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING "id", "projectId"`,
    values: [
      uuidArray(given.map(({ report }) => report.id)),
      uuidArray(given.map(({ call }) => call.projectId)),
      instantArray(given.map(({ call }) => call.receivedAt)),
    ],
  });
  const fresh = new Set(rows.map(({ id, projectId }) => `${projectId} ${id}`));
  return given.flatMap(({ call, report }) =>
    fresh.delete(`${call.projectId} ${report.id}`)
      ? report.discarded.map((entry) => ({
          outcome: 'DISCARDED' as const,
          ...entry,
          ...whereOf(call),
        }))
      : [],
  );
}

/** Of contracts that reports say are broken. Nearly always none. */
async function violationsOf(tx: Transaction, fresh: PlacedReport[]): Promise<Signal[]> {
  if (!fresh.some(({ contract }) => contract?.hash && contract.violation)) return [];
  return tx.models((models) => noteViolations(models, fresh));
}
