import type { PreparedReport } from './prepare.ts';
import type { CallToStore } from './store.ts';

/** A report of some call. */
export type BatchReport = PreparedReport & { projectId: string; receivedAt: Date; kind: Kind };

/** What equal reports of a batch share: their fingerprint. */
export type Kind = {
  projectId: string;
  hash: Buffer;
  /** Project and hash, as a key. */
  key: string;
  /** The one that happened first. */
  first: BatchReport;
};

/** The reports of some calls, ready for one transaction. */
export type Batch = {
  /** Each id of a project once: of several the first. */
  reports: BatchReport[];
  kinds: Kind[];
  /** For each call and report of it its place in `reports`; -1 for a repeat within the batch. */
  places: number[][];
};

/** Puts the reports of calls together. Pure. */
export function batchOf(calls: CallToStore[]): Batch {
  const reports: BatchReport[] = [];
  const kinds = new Map<string, Kind>();
  const taken = new Set<string>();
  const places = calls.map(({ projectId, receivedAt, reports: sent }) =>
    sent.map((prepared) => {
      const id = `${projectId} ${prepared.id}`;
      if (taken.has(id)) return -1;
      taken.add(id);
      const { hash, name } = prepared.grouping;
      const key = `${projectId} ${name}`;
      const known = kinds.get(key);
      const kind = known ?? ({ projectId, hash, key } as Kind);
      const report = { ...prepared, projectId, receivedAt, kind };
      if (!known) {
        kind.first = report;
        kinds.set(key, kind);
      } else if (report.occurredAt < known.first.occurredAt) known.first = report;
      return reports.push(report) - 1;
    }),
  );
  return { reports, kinds: [...kinds.values()], places };
}
