import type {
  Report,
  ReportCategory,
  ReportPlatform,
  ReportSeverity,
} from '../../contract/report.ts';
import type { LedgerEntry } from '../intake/ledger.ts';

/** What many reports of a batch have in common. */
export type Source = {
  projectId: string;
  /** When they arrived, by the server's clock. */
  receivedAt: Date;
  category: ReportCategory;
  severity: ReportSeverity;
  platform: ReportPlatform;
  service: string | null;
  release: string | null;
  environment: string | null;
};

/** A stored report, as far as counting and judging need it. */
export type CountedReport = {
  source: Source;
  fingerprintId: string;
  occurredAt: Date;
  /** Digest of the user in base64. `null` when none was named. */
  user: string | null;
  correlationId: string | null;
  tags: Report['tags'];
  contract: Report['contract'];
};

/** What of a ledger is counted beside the reports that are stored. */
export type LedgerLine = LedgerEntry & { projectId: string; hour: Date };

/** A client's account of what it dropped. */
export type ClientAccount = {
  id: string;
  projectId: string;
  receivedAt: Date;
  discarded: { reason: string; category: ReportCategory; count: number }[];
};

/** What counting needs of the calls of a batch. */
export type Summary = {
  reports: CountedReport[];
  lines: LedgerLine[];
  accounts: ClientAccount[];
};

/** Raised with the form; batches of another form are left to the release that wrote them. */
const version = 1;

type Packed = {
  version: number;
  fingerprints: string[];
  sources: (Omit<Source, 'receivedAt'> & { receivedAt: number })[];
  /** Fingerprint and source by their places, instant in milliseconds since the epoch, user; then what is rare. */
  reports: [number, number, number, string | null, Rare?][];
  lines: (Omit<LedgerLine, 'hour'> & { hour: number })[];
  accounts: (Omit<ClientAccount, 'receivedAt'> & { receivedAt: number })[];
};

type Rare = Partial<Pick<CountedReport, 'correlationId' | 'tags' | 'contract'>>;

/** A summary as it lies in the database: JSON, some 70 bytes a report. */
export function packSummary({ reports, lines, accounts }: Summary): Buffer {
  const fingerprints = new Places<string>();
  const sources = new Places<Source>();
  const packed: Packed = {
    version,
    reports: reports.map(
      ({ fingerprintId, source, occurredAt, user, correlationId, tags, contract }) => {
        const [kind, of] = [fingerprints.of(fingerprintId), sources.of(source)];
        const at = occurredAt.getTime();
        return correlationId || tags || contract
          ? [kind, of, at, user, { correlationId, tags, contract }]
          : [kind, of, at, user];
      },
    ),
    fingerprints: fingerprints.all,
    sources: sources.all.map((source) => ({ ...source, receivedAt: source.receivedAt.getTime() })),
    lines: lines.map((line) => ({ ...line, hour: line.hour.getTime() })),
    accounts: accounts.map((one) => ({ ...one, receivedAt: one.receivedAt.getTime() })),
  };
  return Buffer.from(JSON.stringify(packed));
}

/**
 * What `packSummary` packed.
 *
 * @throws {Error} another release packed it
 */
export function unpackSummary(bytes: Uint8Array): Summary {
  const packed: Packed = JSON.parse(Buffer.from(bytes).toString('utf8'));
  if (packed.version !== version)
    throw new Error(`Expected a batch of form ${version}, got form ${packed.version}.`);
  const { fingerprints } = packed;
  const sources = packed.sources.map((source) => ({
    ...source,
    receivedAt: new Date(source.receivedAt),
  }));
  return {
    reports: packed.reports.map(([kind, of, at, user, rare]) => ({
      source: known(sources, of),
      fingerprintId: known(fingerprints, kind),
      occurredAt: new Date(at),
      user,
      correlationId: rare?.correlationId ?? null,
      tags: rare?.tags ?? null,
      contract: rare?.contract ?? null,
    })),
    lines: packed.lines.map((line) => ({ ...line, hour: new Date(line.hour) })),
    accounts: packed.accounts.map((one) => ({ ...one, receivedAt: new Date(one.receivedAt) })),
  };
}

/** Values by their places, each once. */
class Places<T> {
  readonly all: T[] = [];
  readonly #places = new Map<T, number>();

  of(value: T): number {
    let place = this.#places.get(value);
    if (place === undefined) {
      place = this.all.push(value) - 1;
      this.#places.set(value, place);
    }
    return place;
  }
}

function known<T>(values: T[], place: number): T {
  const value = values[place];
  if (value === undefined)
    throw new Error(`Expected a place below ${values.length}, got ${place}.`);
  return value;
}
