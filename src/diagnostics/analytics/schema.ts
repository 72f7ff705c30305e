import { builder } from '../../graphql/builder.ts';
import { describe } from '../../graphql/describe.ts';
import { parseUuid } from '../../graphql/input.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { refuseUnstorable, refuseUnstorableInstant } from '../../lib/storable.ts';
import { ReportOutcomeType } from '../intake/schema.ts';
import { ErrorIssueType } from '../issues/schema.ts';
import {
  ReportCategoryType,
  ReportPlatformType,
  ReportSeverityType,
} from '../schema-vocabulary.ts';
import { type Cascade, errorCascades, reportsConsidered } from './cascades.ts';
import { type LedgerSum, reportLedger } from './ledger.ts';
import { errorMovers, type Mover, type ResolutionTimes, resolutionTimes } from './movers.ts';
import { errorTrends, issueTrend, type TrendPoint, type TrendSeries } from './trends.ts';

const TimeBucket = builder.enumType('TimeBucket', {
  description: 'What times are gathered by, in UTC.',
  values: describe({ HOUR: 'By the hour.', DAY: 'By the day.' }),
});

const TrendDimension = builder.enumType('TrendDimension', {
  description: 'What reports are told apart by.',
  values: describe({
    CATEGORY: 'By category.',
    SEVERITY: 'By severity.',
    PLATFORM: 'By where they come from.',
    SERVICE: 'By service.',
    RELEASE: 'By release.',
  }),
});

const PeriodInput = builder.inputType('ReportPeriod', {
  description: 'A stretch of time, in whole hours or days of UTC. Absent: the last seven days.',
  fields: (t) => ({
    from: t.field({
      type: 'DateTime',
      description: 'Its begin. Absent: seven days before its end.',
    }),
    to: t.field({ type: 'DateTime', description: 'Its end, exclusive. Absent: now.' }),
  }),
});

const ErrorTrendFilter = builder.inputType('ErrorTrendFilter', {
  description: 'Which reports. What is absent does not restrict.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', description: 'Begin. Absent: seven days before the end.' }),
    to: t.field({ type: 'DateTime', description: 'End, exclusive. Absent: now.' }),
    categories: t.field({ type: [ReportCategoryType], description: 'Of one of these categories.' }),
    severities: t.field({ type: [ReportSeverityType], description: 'Of one of these severities.' }),
    platforms: t.field({ type: [ReportPlatformType], description: 'From one of these.' }),
    services: t.stringList({ description: 'Of one of these services.' }),
    releases: t.stringList({ description: 'Of one of these releases.' }),
  }),
});

const TrendPointType = builder.objectRef<TrendPoint>('ErrorTrendPoint').implement({
  description: 'One hour or day. Those without reports are left out.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'Its begin.' }),
    count: t.exposeFloat('count', { description: 'Reports, a whole number.' }),
    users: t.exposeInt('users', { description: 'Different users.' }),
  }),
});

const TrendSeriesType = builder.objectRef<TrendSeries>('ErrorTrend').implement({
  description: 'Reports of one kind over time.',
  fields: (t) => ({
    key: t.exposeString('key', {
      nullable: true,
      description:
        'The kind; empty for reports that name none. `null` when kinds are not asked for.',
    }),
    count: t.exposeFloat('count', { description: 'Reports in the period, a whole number.' }),
    users: t.exposeInt('users', { description: 'Different users in the period.' }),
    countBefore: t.exposeFloat('countBefore', {
      description:
        'Reports at the same times the week before; of longer periods, as many weeks before.',
    }),
    usersBefore: t.exposeInt('usersBefore', { description: 'Different users then.' }),
    change: t.exposeFloat('change', {
      nullable: true,
      description:
        '1 for twice as many as before, −1 for none any more. `null` when there were none.',
    }),
    points: t.expose('points', { type: [TrendPointType], description: 'In the order of time.' }),
  }),
});

const IssuePoint = builder.objectRef<{ at: Date; count: number }>('ErrorIssuePoint').implement({
  description: 'One hour or day of an issue. Those without reports are left out.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'Its begin.' }),
    count: t.exposeFloat('count', { description: 'Reports, a whole number.' }),
  }),
});

const MoverType = builder.objectRef<Mover>('ErrorMover').implement({
  description: 'An issue that comes more or less often than the week before.',
  fields: (t) => ({
    issue: t.expose('issue', { type: ErrorIssueType, description: 'Which.' }),
    count: t.exposeFloat('count', { description: 'Reports in the period, a whole number.' }),
    countBefore: t.exposeFloat('countBefore', { description: 'Reports the week before.' }),
    change: t.exposeFloat('change', {
      nullable: true,
      description:
        '1 for twice as many as before, −1 for none any more. `null` when there were none.',
    }),
  }),
});

const ResolutionType = builder.objectRef<ResolutionTimes>('ErrorResolutionTimes').implement({
  description: 'How long issues were open before they were resolved.',
  fields: (t) => ({
    category: t.exposeString('category', {
      nullable: true,
      description: 'Category of the issues. `null` for all together.',
    }),
    resolved: t.exposeInt('resolved', { description: 'Resolutions in the period.' }),
    meanSeconds: t.exposeFloat('meanSeconds', { description: 'Mean, in seconds.' }),
    medianSeconds: t.exposeFloat('medianSeconds', { description: 'Median, in seconds.' }),
  }),
});

const CascadeType = builder.objectRef<Cascade>('ErrorCascade').implement({
  description: 'Two issues whose reports share traces, of which one came first.',
  fields: (t) => ({
    cause: t.expose('cause', { type: ErrorIssueType, description: 'The one that came first.' }),
    effect: t.expose('effect', { type: ErrorIssueType, description: 'The one that followed.' }),
    traces: t.exposeInt('traces', { description: 'Traces in which it was so.' }),
    share: t.exposeFloat('share', {
      description: 'Of the effect’s traces the share in which it was so, 0 to 1.',
    }),
    medianDelayMs: t.exposeFloat('medianDelayMs', {
      description: 'Time from the one to the other, in the middle of the traces, in milliseconds.',
    }),
  }),
});

const LedgerSumType = builder.objectRef<LedgerSum>('ReportLedgerSum').implement({
  description: 'So many reports came to this in one hour or day.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'Begin of the hour or day.' }),
    outcome: t.expose('outcome', { type: ReportOutcomeType, description: 'What became of them.' }),
    reason: t.exposeString('reason', {
      description: 'Why, in a stable word; empty where the outcome says it all.',
    }),
    category: t.expose('category', {
      type: ReportCategoryType,
      description: 'Their category; OTHER where they were not looked at.',
    }),
    count: t.expose('count', { type: 'BigInt', description: 'How many.' }),
  }),
});

type Range = { from?: Date | null; to?: Date | null } | null | undefined;

function rangeOf(where: Range): { from: Date | null; to: Date | null } {
  for (const field of ['from', 'to'] as const) {
    const at = where?.[field];
    if (at) refuseUnstorableInstant(at, `where.${field}`);
  }
  return { from: where?.from ?? null, to: where?.to ?? null };
}

function sizeOf(first: number | null | undefined, fallback: number, most: number): number {
  const size = first ?? fallback;
  if (size < 1 || size > most)
    throw new InvalidInputError('first', `Expected 1 to ${most} for first, got ${size}.`);
  return size;
}

builder.queryFields((fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return {
    errorTrends: t.field({
      type: [TrendSeriesType],
      complexity: 50,
      description:
        'Counts and users over time beside the week before, the 30 largest kinds; from hourly counts.',
      args: {
        where: t.arg({ type: ErrorTrendFilter, description: 'Which reports.' }),
        by: t.arg({ type: TrendDimension, description: 'By what. Absent: all together.' }),
        bucket: t.arg({ type: TimeBucket, description: 'By hour or day. Default: DAY.' }),
      },
      resolve: (_root, { where, by, bucket }, { app, viewer }) => {
        refuseUnstorable([where?.services, where?.releases], 'where');
        return errorTrends(app, viewer.projectId, {
          where: { ...where, ...rangeOf(where) },
          by: by ?? null,
          bucket: bucket ?? 'DAY',
        });
      },
    }),
    errorIssueTrend: t.field({
      type: [IssuePoint],
      complexity: 20,
      description: 'How often an issue was reported over time.',
      args: {
        issueId: t.arg.id({ required: true, description: 'The issue.' }),
        where: t.arg({ type: PeriodInput, description: 'When.' }),
        bucket: t.arg({ type: TimeBucket, description: 'By hour or day. Default: HOUR.' }),
      },
      resolve: (_root, { issueId, where, bucket }, { app, viewer }) =>
        issueTrend(app, viewer.projectId, {
          issueId: parseUuid(issueId, 'issueId'),
          where: rangeOf(where),
          bucket: bucket ?? 'HOUR',
        }),
    }),
    errorMovers: t.field({
      type: [MoverType],
      complexity: 50,
      description:
        'The issues that come more or less often than the week before, the most striking first.',
      args: {
        where: t.arg({ type: PeriodInput, description: 'When.' }),
        first: t.arg.int({ description: 'How many, at most 50. Default: 10.' }),
      },
      resolve: (_root, { where, first }, { app, viewer }) =>
        errorMovers(app, viewer.projectId, { where: rangeOf(where), first: sizeOf(first, 10, 50) }),
    }),
    errorResolutionTimes: t.field({
      type: [ResolutionType],
      complexity: 20,
      description: 'Mean time to resolve: of all issues resolved in the period, then by category.',
      args: { where: t.arg({ type: PeriodInput, description: 'When.' }) },
      resolve: (_root, { where }, { app, viewer }) =>
        resolutionTimes(app, viewer.projectId, rangeOf(where)),
    }),
    errorCascades: t.field({
      type: [CascadeType],
      complexity: 50,
      description: `Which issues follow which, by the traces that their reports share; of the latest ${reportsConsidered} reports with a trace.`,
      args: {
        where: t.arg({ type: PeriodInput, description: 'When.' }),
        minTraces: t.arg.int({ description: 'In so many traces at least. Default: 1.' }),
        first: t.arg.int({ description: 'How many, at most 50. Default: 10.' }),
      },
      resolve: (_root, { where, minTraces, first }, { app, viewer }) =>
        errorCascades(app, viewer.projectId, {
          where: rangeOf(where),
          minTraces: sizeOf(minTraces, 1, 1_000_000),
          first: sizeOf(first, 10, 50),
        }),
    }),
    reportLedger: t.field({
      type: [LedgerSumType],
      complexity: 20,
      description:
        'What became of reports, by when they arrived: with what clients discarded, the sum is what they captured.',
      args: {
        where: t.arg({ type: PeriodInput, description: 'When.' }),
        bucket: t.arg({ type: TimeBucket, description: 'By hour or day. Default: DAY.' }),
      },
      resolve: (_root, { where, bucket }, { app, viewer }) =>
        reportLedger(app, viewer.projectId, rangeOf(where), bucket ?? 'DAY'),
    }),
  };
});
