import { reportLimits } from '../../contract/report.ts';
import { builder } from '../../graphql/builder.ts';
import type { Context, Viewer } from '../../graphql/context.ts';
import { describe } from '../../graphql/describe.ts';
import { forbidden, refusal, unauthenticated } from '../../graphql/errors.ts';
import { InvalidCursorError } from '../../platform/pubsub.ts';
import { ReportCategoryType, ReportSeverityType } from '../schema-vocabulary.ts';
import { bufferedEvents, type DebugGap, type DebugItem } from './buffer.ts';
import { type DebugBody, type DebugEvent, debugKinds } from './event.ts';
import type { DebugFilter } from './filter.ts';
import { followDebugEvents } from './follow.ts';
import { whenDatabaseIsThere } from './patience.ts';

const DebugKindType = builder.enumType('DebugKind', {
  description: 'What kind of event of the debug stream it is.',
  values: describe(debugKinds),
});

const DebugStreamFilter = builder.inputType('DebugStreamFilter', {
  description:
    'Which events of the debug stream; the server sends no others. What is absent does not restrict.',
  fields: (t) => ({
    kinds: t.field({ type: [DebugKindType], description: 'Of one of these kinds.' }),
    categories: t.field({
      type: [ReportCategoryType],
      description: 'In one of these categories; events without one do not fit.',
    }),
    severities: t.field({
      type: [ReportSeverityType],
      description: 'Of one of these severities.',
    }),
    sources: t.stringList({
      description: 'From one of these services, platforms or clients, exact.',
    }),
    text: t.string({
      description:
        'Whose title or details hold this text, whatever its case; up to 200 characters.',
    }),
    issueId: t.id({ description: 'About this issue: of errors or of sync.' }),
    correlationId: t.string({ description: 'Of this trace: 32 lower-case hexadecimal digits.' }),
    clientId: t.string({
      description:
        'Seen on this client: its id in sync, the tag `client` of its reports, the `clientId` of its checks; of slow operations the key or user that asked.',
    }),
  }),
});

const DebugSyncState = builder.objectRef<DebugBody['detail']>('DebugSyncState').implement({
  description: 'How far a client has synced. What it did not say is `null`.',
  fields: (t) => ({
    pendingOperations: t.int({
      nullable: true,
      description: 'Changes that it has not got across.',
      resolve: (detail) => wholeOf(detail.pendingOperations),
    }),
    lastSyncTimestamp: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was last in step.',
      resolve: (detail) => instantOf(detail.lastSyncTimestamp),
    }),
    conflictCount: t.int({
      nullable: true,
      description: 'Conflicts that are open.',
      resolve: (detail) => wholeOf(detail.conflictCount),
    }),
    offlineQueue: t.int({
      nullable: true,
      description: 'Things that wait in its store for a connection.',
      resolve: (detail) => wholeOf(detail.offlineQueue),
    }),
  }),
});

const DebugContractState = builder.objectRef<DebugBody['detail']>('DebugContractState').implement({
  description: 'How a contract is kept. What was not said is `null`.',
  fields: (t) => ({
    checked: t.int({
      nullable: true,
      description: 'Checks so far.',
      resolve: (detail) => wholeOf(detail.checked),
    }),
    violations: t.int({
      nullable: true,
      description: 'Checks that found it broken.',
      resolve: (detail) => wholeOf(detail.violations),
    }),
    lastViolation: t.string({
      nullable: true,
      description: 'The last thing that was found, in words without values.',
      resolve: ({ lastViolation }) => (typeof lastViolation === 'string' ? lastViolation : null),
    }),
  }),
});

const DebugPerformance = builder.objectRef<DebugBody['detail']>('DebugPerformance').implement({
  description: 'What an operation or a job took. What was not measured is `null`.',
  fields: (t) => ({
    durationMs: t.float({
      nullable: true,
      description: 'How long it took, in milliseconds.',
      resolve: (detail) => numberOf(detail.durationMs),
    }),
    memoryDeltaBytes: t.float({
      nullable: true,
      description:
        'How much more memory the process held at its end, in bytes; other work of the process is in it, and it may be below 0.',
      resolve: (detail) => numberOf(detail.memoryDeltaBytes),
    }),
    cpuEstimate: t.float({
      nullable: true,
      description:
        'Share of one processor that the process used meanwhile, from 0; other work of the process is in it.',
      resolve: (detail) => numberOf(detail.cpuEstimate),
    }),
  }),
});

const DebugEntry = builder.objectRef<DebugEvent>('DebugEntry').implement({
  description: 'Something happened, as it was found out.',
  fields: (t) => ({
    cursor: t.string({
      description: 'Resumes the subscription after this event, as `after`, for five minutes.',
      resolve: ({ sequence }) => String(sequence),
    }),
    sequence: t.expose('sequence', {
      type: 'BigInt',
      description: 'Grows with every event of the project, by more than one at a time.',
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was found out.' }),
    kind: t.expose('kind', { type: DebugKindType, description: 'What kind of event.' }),
    signal: t.exposeString('signal', {
      description:
        'What was found out, for example `report`, `issue.new`, `contract.broken`, `sync.diverged`, `queue.stalled`, `health`.',
    }),
    subjectId: t.exposeString('subjectId', {
      description: 'What it is about: the issue, contract, sync issue, client or operation.',
    }),
    title: t.exposeString('title', { description: 'In words, without personal data.' }),
    severity: t.expose('severity', { type: ReportSeverityType, description: 'How bad it is.' }),
    category: t.expose('category', {
      type: ReportCategoryType,
      nullable: true,
      description: 'What kind of trouble. `null` for what is no trouble.',
    }),
    source: t.exposeString('source', {
      nullable: true,
      description: 'Service, platform or client that it comes from. `null` when unknown.',
    }),
    correlationId: t.exposeString('correlationId', {
      nullable: true,
      description: 'W3C trace id of what led to it. `null` when unknown.',
    }),
    clientId: t.exposeString('clientId', {
      nullable: true,
      description: 'The client that it was seen on. `null` when unknown.',
    }),
    detail: t.field({
      type: 'JSON',
      description: 'Numbers and short words by name, redacted.',
      resolve: ({ detail }) => detail,
    }),
    sync: t.field({
      type: DebugSyncState,
      nullable: true,
      description: 'State of the client. `null` unless the kind is SYNC_UPDATE.',
      resolve: ({ kind, detail }) => (kind === 'SYNC_UPDATE' ? detail : null),
    }),
    contract: t.field({
      type: DebugContractState,
      nullable: true,
      description: 'State of the contract. `null` unless the kind is CONTRACT_CHECK.',
      resolve: ({ kind, detail }) => (kind === 'CONTRACT_CHECK' ? detail : null),
    }),
    performance: t.field({
      type: DebugPerformance,
      nullable: true,
      description: 'What it took. `null` unless the kind is PERFORMANCE.',
      resolve: ({ kind, detail }) => (kind === 'PERFORMANCE' ? detail : null),
    }),
  }),
});

const DebugGapType = builder.objectRef<DebugGap>('DebugGap').implement({
  description:
    'Events that were not sent: the follower read too slowly, or came back after more than five minutes. The stream goes on after them.',
  fields: (t) => ({
    cursor: t.string({
      description: 'Resumes the subscription after the gap, as `after`.',
      resolve: ({ to }) => String(to),
    }),
    from: t.expose('from', { type: 'BigInt', description: 'Sequence of the first of them.' }),
    to: t.expose('to', { type: 'BigInt', description: 'Sequence of the last of them.' }),
    dropped: t.exposeInt('dropped', {
      nullable: true,
      description:
        'How many of the events that were asked for. `null` where they are no longer known.',
    }),
  }),
});

const DebugEventType = builder.unionType('DebugEvent', {
  description: 'An event of the debug stream, or a gap in it.',
  types: [DebugEntry, DebugGapType],
  resolveType: (item) => ('dropped' in item ? DebugGapType : DebugEntry),
});

builder.subscriptionField('debugStream', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.field({
    type: DebugEventType,
    description: `What diagnostics finds out in the project, as it does. Holds ${bufferedEvents} unread events; what is over them becomes a gap. While the database is away nothing comes, and then it goes on.`,
    args: {
      where: t.arg({ type: DebugStreamFilter, description: 'Which events.' }),
      after: t.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for five minutes.',
      }),
    },
    subscribe: (_root, { where, after }, context) => follow(context, where ?? {}, after ?? null),
    resolve: (item) => item,
  });
});

/** The events, as long as the viewer may read them: rights are looked up again at every one. */
async function* follow(
  context: Context & { viewer: Viewer },
  where: DebugFilter,
  after: string | null,
): AsyncGenerator<DebugItem> {
  requireShort(where);
  const { projectId } = context.viewer;
  const { signal } = context;
  const issueId = where.issueId?.toLowerCase() ?? null;
  try {
    for await (const item of followDebugEvents(context.app, {
      projectId,
      where: { ...where, issueId },
      after,
      signal,
    })) {
      const viewer = await whenDatabaseIsThere(context.app, signal, () => context.recheck());
      if (!viewer) throw unauthenticated();
      if (!viewer.scopes.has('READ') || viewer.projectId !== projectId) throw forbidden();
      yield item;
    }
  } catch (error) {
    if (error instanceof InvalidCursorError) throw refusal('BAD_USER_INPUT', error.message);
    throw error;
  }
}

const mostChars = 200;

function requireShort({ text, sources, clientId }: DebugFilter): void {
  for (const [name, value] of [
    ['text', text],
    ['clientId', clientId],
    ...(sources ?? []).map((source, index) => [`sources.${index}`, source] as const),
  ] as const)
    if (value && value.length > mostChars)
      throw refusal(
        'BAD_USER_INPUT',
        `Expected at most ${mostChars} characters for where.${name}, got ${value.length}.`,
      );
  if (sources && sources.length > reportLimits.entries)
    throw refusal(
      'BAD_USER_INPUT',
      `Expected at most ${reportLimits.entries} items for where.sources, got ${sources.length}.`,
    );
}

type Value = DebugBody['detail'][string] | undefined;

function numberOf(value: Value): number | null {
  return typeof value === 'number' ? value : null;
}

function wholeOf(value: Value): number | null {
  const number = numberOf(value);
  return number === null ? null : Math.min(Math.round(number), 2 ** 31 - 1);
}

function instantOf(value: Value): Date | null {
  const at = typeof value === 'string' ? new Date(value) : null;
  return at && !Number.isNaN(at.getTime()) ? at : null;
}
