import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type {
  Report,
  ReportCategory,
  ReportPlatform,
  ReportSeverity,
} from '../../contract/report.ts';
import type { App } from '../../platform/app.ts';
import { type Grouping, groupReport } from '../grouping/group.ts';
import type { GroupingRule } from '../grouping/rules.ts';

/** A report as it is stored. */
export type PreparedReport = {
  id: string;
  occurredAt: Date;
  category: ReportCategory;
  severity: ReportSeverity;
  platform: ReportPlatform;
  service: string | null;
  release: string | null;
  environment: string | null;
  correlationId: string | null;
  userHash: Buffer | null;
  /** What it says of a contract. `null` when nothing. */
  contract: Report['contract'];
  tags: Report['tags'];
  /** The redacted report as JSON. `null` when it is only counted. */
  body: string | null;
  grouping: Grouping;
};

/** What a report is worth once it is redacted, classified and dated. */
export function prepareReport(
  report: Report,
  {
    occurredAt,
    category,
    severity,
    userHash,
    rules,
  }: {
    occurredAt: Date;
    category: ReportCategory;
    severity: ReportSeverity;
    userHash: Buffer | null;
    rules: GroupingRule[];
  },
): PreparedReport & { body: string } {
  return {
    id: report.id.toLowerCase(),
    occurredAt,
    category,
    severity,
    platform: report.platform,
    service: report.source?.service || null,
    release: report.environment?.release || null,
    environment: report.environment?.name || null,
    correlationId: report.correlationId ?? null,
    userHash,
    contract: report.contract ?? null,
    tags: report.tags ?? null,
    body: JSON.stringify(report),
    grouping: groupingOf(report, category, rules),
  };
}

const digestBytes = 16;
const keysOf = new WeakMap<App['keys'], Map<string, Buffer>>();

/** A digest of a user's id that only this project's reports share: it says nothing to anybody else. */
export function hashUser({ keys }: Pick<App, 'keys'>, projectId: string, userId: string): Buffer {
  let known = keysOf.get(keys);
  if (!known) {
    known = new Map();
    keysOf.set(keys, known);
  }
  let key = known.get(projectId);
  if (!key) {
    key = keys.derive(`report-users/${projectId}`);
    if (known.size >= 10_000) known.clear();
    known.set(projectId, key);
  }
  return createHmac('sha256', key).update(userId).digest().subarray(0, digestBytes);
}

const rememberedChars = 8_000_000;
const groupings = new WeakMap<readonly GroupingRule[], LRUCache<string, Grouping>>();

/** Equal reports come in storms: what grouping looks at is compared before it is looked at again. */
function groupingOf(report: Report, category: ReportCategory, rules: GroupingRule[]): Grouping {
  let known = groupings.get(rules);
  if (!known) {
    known = new LRUCache({ maxSize: rememberedChars });
    groupings.set(rules, known);
  }
  const { exceptions, message, fingerprint, source, request, response, database, contract, sync } =
    report;
  const key = JSON.stringify([
    category,
    exceptions,
    message,
    fingerprint,
    source?.service,
    request?.operationName,
    response?.code,
    response?.path,
    database?.code,
    contract,
    sync?.type,
    sync?.entityType,
  ]);
  const before = known.get(key);
  if (before) return before;
  const made = groupReport(report, category, rules);
  known.set(key, made, { size: key.length });
  return made;
}
