import * as z from 'zod';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { ArchivedUntil, ErrorIssueState, ResolvedIn } from '../../generated/prisma/enums.ts';
import { builder } from '../../graphql/builder.ts';
import { onceFor } from '../../graphql/context.ts';
import { describe } from '../../graphql/describe.ts';
import { escapePattern, parseUuid } from '../../graphql/input.ts';
import type { ExplainedPart, Explanation, Way } from '../grouping/group.ts';
import { makeBodyLoader } from '../intake/bodies.ts';
import {
  ReportCategoryType,
  ReportPlatformType,
  ReportSeverityType,
} from '../schema-vocabulary.ts';
import { pageOfEvents } from './event-pages.ts';

const states: Record<ErrorIssueState, string> = {
  NEW: 'Known for less than seven days.',
  ONGOING: 'Known, and nobody has done anything about it yet.',
  ESCALATING: 'It comes far more often than its own past let expect.',
  REGRESSED: 'It was resolved and came back in the last seven days.',
  ARCHIVED: 'It is ignored until something ends its rest; it is still counted.',
  RESOLVED: 'It is solved.',
};

const ways: Record<Way, string> = {
  CLIENT: 'By the fingerprint that the client gave.',
  RULE: 'By a rule of the project.',
  IN_APP_FRAMES: 'By the platform’s own code in the stacks of the chained errors.',
  SYSTEM_FRAMES: 'By the stacks, in which there is no own code.',
  MESSAGE: 'By class and message: no stack contributes.',
  CATEGORY: 'By category: the report says nothing else.',
};

const resolutions: Record<ResolvedIn, string> = {
  NOW: 'At once.',
  THIS_RELEASE: 'In a release.',
  NEXT_RELEASE: 'In the release after the newest one known.',
};

const rests: Record<ArchivedUntil, string> = {
  FOREVER: 'Nothing ends it but a person.',
  TIME: 'An instant.',
  COUNT: 'A number of further reports.',
  USERS: 'A number of further users.',
  ESCALATION: 'More reports in an hour than its past lets expect.',
};

export const ErrorIssueStateType = builder.enumType('ErrorIssueState', {
  description: 'Where an issue is in its life.',
  values: describe(states),
});

export const ResolvedInType = builder.enumType('ResolvedIn', {
  description: 'When an issue is solved.',
  values: describe(resolutions),
});

export const ArchivedUntilType = builder.enumType('ArchivedUntil', {
  description: 'What ends the rest of an issue.',
  values: describe(rests),
});

const GroupingWay = builder.enumType('GroupingWay', {
  description: 'Which way of grouping was taken.',
  values: describe(ways),
});

const GroupingPart = builder.objectRef<ExplainedPart>('GroupingPart').implement({
  description: 'One thing of a report that was looked at.',
  fields: (t) => ({
    kind: t.exposeString('kind', {
      description: 'For example `type`, `frame`, `message`, `sqlstate`.',
    }),
    value: t.exposeString('value', { description: 'What it says, normalised.' }),
    counts: t.exposeBoolean('counts', { description: 'Whether reports must agree in it.' }),
    why: t.exposeString('why', { description: 'Why it counts or not.' }),
  }),
});

const ExplanationType = builder.objectRef<Explanation>('GroupingExplanation').implement({
  description: 'Why reports are grouped as they are, as it was when the first one came.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'Version of the rules of grouping.' }),
    way: t.expose('way', { type: GroupingWay, description: 'Which way was taken.' }),
    rule: t.exposeString('rule', {
      nullable: true,
      description: 'The project’s rule that decided. `null` where none did.',
    }),
    parts: t.expose('parts', {
      type: [GroupingPart],
      description: 'What was looked at, in order.',
    }),
    omitted: t.exposeInt('omitted', { description: 'Parts that are not listed.' }),
  }),
});

const StoredExplanation = z.custom<Explanation>(
  (value) => typeof value === 'object' && value !== null,
);

const ErrorEventType = builder.prismaObject('ErrorEvent', {
  fields: (t) => ({
    id: t.exposeID('id'),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
    receivedAt: t.expose('receivedAt', { type: 'DateTime' }),
    category: t.expose('category', {
      type: ReportCategoryType,
      description: 'What kind of trouble.',
    }),
    severity: t.expose('severity', { type: ReportSeverityType, description: 'How bad it is.' }),
    platform: t.expose('platform', { type: ReportPlatformType, description: 'Where it happened.' }),
    service: t.exposeString('service', { nullable: true }),
    release: t.exposeString('release', { nullable: true }),
    environment: t.exposeString('environment', { nullable: true }),
    correlationId: t.exposeString('correlationId', { nullable: true }),
    user: t.string({
      nullable: true,
      description:
        'Digest of the user, the same in all reports of the project. `null` when none was named.',
      select: { userHash: true },
      resolve: ({ userHash }) => userHash && Buffer.from(userHash).toString('hex'),
    }),
    report: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'The whole report, redacted. `null` where it is only counted: of each fingerprint and hour every server process keeps at most 100 whole.',
      select: { chunkId: true, chunkIndex: true },
      resolve: ({ chunkId, chunkIndex }, _args, context) =>
        chunkId === null || chunkIndex === null
          ? null
          : onceFor(context, makeBodyLoader).load({ chunkId, chunkIndex }),
    }),
    fingerprintId: t.exposeID('fingerprintId', { description: 'Its fingerprint.' }),
  }),
});

builder.prismaObject('Fingerprint', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the fingerprint.' }),
    hash: t.string({
      description: 'SHA-256 of the parts that count, in hexadecimal digits.',
      select: { hash: true },
      resolve: ({ hash }) => Buffer.from(hash).toString('hex'),
    }),
    title: t.exposeString('title'),
    culprit: t.exposeString('culprit', { nullable: true }),
    count: t.expose('count', { type: 'BigInt' }),
    firstSeenAt: t.expose('firstSeenAt', { type: 'DateTime' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime' }),
    explanation: t.field({
      type: ExplanationType,
      description: 'Why reports are grouped so.',
      select: { explanation: true },
      resolve: ({ explanation }) => StoredExplanation.parse(explanation),
    }),
  }),
});

builder.prismaObject('ErrorIssueChange', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the change.' }),
    state: t.expose('state', { type: ErrorIssueStateType }),
    version: t.exposeInt('version'),
    reason: t.exposeString('reason'),
    actorId: t.exposeID('actorId', { nullable: true }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
  }),
});

export const ErrorIssueType = builder.prismaObject('ErrorIssue', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the issue.' }),
    title: t.exposeString('title'),
    culprit: t.exposeString('culprit', { nullable: true }),
    category: t.expose('category', { type: ReportCategoryType }),
    severity: t.expose('severity', { type: ReportSeverityType }),
    platform: t.expose('platform', { type: ReportPlatformType }),
    service: t.exposeString('service', { nullable: true }),
    state: t.expose('state', {
      type: ErrorIssueStateType,
      description: 'Where it is in its life.',
    }),
    stateSince: t.expose('stateSince', { type: 'DateTime' }),
    version: t.exposeInt('version'),
    firstSeenAt: t.expose('firstSeenAt', { type: 'DateTime' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime' }),
    count: t.expose('count', { type: 'BigInt' }),
    userCount: t.exposeInt('userCount'),
    firstRelease: t.exposeString('firstRelease', { nullable: true }),
    lastRelease: t.exposeString('lastRelease', { nullable: true }),
    resolvedIn: t.expose('resolvedIn', { type: ResolvedInType, nullable: true }),
    resolvedRelease: t.exposeString('resolvedRelease', { nullable: true }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true }),
    archivedUntil: t.expose('archivedUntil', { type: ArchivedUntilType, nullable: true }),
    archivedUntilAt: t.expose('archivedUntilAt', { type: 'DateTime', nullable: true }),
    archivedUntilCount: t.expose('archivedUntilCount', { type: 'BigInt', nullable: true }),
    archivedUntilUsers: t.exposeInt('archivedUntilUsers', { nullable: true }),
    hourLimit: t.exposeInt('hourLimit', { nullable: true }),
    assigneeId: t.exposeID('assigneeId', { nullable: true }),
    mergedIntoId: t.exposeID('mergedIntoId', { nullable: true }),
    explanation: t.field({
      type: ExplanationType,
      nullable: true,
      description:
        'Why its latest reports are grouped so; `fingerprints` holds those of all. `null` when it was merged.',
      select: {
        fingerprints: { select: { explanation: true }, orderBy: { lastSeenAt: 'desc' }, take: 1 },
      },
      resolve: ({ fingerprints }) =>
        fingerprints[0] ? StoredExplanation.parse(fingerprints[0].explanation) : null,
    }),
    fingerprints: t.relatedConnection(
      'fingerprints',
      {
        cursor: 'id',
        description: 'What its reports have in common: several after a merge. Latest first.',
        query: { orderBy: [{ lastSeenAt: 'desc' }, { id: 'desc' }] },
      },
      { name: 'FingerprintConnection', description: 'A page of fingerprints.' },
      { name: 'FingerprintEdge', description: 'An item of a page of fingerprints.' },
    ),
    changes: t.relatedConnection(
      'changes',
      {
        cursor: 'id',
        description: 'Changes of its state, newest first.',
        query: { orderBy: [{ version: 'desc' }, { id: 'desc' }] },
      },
      { name: 'ErrorIssueChangeConnection', description: 'A page of changes.' },
      { name: 'ErrorIssueChangeEdge', description: 'An item of a page of changes.' },
    ),
  }),
});

const ErrorIssueFilter = builder.inputType('ErrorIssueFilter', {
  description: 'Which issues. What is absent does not restrict.',
  fields: (t) => ({
    states: t.field({ type: [ErrorIssueStateType], description: 'In one of these states.' }),
    categories: t.field({ type: [ReportCategoryType], description: 'Of one of these categories.' }),
    severities: t.field({ type: [ReportSeverityType], description: 'Of one of these severities.' }),
    platforms: t.field({ type: [ReportPlatformType], description: 'From one of these.' }),
    service: t.string({ description: 'First reported by this service.' }),
    lastRelease: t.string({ description: 'Whose newest release is this one.' }),
    assigneeId: t.id({ description: 'That this person looks after.' }),
    text: t.string({ description: 'With this in the title, whatever the case.' }),
    seenSince: t.field({ type: 'DateTime', description: 'Last seen at this instant or later.' }),
    newSince: t.field({ type: 'DateTime', description: 'First seen at this instant or later.' }),
  }),
});

const ErrorIssueOrder = builder.enumType('ErrorIssueOrder', {
  description: 'Order of issues, the highest first.',
  values: describe({
    LAST_SEEN: 'By when they happened last.',
    FIRST_SEEN: 'By when they happened first.',
    COUNT: 'By reports.',
    USERS: 'By users.',
  }),
});

const orders = {
  LAST_SEEN: [{ lastSeenAt: 'desc' }, { id: 'desc' }],
  FIRST_SEEN: [{ firstSeenAt: 'desc' }, { id: 'desc' }],
  COUNT: [{ count: 'desc' }, { id: 'desc' }],
  USERS: [{ userCount: 'desc' }, { id: 'desc' }],
} satisfies Record<string, Prisma.ErrorIssueOrderByWithRelationInput[]>;

const ErrorEventFilter = builder.inputType('ErrorEventFilter', {
  description: 'Which reports. What is absent does not restrict.',
  fields: (t) => ({
    issueId: t.id({ description: 'Of this issue.' }),
    fingerprintId: t.id({ description: 'Of this fingerprint.' }),
    correlationId: t.string({ description: 'Of this trace.' }),
  }),
});

builder.queryFields((fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return {
    errorIssue: t.prismaField({
      type: ErrorIssueType,
      nullable: true,
      description:
        'The issue with this id, also one that was merged; `null` when the project has none.',
      args: { id: t.arg.id({ required: true, description: 'Id of the issue.' }) },
      resolve: (query, _root, { id }, { app, viewer }) =>
        app.db.errorIssue.findFirst({
          ...query,
          where: { id: parseUuid(id, 'id'), projectId: viewer.projectId },
        }),
    }),
    errorIssues: t.prismaConnection(
      {
        type: ErrorIssueType,
        cursor: 'id',
        description: 'Issues of the project without those that were merged into others.',
        args: {
          where: t.arg({ type: ErrorIssueFilter, description: 'Which of them.' }),
          orderBy: t.arg({
            type: ErrorIssueOrder,
            description: 'In which order. Default: LAST_SEEN.',
          }),
        },
        totalCount: (_root, { where }, { app, viewer }) =>
          app.db.errorIssue.count({ where: issuesWhere(viewer.projectId, where) }),
        resolve: (query, _root, { where, orderBy }, { app, viewer }) =>
          app.db.errorIssue.findMany({
            ...query,
            where: issuesWhere(viewer.projectId, where),
            orderBy: orders[orderBy ?? 'LAST_SEEN'],
          }),
      },
      { name: 'ErrorIssueConnection', description: 'A page of issues.' },
      { name: 'ErrorIssueEdge', description: 'An item of a page of issues.' },
    ),
    errorEvents: t.prismaConnection(
      {
        type: ErrorEventType,
        cursor: 'projectId_id',
        description: 'Reports of an issue, a fingerprint or a trace, latest first.',
        args: {
          where: t.arg({
            type: ErrorEventFilter,
            required: true,
            description: 'Of which issue, fingerprint or trace.',
          }),
        },
        resolve: async (query, _root, { where }, { app, viewer }) => {
          const { projectId } = viewer;
          const { take, skip, cursor, ...rest } = query;
          const { issueId, fingerprintId, correlationId } = where;
          const filter = {
            issueId: issueId ? parseUuid(issueId, 'where.issueId') : null,
            fingerprintId: fingerprintId ? parseUuid(fingerprintId, 'where.fingerprintId') : null,
            correlationId: correlationId || null,
          };
          const ids = await pageOfEvents(app, projectId, filter, query);
          const events = await app.db.errorEvent.findMany({
            ...rest,
            where: { projectId, id: { in: ids } },
          });
          const byId = new Map(events.map((event) => [event.id, event]));
          return ids.flatMap((id) => byId.get(id) ?? []);
        },
      },
      { name: 'ErrorEventConnection', description: 'A page of reports.' },
      { name: 'ErrorEventEdge', description: 'An item of a page of reports.' },
    ),
  };
});

function issuesWhere(
  projectId: string,
  where: typeof ErrorIssueFilter.$inferInput | null | undefined,
): Prisma.ErrorIssueWhereInput {
  const some = <T>(list: T[] | null | undefined) => (list ? { in: list } : undefined);
  const filter = {
    projectId,
    mergedIntoId: null,
    state: some(where?.states),
    category: some(where?.categories),
    severity: some(where?.severities),
    platform: some(where?.platforms),
    service: where?.service ?? undefined,
    lastRelease: where?.lastRelease ?? undefined,
    assigneeId: where?.assigneeId ? parseUuid(where.assigneeId, 'where.assigneeId') : undefined,
    title: where?.text
      ? { contains: escapePattern(where.text), mode: 'insensitive' as const }
      : undefined,
    lastSeenAt: where?.seenSince ? { gte: where.seenSince } : undefined,
    firstSeenAt: where?.newSince ? { gte: where.newSince } : undefined,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
