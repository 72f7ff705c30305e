import { LRUCache } from 'lru-cache';
import type {
  Report,
  ReportCategory,
  ReportPlatform,
  ReportSeverity,
} from '../../contract/report.ts';
import type { App } from '../../platform/app.ts';
import { macOf } from '../../platform/keys.ts';
import type { Grouping } from '../grouping/group.ts';
import { groupOnce } from '../grouping/remember.ts';
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
): Omit<PreparedReport, 'body'> {
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
    grouping: groupOnce(report, category, rules),
  };
}

const digestBytes = 16;
/** Users meet many troubles: digests that are remembered of each project. */
const rememberedUsers = 2_000;
type Digests = { key: Buffer; known: Map<string, Buffer> };
const digestsOf = new WeakMap<App['keys'], LRUCache<string, Digests>>();

/** A digest of a user's id that only this project's reports share: it says nothing to anybody else. */
export function hashUser({ keys }: Pick<App, 'keys'>, projectId: string, userId: string): Buffer {
  let projects = digestsOf.get(keys);
  if (!projects) {
    projects = new LRUCache({ max: 1_000 });
    digestsOf.set(keys, projects);
  }
  let digests = projects.get(projectId);
  if (!digests) {
    digests = { key: keys.derive(`report-users/${projectId}`), known: new Map() };
    projects.set(projectId, digests);
  }
  const { key, known } = digests;
  let digest = known.get(userId);
  if (!digest) {
    digest = macOf({ mac: key }, userId).subarray(0, digestBytes);
    if (known.size >= rememberedUsers) known.clear();
    known.set(userId, digest);
  }
  return digest;
}
