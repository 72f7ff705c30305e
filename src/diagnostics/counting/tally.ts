import { type ReportSeverity, reportSeverities } from '../../contract/report.ts';
import { hourOf } from '../intake/clock.ts';
import { openAccount } from '../intake/ledger.ts';
import type { CountedReport, LedgerLine, Source } from './summary.ts';

const hourMs = 3_600_000;

/** What reports of one fingerprint come to. */
export type FingerprintTally = {
  projectId: string;
  count: number;
  /** The worst of them. */
  severity: ReportSeverity;
  firstMs: number;
  lastMs: number;
  /** Reports by the hour in which they happened, in milliseconds since the epoch. */
  hours: Map<number, number>;
  /** By digest in base64 the hour of its last report. */
  users: Map<string, number>;
};

/** What reports of one project and hour, alike in all that trends are asked by, come to. */
export type HourTally = Omit<Source, 'receivedAt' | 'environment'> & {
  /** All of that as one text. */
  key: string;
  hourMs: number;
  count: number;
  users: Set<string>;
};

/** A release of a project, and when it was first seen in these reports. */
export type ReleaseTally = { projectId: string; name: string; firstMs: number };

export type Tally = {
  fingerprints: Map<string, FingerprintTally>;
  hours: HourTally[];
  releases: ReleaseTally[];
  lines: LedgerLine[];
};

const rankOf = new Map(reportSeverities.map((severity, rank) => [severity, rank]));

/** Adds reports up by everything that is counted. Pure. */
export function tallyOf(reports: readonly CountedReport[], lines: readonly LedgerLine[]): Tally {
  const fingerprints = new Map<string, FingerprintTally>();
  const hours = new Map<string, HourTally>();
  const firsts = new Map<Source, number>();
  const accounts = new Map<string, { projectId: string; hour: Date } & Accounting>();
  const keys = new Map<Source, string>();
  for (const { source, fingerprintId, occurredAt, user } of reports) {
    const ms = occurredAt.getTime();
    const hour = Math.floor(ms / hourMs) * hourMs;
    addToFingerprint(fingerprints, { source, fingerprintId, ms, hour, user });
    const key = keyOf(source, keys);
    const place = `${hour} ${key}`;
    let alike = hours.get(place);
    if (!alike) {
      const { projectId, category, severity, platform, service, release } = source;
      const of = { projectId, category, severity, platform, service, release };
      alike = { ...of, key: place, hourMs: hour, count: 0, users: new Set() };
      hours.set(place, alike);
    }
    alike.count += 1;
    if (user !== null) alike.users.add(user);
    firsts.set(source, Math.min(firsts.get(source) ?? ms, ms));
    accountFor(accounts, source.projectId, hourOf(source.receivedAt).getTime()).add({
      outcome: 'ACCEPTED',
      reason: '',
      category: source.category,
    });
  }
  for (const line of lines)
    accountFor(accounts, line.projectId, line.hour.getTime()).add(line, line.count);
  return {
    fingerprints,
    hours: [...hours.values()],
    releases: releasesOf(firsts),
    lines: [...accounts.values()].flatMap(({ projectId, hour, entries }) =>
      entries().map((entry) => ({ ...entry, projectId, hour })),
    ),
  };
}

type Accounting = ReturnType<typeof openAccount>;

function addToFingerprint(
  fingerprints: Map<string, FingerprintTally>,
  {
    source: { projectId, severity },
    fingerprintId,
    ms,
    hour,
    user,
  }: { source: Source; fingerprintId: string; ms: number; hour: number; user: string | null },
): void {
  let tally = fingerprints.get(fingerprintId);
  if (!tally) {
    const [hours, users] = [new Map<number, number>(), new Map<string, number>()];
    tally = { projectId, count: 0, severity, firstMs: ms, lastMs: ms, hours, users };
    fingerprints.set(fingerprintId, tally);
  }
  tally.count += 1;
  if ((rankOf.get(severity) ?? 0) < (rankOf.get(tally.severity) ?? 0)) tally.severity = severity;
  if (ms < tally.firstMs) tally.firstMs = ms;
  if (ms > tally.lastMs) tally.lastMs = ms;
  tally.hours.set(hour, (tally.hours.get(hour) ?? 0) + 1);
  if (user !== null) tally.users.set(user, Math.max(tally.users.get(user) ?? hour, hour));
}

function releasesOf(firsts: Map<Source, number>): ReleaseTally[] {
  const releases = new Map<string, ReleaseTally>();
  for (const [{ projectId, release }, firstMs] of firsts) {
    if (release === null) continue;
    const key = `${projectId} ${release}`;
    const known = releases.get(key);
    if (!known) releases.set(key, { projectId, name: release, firstMs });
    else known.firstMs = Math.min(known.firstMs, firstMs);
  }
  return [...releases.values()];
}

function keyOf(source: Source, keys: Map<Source, string>): string {
  let key = keys.get(source);
  if (key === undefined) {
    const { projectId, category, severity, platform, service, release } = source;
    key = JSON.stringify([projectId, category, severity, platform, service, release]);
    keys.set(source, key);
  }
  return key;
}

function accountFor(
  accounts: Map<string, { projectId: string; hour: Date } & Accounting>,
  projectId: string,
  ms: number,
): Accounting {
  const key = `${projectId} ${ms}`;
  let account = accounts.get(key);
  if (!account) {
    account = { projectId, hour: new Date(ms), ...openAccount() };
    accounts.set(key, account);
  }
  return account;
}
