import type { ReportCategory } from '../../contract/report.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { noteViolations } from '../contracts/note-violations.ts';
import { stateSignals } from '../state-signals.ts';
import { hourOf } from './clock.ts';
import { countReports } from './count.ts';
import { keyOf, openIssues, type PlacedReport } from './issues-of.ts';
import { type LedgerEntry, openAccount } from './ledger.ts';
import type { PreparedReport } from './prepare.ts';
import { takeReleases } from './release-rows.ts';
import { pgArray } from './rows.ts';
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
  const reports = calls.flatMap((call) =>
    call.reports.map((report) => ({
      ...report,
      projectId: call.projectId,
      receivedAt: call.receivedAt,
    })),
  );
  return app.db.$transaction(async (tx) => {
    const discarded = await takeClientReports(tx, calls);
    const issues = await openIssues(tx, reports);
    const placed = reports.flatMap((report): PlacedReport[] => {
      const found = issues.get(keyOf(report));
      return found ? [{ ...report, fingerprintId: found.fingerprintId, issue: found.issue }] : [];
    });
    const stored = await insertEvents(tx, placed);
    const isFresh = (report: { projectId: string; id: string }) =>
      stored.delete(`${report.projectId} ${report.id}`); // of two in one group the first one is it
    const results = calls.map(({ projectId, reports: sent }) => ({
      fresh: sent.map(({ id }) => isFresh({ projectId, id })),
    }));
    const freshIds = new Set(
      calls.flatMap(({ projectId, reports: sent }, index) =>
        sent
          .filter((_report, at) => results[index]?.fresh[at])
          .map(({ id }) => `${projectId} ${id}`),
      ),
    );
    // A repeat within one group has the same id: it counts once.
    const fresh = placed.filter(({ projectId, id }) => freshIds.delete(`${projectId} ${id}`));
    const releases = await takeReleases(tx, fresh);
    const counted = await countReports(tx, fresh, ledgerOf(calls, results, discarded), releases);
    const signals = await turnIssues(tx, { fresh, counted, releases, opened: issues });
    await stateSignals(app, tx, [...signals, ...(await noteViolations(tx, fresh))]);
    return results;
  });
}

/** Answers with what the accounts that are new say was dropped. A repeat counts once. */
async function takeClientReports(
  tx: Tx,
  calls: CallToStore[],
): Promise<Map<CallToStore, LedgerEntry[]>> {
  const given = calls.flatMap((call) => call.clientReports.map((report) => ({ call, report })));
  const discarded = new Map<CallToStore, LedgerEntry[]>();
  if (given.length === 0) return discarded;
  const taken = await tx.$queryRaw<{ id: string; projectId: string }[]>`
    INSERT INTO "ClientReportTaken" ("id", "projectId", "receivedAt")
    SELECT DISTINCT ON (1, 2) * FROM unnest(
      ${pgArray(given.map(({ report }) => report.id))}::uuid[],
      ${pgArray(given.map(({ call }) => call.projectId))}::uuid[],
      ${pgArray(given.map(({ call }) => call.receivedAt.toISOString()))}::timestamptz[])
    ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING "id", "projectId"`;
  const fresh = new Set(taken.map(({ id, projectId }) => `${projectId} ${id}`));
  for (const { call, report } of given) {
    if (!fresh.delete(`${call.projectId} ${report.id}`)) continue;
    const entries = report.discarded.map((entry) => ({ outcome: 'DISCARDED' as const, ...entry }));
    discarded.set(call, [...(discarded.get(call) ?? []), ...entries]);
  }
  return discarded;
}

async function insertEvents(tx: Tx, placed: PlacedReport[]): Promise<Set<string>> {
  if (placed.length === 0) return new Set();
  const column = (of: (report: PlacedReport) => string | null) => pgArray(placed.map(of));
  const rows = await tx.$queryRaw<{ id: string; projectId: string }[]>`
    INSERT INTO "ErrorEvent" ("id", "projectId", "fingerprintId", "occurredAt", "receivedAt", "category", "severity",
      "platform", "service", "release", "environment", "correlationId", "userHash", "report")
    SELECT e."id", e."projectId", e."fingerprintId", e."occurredAt", e."receivedAt", e."category"::"ReportCategory",
      e."severity"::"ReportSeverity", e."platform"::"ReportPlatform", e."service", e."release", e."environment",
      e."correlationId", e."userHash", e."report"::json
    FROM unnest(
      ${column(({ id }) => id)}::uuid[],
      ${column(({ projectId }) => projectId)}::uuid[],
      ${column(({ fingerprintId }) => fingerprintId)}::uuid[],
      ${column(({ occurredAt }) => occurredAt.toISOString())}::timestamptz[],
      ${column(({ receivedAt }) => receivedAt.toISOString())}::timestamptz[],
      ${column(({ category }) => category)}::text[],
      ${column(({ severity }) => severity)}::text[],
      ${column(({ platform }) => platform)}::text[],
      ${column(({ service }) => service)}::text[],
      ${column(({ release }) => release)}::text[],
      ${column(({ environment }) => environment)}::text[],
      ${column(({ correlationId }) => correlationId)}::text[],
      ${column(({ userHash }) => userHash && `\\x${userHash.toString('hex')}`)}::bytea[],
      ${column(({ body }) => body)}::text[])
      WITH ORDINALITY AS e("id", "projectId", "fingerprintId", "occurredAt", "receivedAt", "category", "severity",
        "platform", "service", "release", "environment", "correlationId", "userHash", "report", "place")
    ORDER BY e."projectId", e."id", e."place"
    ON CONFLICT DO NOTHING
    RETURNING "id", "projectId"`;
  return new Set(rows.map(({ id, projectId }) => `${projectId} ${id}`));
}

/** The lines of the ledger, by project and hour of arrival. */
function ledgerOf(
  calls: CallToStore[],
  results: StoredCall[],
  discarded: Map<CallToStore, LedgerEntry[]>,
): { projectId: string; hour: Date; entries: LedgerEntry[] }[] {
  return calls.map((call, index) => {
    const account = openAccount([...call.ledger, ...(discarded.get(call) ?? [])]);
    call.reports.forEach(({ category }, at) => {
      const outcome = results[index]?.fresh[at] ? 'ACCEPTED' : 'DUPLICATE';
      account.add({ outcome, reason: '', category });
    });
    return { projectId: call.projectId, hour: hourOf(call.receivedAt), entries: account.entries() };
  });
}
