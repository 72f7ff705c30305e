import { contractViolations, reportLimits } from '../../contract/report.ts';
import { builder } from '../../graphql/builder.ts';
import { describe } from '../../graphql/describe.ts';
import {
  ReportCategoryType,
  ReportPlatformType,
  ReportSeverityType,
} from '../schema-vocabulary.ts';

const FrameInput = builder.inputType('ReportFrameInput', {
  description: 'One call of a stack.',
  fields: (t) => ({
    file: t.string({ description: 'As the runtime names it: an address, a path or a name.' }),
    function: t.string({ description: 'Name of the function. Absent for an anonymous one.' }),
    line: t.int({ description: 'From 1.' }),
    column: t.int({ description: 'From 1.' }),
    isInApp: t.boolean({
      description: 'Whether it is the platform’s own code. Absent: judged by its file.',
    }),
  }),
});

const ExceptionInput = builder.inputType('ReportExceptionInput', {
  description: 'One error of a chain of causes.',
  fields: (t) => ({
    type: t.string({ description: 'Class of the error.' }),
    message: t.string({ description: `At most ${reportLimits.messageChars} characters.` }),
    frames: t.field({
      type: [FrameInput],
      description: `Its stack, the innermost call last; at most ${reportLimits.frames}.`,
    }),
  }),
});

const SourceInput = builder.inputType('ReportSourceInput', {
  description: 'Which part of the platform reports.',
  fields: (t) => ({
    service: t.string({ required: true, description: 'Name of the service or app.' }),
    module: t.string({ description: 'Part of it.' }),
    function: t.string({ description: 'Function of it.' }),
  }),
});

const RequestInput = builder.inputType('ReportRequestInput', {
  description: 'What was asked when it happened.',
  fields: (t) => ({
    method: t.string({ description: 'Method of HTTP.' }),
    url: t.string({ description: 'Address; secrets and personal data are taken out.' }),
    operationName: t.string({ description: 'Name of the GraphQL operation.' }),
    headers: t.field({
      type: 'JSON',
      description:
        'Names and values, as an object. Only what says something about a fault is kept.',
    }),
  }),
});

const ResponseInput = builder.inputType('ReportResponseInput', {
  description: 'What was answered when it happened.',
  fields: (t) => ({
    status: t.int({ description: 'HTTP status; 0 where none came.' }),
    code: t.string({
      description: 'Code of the refusal or of the system: `extensions.code`, `ECONNREFUSED`.',
    }),
    path: t.field({
      type: 'JSON',
      description: 'Path of a GraphQL error: a list of names and places in lists.',
    }),
    closeCode: t.int({ description: 'Close code of a WebSocket.' }),
    headers: t.field({
      type: 'JSON',
      description:
        'Names and values, as an object. Only what says something about a fault is kept.',
    }),
    durationMs: t.float({ description: 'Time until the answer, in milliseconds.' }),
  }),
});

const DatabaseInput = builder.inputType('ReportDatabaseInput', {
  description: 'What a database said. Never parameters.',
  fields: (t) => ({
    code: t.string({ description: 'SQLSTATE, or a code of Prisma.' }),
    table: t.string({ description: 'Table.' }),
    constraint: t.string({ description: 'Constraint.' }),
    queryShape: t.string({ description: 'The statement; values in it are taken out.' }),
  }),
});

const DeviationInput = builder.inputType('ReportDeviationInput', {
  description: 'One place that is not as the contract says.',
  fields: (t) => ({
    pointer: t.string({ required: true, description: 'JSON pointer.' }),
    keyword: t.string({ required: true, description: 'Keyword of JSON Schema that it breaks.' }),
    expected: t.string({ required: true, description: 'Expected type.' }),
    actual: t.string({ required: true, description: 'Actual type, never the value.' }),
  }),
});

const ContractInput = builder.inputType('ReportContractInput', {
  description: 'Which contract was broken, and where.',
  fields: (t) => ({
    hash: t.string({ description: 'Hash of the contract’s content.' }),
    operation: t.string({ description: 'Operation of the contract.' }),
    violation: t.string({
      description: `Kind of the violation: ${contractViolations.join(', ')}.`,
    }),
    pointer: t.string({ description: 'JSON pointer to the first deviation.' }),
    deviations: t.field({ type: [DeviationInput], description: 'All that was found.' }),
    isLate: t.boolean({ description: 'Of a timeout: whether an answer followed after all.' }),
  }),
});

const SyncInput = builder.inputType('ReportSyncInput', {
  description: 'Which copies disagree.',
  fields: (t) => ({
    type: t.string({ description: 'For example `conflict`, `divergence`, `timeout`.' }),
    source: t.string({ description: 'One copy, or where it came from.' }),
    target: t.string({ description: 'The other copy, or where it went.' }),
    entityType: t.string({ description: 'What kind of thing; never which one.' }),
    pendingOperations: t.int({ description: 'Operations that wait in the client.' }),
    lastSyncedAt: t.string({ description: 'Instant of the last success, ISO 8601.' }),
  }),
});

const EnvironmentInput = builder.inputType('ReportEnvironmentInput', {
  description: 'Where it ran.',
  fields: (t) => ({
    release: t.string({ description: 'Version or build of the code.' }),
    name: t.string({ description: 'For example `production`.' }),
    runtime: t.string({ description: 'Browser or runtime with its version.' }),
    os: t.string({ description: 'Operating system.' }),
  }),
});

const UserInput = builder.inputType('ReportUserInput', {
  description: 'Who met it.',
  fields: (t) => ({
    id: t.string({
      required: true,
      description: 'An id that says nothing about the person; only a digest of it is kept.',
    }),
  }),
});

const BreadcrumbInput = builder.inputType('ReportBreadcrumbInput', {
  description: 'Something that happened before.',
  fields: (t) => ({
    at: t.string({ required: true, description: 'Instant, ISO 8601.' }),
    kind: t.string({ required: true, description: 'For example `click`, `http`, `console`.' }),
    message: t.string({ description: 'What happened.' }),
  }),
});

const StoredInput = builder.inputType('ReportStoredInput', {
  description: 'A cookie or an entry of local storage: never its value.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its name.' }),
    bytes: t.int({ required: true, description: 'Size of its value, in bytes.' }),
  }),
});

const DebugInput = builder.inputType('ReportDebugInput', {
  description: 'What helps to understand it.',
  fields: (t) => ({
    breadcrumbs: t.field({
      type: [BreadcrumbInput],
      description: `Recent actions and lines of the console; at most ${reportLimits.breadcrumbs}.`,
    }),
    storage: t.field({ type: [StoredInput], description: 'Names and sizes of what is stored.' }),
  }),
});

const ReportResolution = builder.enumType('ReportResolution', {
  description: 'What its reporter did about a trouble.',
  values: describe({
    PENDING: 'Nothing yet.',
    RESOLVED: 'It is out of the world, for example by a second attempt.',
    IGNORED: 'It is known and does no harm.',
    WORKAROUND: 'Another way was taken.',
  }),
});

const ResolutionInput = builder.inputType('ReportResolutionInput', {
  description: 'What the reporter did about it.',
  fields: (t) => ({
    state: t.field({ type: ReportResolution, required: true, description: 'What.' }),
    note: t.string({ description: 'In words, for example which other way was taken.' }),
  }),
});

/** Loose where it can be, so that one report that does not fit harms none of the others. */
export const ReportInput = builder.inputType('ReportInput', {
  description:
    'One trouble, told once. What does not fit is answered under `invalid`, and the other reports are taken.',
  fields: (t) => ({
    id: t.id({ description: 'UUID made by the reporter, the same at every repeat. Needed.' }),
    occurredAt: t.string({ description: 'Instant by the reporter’s clock, ISO 8601. Needed.' }),
    category: t.field({
      type: ReportCategoryType,
      description: 'Absent: classified from the error.',
    }),
    severity: t.field({ type: ReportSeverityType, description: 'Absent: by its category.' }),
    message: t.string({ description: `At most ${reportLimits.messageChars} characters.` }),
    exceptions: t.field({
      type: [ExceptionInput],
      description: `The error and what caused it, the outermost first; at most ${reportLimits.exceptions}.`,
    }),
    fingerprint: t.stringList({
      description:
        'Groups by these instead; `{{ default }}` stands for the default. Absent: the project’s rules, then the default.',
    }),
    platform: t.field({ type: ReportPlatformType, description: 'Where it happened. Needed.' }),
    source: t.field({ type: SourceInput, description: 'Which part of the platform reports.' }),
    correlationId: t.string({ description: 'W3C trace id.' }),
    request: t.field({ type: RequestInput, description: 'What was asked.' }),
    response: t.field({ type: ResponseInput, description: 'What was answered.' }),
    database: t.field({ type: DatabaseInput, description: 'What a database said.' }),
    contract: t.field({ type: ContractInput, description: 'Which contract was broken.' }),
    sync: t.field({ type: SyncInput, description: 'Which copies disagree.' }),
    environment: t.field({ type: EnvironmentInput, description: 'Where it ran.' }),
    user: t.field({ type: UserInput, description: 'Who met it.' }),
    debug: t.field({ type: DebugInput, description: 'What helps to understand it.' }),
    resolution: t.field({ type: ResolutionInput, description: 'Absent: PENDING.' }),
    tags: t.field({
      type: 'JSON',
      description: `Names and values, as an object of at most ${reportLimits.entries}.`,
    }),
  }),
});

const DiscardedInput = builder.inputType('DiscardedReportsInput', {
  description: 'So many reports of a category were dropped for a reason.',
  fields: (t) => ({
    reason: t.string({ required: true, description: 'For example `queue_overflow`.' }),
    category: t.field({ type: ReportCategoryType, description: 'Absent: unknown.' }),
    count: t.int({ required: true, description: 'How many, at least 1.' }),
  }),
});

export const ClientReportInput = builder.inputType('ClientReportInput', {
  description: 'A reporter’s account of what it did not send.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'UUID of the account; a repeat counts once.' }),
    discarded: t.field({ type: [DiscardedInput], required: true, description: 'What.' }),
  }),
});
