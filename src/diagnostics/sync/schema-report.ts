import { syncFormats, syncLimits } from '../../contract/sync.ts';
import { builder } from '../../graphql/builder.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { ReportPlatformType } from '../schema-vocabulary.ts';
import type { DigestAnswer } from './digests.ts';
import {
  SyncAuthorityUnknownError,
  SyncClientTakenError,
  TooManySyncClientsError,
} from './errors.ts';
import { reportSyncState, type SyncReceipt } from './report.ts';
import { SyncIssueType } from './schema.ts';
import { SyncHealthType } from './schema-clients.ts';
import type { SequenceAnswer } from './sequences.ts';
import type { VersionAnswer } from './versions.ts';

const name = `at most ${syncLimits.nameChars} characters, without personal data`;

const SyncClientInput = builder.inputType('SyncClientInput', {
  description: 'Who reports.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'A UUID that the client made for itself.' }),
    token: t.string({
      required: true,
      description:
        'A secret of 32 to 128 characters that the client made for itself: a key that many hold is no proof of who it is.',
    }),
    name: t.string({
      required: true,
      description: `What it is, in the platform’s words; ${name}.`,
    }),
    platform: t.field({ type: ReportPlatformType, required: true, description: 'Where it runs.' }),
    isAuthority: t.boolean({
      defaultValue: false,
      description:
        'Whether the others are compared with it. As it was at its first report, which needs ADMIN, too, when it says so; later ones change nothing, `setSyncAuthority` does.',
    }),
  }),
});

const SocketInput = builder.inputType('SyncSocketInput', {
  description: 'How the client’s WebSocket is.',
  fields: (t) => ({
    roundTripMs: t.int({ description: 'Of the last ping.' }),
    reconnects: t.int({ required: true, description: 'Times that it was opened again.' }),
    missedPings: t.int({ required: true, description: 'Pings without an answer, in a row.' }),
  }),
});

const PeersInput = builder.inputType('SyncPeersInput', {
  description: 'How the client’s connections to its peers are.',
  fields: (t) => ({
    connected: t.int({ required: true, description: 'Peers that it is connected to.' }),
    failed: t.int({ required: true, description: 'Peers that it could not be connected to.' }),
    roundTripMs: t.int({ description: 'The longest of them.' }),
  }),
});

const TelemetryInput = builder.inputType('SyncTelemetryInput', {
  description: 'How the client’s queue, store and connections are.',
  fields: (t) => ({
    isOnline: t.boolean({ required: true, description: 'Whether it has a network.' }),
    queueDepth: t.int({ required: true, description: 'Operations that wait to be sent.' }),
    queueBytes: t.field({ type: 'BigInt', description: 'Of them.' }),
    oldestAgeMs: t.int({ description: 'Age of the oldest of them, in milliseconds.' }),
    headId: t.string({
      description: `Names the first of them, so that one sees whether it moves; ${name}.`,
    }),
    headAttempts: t.int({
      required: true,
      description: 'Attempts to send it, in a row, without success.',
    }),
    attemptAgeMs: t.int({ description: 'Milliseconds since the last of them.' }),
    retryIntervalMs: t.int({ description: 'What the client waits between attempts now.' }),
    lastError: t.string({ description: 'Why the last one failed, at most 1,024 characters.' }),
    restarts: t.int({ required: true, description: 'Of the client, since its store was made.' }),
    storedBytes: t.field({ type: 'BigInt', description: 'What it keeps on the device.' }),
    quotaBytes: t.field({ type: 'BigInt', description: 'What it may keep there.' }),
    isStoreSound: t.boolean({ description: 'Whether the checksum of its local store holds.' }),
    socket: t.field({ type: SocketInput, description: 'Its WebSocket.' }),
    peers: t.field({ type: PeersInput, description: 'Its peers.' }),
  }),
});

const SequenceInput = builder.inputType('SyncSequenceInput', {
  description: 'How far a sequence of operations is, as one side knows.',
  fields: (t) => ({
    stream: t.string({ required: true, description: `Which sequence; ${name}.` }),
    clientId: t.id({
      description:
        'Whose operations. Absent: the reporter’s own; a server names the client whose operations it applied. In a project with an authority only that may.',
    }),
    issued: t.int({ description: 'The client’s last.' }),
    pendingFrom: t.int({ description: 'The first that it still has to send.' }),
    applied: t.int({ description: 'Up to here everything was applied.' }),
    waiting: t.intList({
      description: `What arrived beyond a gap, at most ${syncLimits.waiting}.`,
    }),
  }),
});

const NodeInput = builder.inputType('SyncNodeInput', {
  description: 'A part of the items: those whose key’s hash begins with the path.',
  fields: (t) => ({
    path: t.string({ required: true, description: 'One to eight hexadecimal digits.' }),
    count: t.int({ required: true, description: 'Items in it.' }),
    sum: t.string({ required: true, description: 'Sum of their hashes, as of the whole.' }),
  }),
});

const ItemInput = builder.inputType('SyncItemInput', {
  description: 'An item.',
  fields: (t) => ({
    key: t.string({ required: true, description: `Names it; ${name}.` }),
    hash: t.string({ required: true, description: 'Its hash, 32 hexadecimal digits.' }),
  }),
});

const LeafInput = builder.inputType('SyncLeafInput', {
  description: 'A part of at most 256 items, with the items.',
  fields: (t) => ({
    path: t.string({ required: true, description: 'Up to eight hexadecimal digits.' }),
    items: t.field({ type: [ItemInput], required: true, description: 'All of its items.' }),
  }),
});

const DigestInput = builder.inputType('SyncDigestInput', {
  description: 'What the client holds of an entity at the checkpoint.',
  fields: (t) => ({
    entityType: t.string({ required: true, description: `What kind of thing; ${name}.` }),
    entityId: t.string({
      required: true,
      description: `Which one; ${name}. Empty for all of the kind.`,
    }),
    count: t.int({ required: true, description: 'Items of it.' }),
    sum: t.string({
      required: true,
      description:
        'Sum of the hashes of its items modulo 2¹²⁸, 32 hexadecimal digits. A hash is the first half of the SHA-256 of the canonical JSON (RFC 8785) of `[key, value]`.',
    }),
    nodes: t.field({ type: [NodeInput], description: 'Parts that were asked for.' }),
    leaves: t.field({
      type: [LeafInput],
      description: 'Parts that were asked for and have at most 256 items.',
    }),
  }),
});

const VersionInput = builder.inputType('SyncVersionInput', {
  description: 'Which version of an entity the client holds.',
  fields: (t) => ({
    entityType: t.string({ required: true, description: `What kind of thing; ${name}.` }),
    entityId: t.string({ required: true, description: `Which one; ${name}.` }),
    vector: t.field({
      type: 'JSON',
      required: true,
      description: 'Changes that it has seen: a number for each replica.',
    }),
    hash: t.string({
      required: true,
      description: 'Hash of the content’s canonical JSON, 32 hexadecimal digits.',
    }),
  }),
});

const FoundIssueInput = builder.inputType('SyncFoundIssueInput', {
  description:
    'Something that the client found itself, or its copy of what was found before. Copies are sealed, shown to people redacted, and given back as they are to the clients of a resolution.',
  fields: (t) => ({
    type: t.field({ type: SyncIssueType, required: true, description: 'How they disagree.' }),
    entityType: t.string({ required: true, description: `What kind of thing; ${name}.` }),
    entityId: t.string({ required: true, description: `Which one; ${name}.` }),
    targetId: t.id({
      description: 'The client on the other side. Absent: the authority, where there is one.',
    }),
    message: t.string({ description: 'What was seen, without content; at most 1,024 characters.' }),
    operation: t.int({ description: 'The client’s operation that led to it, by its sequence.' }),
    keys: t.stringList({ description: `Items that it is about, at most ${syncLimits.keys}.` }),
    format: t.string({
      description: `What the copies are: ${syncFormats.join(', ')}. A CRDT’s state is its bytes in base64. Default: JSON.`,
    }),
    local: t.field({
      type: 'JSON',
      description: `The client’s own copy, at most ${syncLimits.copyChars} characters of JSON; \`null\` for something removed. Absent: not told.`,
    }),
    remote: t.field({
      type: 'JSON',
      description: 'The other side’s copy, as the client knows it.',
    }),
    base: t.field({ type: 'JSON', description: 'What both began with.' }),
    localVector: t.field({ type: 'JSON', description: 'Version of the client’s own copy.' }),
    remoteVector: t.field({ type: 'JSON', description: 'Version of the other side’s copy.' }),
  }),
});

const ReportSyncStateInput = builder.inputType('ReportSyncStateInput', {
  description: 'What a client tells of its copies at one instant.',
  fields: (t) => ({
    reportId: t.id({
      required: true,
      description: 'Made by the client; a repeat is answered as the first time.',
    }),
    client: t.field({ type: SyncClientInput, required: true, description: 'Who it is.' }),
    sampledAt: t.field({
      type: 'DateTime',
      required: true,
      description:
        'By the client’s clock. Telemetry that is older than known changes only the worst.',
    }),
    telemetry: t.field({ type: TelemetryInput, description: 'How it is.' }),
    sequences: t.field({
      type: [SequenceInput],
      description: `Its sequences, or what it applied of others’; at most ${syncLimits.sequences}.`,
    }),
    checkpoint: t.string({
      description: `Names the state that the digests are of, the same on both sides; ${name}.`,
    }),
    takenAt: t.field({
      type: 'DateTime',
      description:
        'When the digests were taken. What is told of the same take, on being asked to descend, says the same.',
    }),
    isUploadQueueEmpty: t.boolean({
      defaultValue: false,
      description: 'Whether nothing waited to be uploaded then. Only then is it compared.',
    }),
    digests: t.field({
      type: [DigestInput],
      description: `At most ${syncLimits.digests}, with ${syncLimits.treeEntries} nodes and items in all.`,
    }),
    versions: t.field({ type: [VersionInput], description: `At most ${syncLimits.versions}.` }),
    issues: t.field({ type: [FoundIssueInput], description: `At most ${syncLimits.issues}.` }),
  }),
});

const DigestState = builder.enumType('SyncDigestState', {
  description: 'How an entity stands.',
  values: {
    WAITING: { description: 'No other side has told of this checkpoint.' },
    NOT_COMPARED: { description: 'One side still had something to upload, or the take is old.' },
    AGREE: { description: 'Both hold the same.' },
    SUSPECTED: { description: 'They differ; once may be a take in the middle of a change.' },
    DIVERGENT: { description: 'They differ twice in a row.' },
  },
});

const DigestResult = builder.objectRef<DigestAnswer>('SyncDigestResult').implement({
  description: 'How an entity stands after the report.',
  fields: (t) => ({
    entityType: t.exposeString('entityType', { description: 'What kind of thing.' }),
    entityId: t.exposeString('entityId', { description: 'Which one; empty for all of the kind.' }),
    state: t.expose('state', { type: DigestState, description: 'How it stands.' }),
    descend: t.exposeStringList('descend', {
      description:
        'Nodes to tell more of, in another report of the same take: the items of those with at most 256, the parts of others.',
    }),
    issueId: t.exposeString('issueId', {
      nullable: true,
      description: 'The issue. `null` unless DIVERGENT.',
    }),
  }),
});

const VersionState = builder.enumType('SyncVersionState', {
  description: 'How a version stands to the others.',
  values: {
    ALONE: { description: 'Nobody else has told of it.' },
    SAME: { description: 'The content is the same.' },
    LAG: { description: 'One has yet to see what the other has; no trouble.' },
    DIVERGENT: { description: 'The same changes, and other content.' },
    CONFLICT: { description: 'Changed on both sides, differently.' },
  },
});

const VersionResult = builder.objectRef<VersionAnswer>('SyncVersionResult').implement({
  description: 'How a version of an entity stands after the report.',
  fields: (t) => ({
    entityType: t.exposeString('entityType', { description: 'What kind of thing.' }),
    entityId: t.exposeString('entityId', { description: 'Which one.' }),
    state: t.expose('state', { type: VersionState, description: 'How it stands.' }),
    issueId: t.exposeString('issueId', {
      nullable: true,
      description: 'The issue; tell the copies of it under `issues`. `null` without one.',
    }),
  }),
});

const SequenceState = builder.enumType('SyncSequenceState', {
  description: 'How a sequence stands.',
  values: {
    OK: { description: 'Everything follows.' },
    WAITING: { description: 'Something is out of order, and not judged yet.' },
    MISSING_DATA: { description: 'Operations were sent and are not there.' },
    ORDER_VIOLATION: { description: 'Later operations overtook earlier ones.' },
  },
});

const SequenceResult = builder.objectRef<SequenceAnswer>('SyncSequenceResult').implement({
  description: 'How a sequence stands after the report.',
  fields: (t) => ({
    stream: t.exposeString('stream', { description: 'Which sequence.' }),
    state: t.expose('state', { type: SequenceState, description: 'How it stands.' }),
    sequences: t.exposeIntList('sequences', {
      description: 'What is missing or out of order, at most 100.',
    }),
  }),
});

const Receipt = builder.objectRef<SyncReceipt>('SyncReceipt').implement({
  description: 'What came of a report.',
  fields: (t) => ({
    reportId: t.exposeID('reportId', { description: 'The report.' }),
    clientId: t.exposeID('clientId', { description: 'The client.' }),
    health: t.expose('health', { type: SyncHealthType, description: 'How its sync is.' }),
    digests: t.expose('digests', {
      type: [DigestResult],
      description: 'For each entity with a digest, in their order.',
    }),
    versions: t.expose('versions', {
      type: [VersionResult],
      description: 'For each entity with a version, in their order.',
    }),
    sequences: t.expose('sequences', {
      type: [SequenceResult],
      description: 'For each sequence, in their order.',
    }),
    issues: t.exposeStringList('issues', {
      nullable: { list: false, items: true },
      description:
        'Id of each issue that the client found, in their order. `null` for what is none: a mere lag, or the same content.',
    }),
    instructions: t.exposeInt('instructions', {
      description: 'Instructions that wait for it: `syncInstructions`.',
    }),
  }),
});

builder.mutationField('reportSyncState', (fields) =>
  fields.withAuth({ scope: 'REPORT' }).field({
    type: Receipt,
    description:
      'Tells how a client’s queue and copies are, and learns what to tell next. Copies are compared at the same checkpoint and with empty upload queues only.',
    args: {
      input: fields.arg({
        type: ReportSyncStateInput,
        required: true,
        description: 'What the client tells.',
      }),
    },
    errors: {
      types: [
        InvalidInputError,
        SyncClientTakenError,
        SyncAuthorityUnknownError,
        TooManySyncClientsError,
      ],
    },
    resolve: (_root, { input }, { app, viewer }) =>
      reportSyncState(
        app,
        { projectId: viewer.projectId, mayBeAuthority: viewer.scopes.has('ADMIN') },
        {
          ...withoutNulls(input),
          sampledAt: input.sampledAt.toISOString(),
          takenAt: input.takenAt?.toISOString(),
          telemetry: input.telemetry && {
            ...input.telemetry,
            queueBytes: numberOf(input.telemetry.queueBytes),
            storedBytes: numberOf(input.telemetry.storedBytes),
            quotaBytes: numberOf(input.telemetry.quotaBytes),
          },
          digests: input.digests?.map(withoutNulls),
          issues: input.issues?.map(({ local, remote, base, ...issue }) => ({
            ...withoutNulls(issue),
            ...given({ local, remote, base }),
          })),
        },
      ),
  }),
);

/** `null` of a field with a default stands for the default. */
function withoutNulls<T extends object>(input: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(input).filter(([, value]) => value !== null),
  ) as Partial<T>;
}

/** What was said, `null` included: a copy of something that was removed. */
function given<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

function numberOf(size: bigint | null | undefined): number | null {
  return size == null ? null : Number(size);
}
