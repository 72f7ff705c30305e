import {
  ClientReport,
  Report,
  type ReportCategory,
  type ReportOutcome,
  reportCategories,
  reportLimits,
} from '../../contract/report.ts';
import type { App } from '../../platform/app.ts';
import { counterOf } from '../counting/counter.ts';
import { categoryOf, severityOf } from './classify.ts';
import { correctedInstant } from './clock.ts';
import { filterOf } from './filters.ts';
import { type LedgerEntry, openAccount } from './ledger.ts';
import { hashUser, type PreparedReport, prepareReport } from './prepare.ts';
import { rateOf } from './rates.ts';
import { redactReport } from './redact-report.ts';
import { forgetSample, isSample } from './samples.ts';
import { type Settings, settingsOf } from './settings.ts';
import { withSources } from './source-maps.ts';
import { spikeOf } from './spikes.ts';
import { isUsualReport } from './usual-report.ts';
import { makeReportWriter, type ReportWriter } from './writer.ts';

/** Who sends reports. */
export type ReportSender = {
  projectId: string;
  /** The key, for its rate. `null` for our own processes, which are only limited by their project. */
  keyId: string | null;
};

/** One report that does not fit; the others of the call were taken. */
export type InvalidReport = {
  /** Place in the call, from 0. */
  index: number;
  /** `null` when it has none that is one. */
  id: string | null;
  /** Path in the report. */
  field: string;
  message: string;
};

/** What became of the reports of one call. */
export type ReportReceipt = {
  accepted: number;
  duplicate: number;
  filtered: number;
  rateLimited: number;
  /** Seconds to keep what was rate-limited. `null` when nothing was. */
  retryAfterSeconds: number | null;
  invalid: InvalidReport[];
  /** One for each report, in the order of the call. */
  outcomes: ReportOutcome[];
  /** Accounts of the client that were taken, repeats among them. */
  clientReports: number;
};

/** How long what belongs to a spike is to be kept back, in seconds. */
const spikeSeconds = 60;

const writers = new WeakMap<App['sql'], ReportWriter>();

/**
 * Takes reports, each by itself: a bad one harms none of the others. Resolves after the commit. What
 * does not fit, is filtered or comes too fast is counted and answered for; a client's account of what
 * it dropped is always taken.
 *
 * @param sentAt instant of the transmission by the client's clock; `null` when it does not say
 * @param counted what the door itself kept back
 */
export async function takeReports(
  app: App,
  { projectId, keyId }: ReportSender,
  {
    reports,
    clientReports,
    sentAt,
    receivedAt,
    counted = [],
  }: {
    reports: unknown[];
    clientReports: unknown[];
    sentAt: Date | null;
    receivedAt: Date;
    counted?: LedgerEntry[];
  },
): Promise<ReportReceipt> {
  const writer = writerOf(app);
  const account = openAccount(counted);
  const outcomes: ReportOutcome[] = new Array(reports.length).fill('INVALID');
  const invalid: InvalidReport[] = [];
  const accounts = clientReports.flatMap((given) => {
    const parsed = ClientReport.safeParse(given);
    return parsed.success ? [accountOf(parsed.data)] : [];
  });
  const congestion = writer.congestion();
  const rate = rateOf(app, { projectId, keyId });
  const wanted = Math.min(reports.length, reportLimits.reportsPerCall);
  const allowed = congestion ? 0 : rate.take(wanted);
  let retryAfterSeconds = congestion ? 2 : rate.waitSeconds();
  const prepared: { index: number; report: PreparedReport }[] = [];
  const spike = reports.length > 0 ? await spikeOf(app, projectId) : null;
  if (reports.length > 0) {
    const settings = await settingsOf(app, projectId);
    for (const [index, given] of reports.entries()) {
      if (index >= reportLimits.reportsPerCall) {
        const message = `Expected at most ${reportLimits.reportsPerCall} reports in one call, got ${reports.length}.`;
        invalid.push({ index, id: idOf(given), field: 'reports', message });
        account.add({ outcome: 'INVALID', reason: 'too_many', category: claimedCategory(given) });
      } else if (index >= allowed) {
        outcomes[index] = 'RATE_LIMITED';
        const reason = congestion ? 'overloaded' : rate.reason();
        account.add({ outcome: 'RATE_LIMITED', reason, category: claimedCategory(given) });
      } else {
        const judged = judge(app, projectId, given, { settings, sentAt, receivedAt });
        const made = judged instanceof Promise ? await judged : judged;
        if ('report' in made && made.report.body === null && spike?.isOver()) {
          outcomes[index] = 'RATE_LIMITED';
          retryAfterSeconds = spikeSeconds;
          const { category } = made.report;
          account.add({ outcome: 'RATE_LIMITED', reason: 'spike', category });
        } else if ('report' in made) {
          spike?.count(1);
          prepared.push({ index, report: made.report });
        } else if ('reason' in made) {
          outcomes[index] = 'FILTERED';
          account.add({ outcome: 'FILTERED', reason: made.reason, category: made.category });
        } else {
          invalid.push({ index, id: idOf(given), ...made });
          account.add({
            outcome: 'INVALID',
            reason: 'malformed',
            category: claimedCategory(given),
          });
        }
      }
    }
  }
  // What was not stored has taken nobody's place.
  const giveBack = ({ body, grouping }: PreparedReport) => {
    spike?.count(-1);
    if (body !== null) forgetSample(app, projectId, grouping);
  };
  const call = {
    projectId,
    receivedAt,
    reports: prepared.map(({ report }) => report),
    clientReports: accounts,
    ledger: account.entries(),
  };
  if (congestion && accounts.length === 0) writer.count(call);
  else if (prepared.length > 0 || accounts.length > 0 || call.ledger.length > 0) {
    const { fresh } = await writer.write(call).catch((error: unknown) => {
      for (const { report } of prepared) giveBack(report);
      throw error;
    });
    prepared.forEach(({ index, report }, at) => {
      outcomes[index] = fresh[at] ? 'ACCEPTED' : 'DUPLICATE';
      if (!fresh[at]) giveBack(report);
    });
  }
  const count = (outcome: ReportOutcome) => outcomes.filter((each) => each === outcome).length;
  const rateLimited = count('RATE_LIMITED');
  return {
    accepted: count('ACCEPTED'),
    duplicate: count('DUPLICATE'),
    filtered: count('FILTERED'),
    rateLimited,
    retryAfterSeconds: rateLimited > 0 ? retryAfterSeconds : null,
    invalid,
    outcomes,
    clientReports: accounts.length,
  };
}

type Judged =
  | { report: PreparedReport }
  | { reason: string; category: ReportCategory }
  | { field: string; message: string };

type Judging = { settings: Settings; sentAt: Date | null; receivedAt: Date };

/** Parses one report, puts its stacks into its sources and judges it; waits for nothing where it need not. */
function judge(
  app: App,
  projectId: string,
  given: unknown,
  judging: Judging,
): Judged | Promise<Judged> {
  const parsed = isUsualReport(given)
    ? { success: true as const, data: given }
    : Report.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') || 'report';
    return { field, message: `${field}: ${issue?.message ?? 'does not fit'}` };
  }
  const report = withSources(app, projectId, parsed.data);
  return report instanceof Promise
    ? report.then((mapped) => judgeParsed(app, projectId, mapped, judging))
    : judgeParsed(app, projectId, report, judging);
}

/** Classifies, filters, redacts, dates and groups one report. */
function judgeParsed(
  app: App,
  projectId: string,
  report: Report,
  { settings, sentAt, receivedAt }: Judging,
): Judged {
  const category = report.category ?? categoryOf(report);
  const reason = filterOf(settings.filters, report, category);
  if (reason) return { reason, category };
  const redacted = redactReport(report);
  const prepared = prepareReport(redacted, {
    occurredAt: correctedInstant(new Date(report.occurredAt), { sentAt, receivedAt }),
    category,
    severity: report.severity ?? severityOf(category),
    userHash: report.user ? hashUser(app, projectId, report.user.id) : null,
    rules: settings.rules,
  });
  const body = isSample(app, projectId, prepared.grouping) ? JSON.stringify(redacted) : null;
  return { report: { ...prepared, body } };
}

/** Reasons of reporters and of envelope SDKs; of others the ledger would have a line each. */
const knownReasons = new Set([
  'backpressure',
  'before_send',
  'buffer_overflow',
  'cache_overflow',
  'closed',
  'event_processor',
  'expired',
  'filtered',
  'ignored',
  'insufficient_data',
  'internal_sdk_error',
  'invalid',
  'network_error',
  'queue_full',
  'queue_overflow',
  'rate_limited',
  'ratelimit_backoff',
  'sample_rate',
  'send_error',
  'storage_error',
  'storage_full',
  'suppressed',
  'too_large',
  'unreadable',
]);

/** A client's account as the ledger keeps it. */
function accountOf({ id, discarded }: ClientReport) {
  return {
    id: id.toLowerCase(),
    discarded: discarded.map(({ reason, category, count }) => ({
      reason: knownReasons.has(reason) ? reason : 'other',
      category: category ?? ('OTHER' as const),
      count,
    })),
  };
}

function idOf(given: unknown): string | null {
  const id = typeof given === 'object' && given !== null && 'id' in given ? given.id : null;
  return typeof id === 'string' && /^[0-9a-f-]{36}$/i.test(id) ? id : null;
}

/** What a report that is not looked at says of its category. */
function claimedCategory(given: unknown): ReportCategory {
  const claimed =
    typeof given === 'object' && given !== null && 'category' in given ? given.category : null;
  return reportCategories.find((category) => category === claimed) ?? 'OTHER';
}

function writerOf(app: App): ReportWriter {
  let writer = writers.get(app.sql);
  if (!writer) {
    writer = makeReportWriter(app, counterOf(app));
    writers.set(app.sql, writer);
  }
  return writer;
}
