import type { Source } from '../counting/summary.ts';
import type { PreparedReport } from './prepare.ts';
import type { CallToStore } from './store.ts';

/** A report of some call. */
export type BatchReport = { prepared: PreparedReport; source: Source; kind: Kind };

/** A report and the fingerprint that it has. */
export type PlacedReport = { report: BatchReport; fingerprintId: string };

/** What equal reports of a batch share: their fingerprint. */
export type Kind = {
  projectId: string;
  hash: Buffer;
  /** Project and hash, as a key. */
  key: string;
  /** The one that happened first. */
  first: BatchReport;
};

/** The reports of some calls, ready to be stored. */
export type Batch = {
  /** Each id of a project once: of several the first. */
  reports: BatchReport[];
  kinds: Kind[];
  /** What reports of one call have in common, each once. */
  sources: Source[];
  /** For each call and report of it its place in `reports`; -1 for a repeat within the batch. */
  places: number[][];
};

/** Puts the reports of calls together. Pure. */
export function batchOf(calls: CallToStore[]): Batch {
  const reports: BatchReport[] = [];
  const kinds = new Map<string, Kind>();
  const sources: Source[] = [];
  const taken = new Set<string>();
  const places = calls.map((call) => {
    const { projectId, reports: sent } = call;
    const own: Source[] = [];
    return sent.map((prepared) => {
      const id = `${projectId} ${prepared.id}`;
      if (taken.has(id)) return -1;
      taken.add(id);
      let source = own.findLast((each) => isFrom(prepared, each));
      if (!source) {
        source = sourceOf(call, prepared);
        own.push(source);
        sources.push(source);
      }
      const { hash, name } = prepared.grouping;
      const key = `${projectId} ${name}`;
      const known = kinds.get(key);
      const kind = known ?? ({ projectId, hash, key } as Kind);
      const report = { prepared, source, kind };
      if (!known) {
        kind.first = report;
        kinds.set(key, kind);
      } else if (prepared.occurredAt < known.first.prepared.occurredAt) known.first = report;
      return reports.push(report) - 1;
    });
  });
  return { reports, kinds: [...kinds.values()], sources, places };
}

function isFrom(report: PreparedReport, source: Source): boolean {
  return (
    report.category === source.category &&
    report.severity === source.severity &&
    report.platform === source.platform &&
    report.service === source.service &&
    report.release === source.release &&
    report.environment === source.environment
  );
}

function sourceOf(
  { projectId, receivedAt }: CallToStore,
  { category, severity, platform, service, release, environment }: PreparedReport,
): Source {
  return { projectId, receivedAt, category, severity, platform, service, release, environment };
}
