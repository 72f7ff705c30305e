import * as z from 'zod';
import { reportPlatforms } from './report.ts';
import { text } from './text.ts';

/** Limits of sync states. The server refuses what is over them. */
export const syncLimits = {
  /** Entities with a digest in one report. */
  digests: 50,
  /** Nodes and items of trees, over all digests of one report. */
  treeEntries: 20_000,
  /** Entities with a version in one report. */
  versions: 200,
  /** Sequences in one report. */
  sequences: 50,
  /** Sequences that wait beyond a gap. */
  waiting: 1_024,
  /** Issues that a client found itself, in one report. */
  issues: 20,
  /** Replicas that a version vector names. */
  replicas: 1_000,
  /** JSON of one copy, in UTF-16 code units. */
  copyChars: 65_536,
  /** Items that an issue names. */
  keys: 100,
  /** Name of an entity, checkpoint, stream or key, in UTF-16 code units. */
  nameChars: 256,
  /** Checkpoints of an entity that are kept for a client. */
  checkpoints: 8,
} as const;

export const syncIssueTypes = {
  CONFLICT: 'Both changed, differently.',
  DIVERGENCE: 'Their digests differ at the same checkpoint, twice in a row.',
  MISSING_DATA: 'One lacks something.',
  ORDER_VIOLATION: 'Changes came in another order.',
  VALIDATION_FAILED: 'One holds something that breaks a rule.',
} as const;
export type SyncIssueType = keyof typeof syncIssueTypes;

export const syncStrategies = {
  SERVER_WINS: 'The source takes the target’s copy; its operation is superseded.',
  CLIENT_WINS: 'The target takes the source’s copy, as a new version on top of both.',
  MERGE:
    'Both take what each changed since the base, field by field; where that overlaps, MANUAL. CRDTs exchange their states.',
  MANUAL:
    'A person decides: until then the source sends nothing of this entity. With a value, both take it.',
  REJECTED:
    'The source’s operation is dead, with a reason for its user, and its copy goes back to the base.',
} as const;
export type SyncStrategy = keyof typeof syncStrategies;

export const syncFormats = ['JSON', 'YJS', 'AUTOMERGE'] as const;

const count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const size = z
  .int()
  .min(0)
  .max(2 ** 53 - 1);
const instant = z.iso.datetime({ offset: true });
const hash = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hexadecimal digits');
const path = z.string().regex(/^[0-9a-f]{0,8}$/, 'expected up to 8 hexadecimal digits');
const name = text(syncLimits.nameChars).min(1);
/** The empty id stands for all entities of the type. */
const entityId = text(syncLimits.nameChars);

const vector = z
  .record(name, count)
  .refine((value) => Object.keys(value).length <= syncLimits.replicas, {
    message: `expected at most ${syncLimits.replicas} replicas`,
  });

/** How a client's queue, store and connections are, at the instant of the report. */
export const SyncTelemetry = z.object({
  isOnline: z.boolean(),
  /** Operations that wait to be sent. */
  queueDepth: count,
  queueBytes: size.nullish(),
  oldestAgeMs: count.nullish(),
  /** Names the first of them, so that one sees whether it moves. */
  headId: name.nullish(),
  /** Attempts to send it, in a row, without success. */
  headAttempts: count,
  /** Milliseconds since the last attempt. */
  attemptAgeMs: count.nullish(),
  /** What the client waits between attempts now. */
  retryIntervalMs: count.nullish(),
  lastError: text(1_024).nullish(),
  /** Of the client, since its store was made. */
  restarts: count,
  storedBytes: size.nullish(),
  quotaBytes: size.nullish(),
  /** Whether the checksum of the local store holds. */
  isStoreSound: z.boolean().nullish(),
  socket: z
    .object({ roundTripMs: count.nullish(), reconnects: count, missedPings: count })
    .nullish(),
  peers: z.object({ connected: count, failed: count, roundTripMs: count.nullish() }).nullish(),
});
export type SyncTelemetry = z.output<typeof SyncTelemetry>;

const SyncSequence = z.object({
  /** Which sequence. */
  stream: name,
  /** Whose operations: absent for the reporter's own. The other side tells what it applied of them. */
  clientId: z.uuid().nullish(),
  issued: count.nullish(),
  pendingFrom: count.nullish(),
  applied: count.nullish(),
  waiting: z.array(count).max(syncLimits.waiting).nullish(),
});

const SyncDigest = z.object({
  entityType: name,
  entityId,
  count,
  sum: hash,
  nodes: z.array(z.object({ path: path.min(1), count, sum: hash })).default([]),
  leaves: z.array(z.object({ path, items: z.array(z.object({ key: name, hash })) })).default([]),
});

const copyFits = (value: unknown) => (JSON.stringify(value) ?? '').length <= syncLimits.copyChars;
const copy = z.unknown().refine(copyFits, {
  message: `expected at most ${syncLimits.copyChars} characters of JSON`,
});

/** Something that a client found itself, or its copy of what the server found. */
const FoundIssue = z.object({
  type: z.enum(Object.keys(syncIssueTypes) as [SyncIssueType, ...SyncIssueType[]]),
  entityType: name,
  entityId: name,
  /** The other side. Absent: the authority of the project, if there is one. */
  targetId: z.uuid().nullish(),
  message: text(1_024).nullish(),
  operation: count.nullish(),
  keys: z.array(name).max(syncLimits.keys).default([]),
  format: z.enum(syncFormats).default('JSON'),
  /** Copies: the reporter's own, the other side's as far as it knows it, and what both began with. Absent: not told. */
  local: copy.optional(),
  remote: copy.optional(),
  base: copy.optional(),
  localVector: vector.nullish(),
  remoteVector: vector.nullish(),
});
export type FoundIssue = z.output<typeof FoundIssue>;

/** Who a client is. The secret is made by the client and proves from then on that it is the same. */
export const SyncClientProof = z.object({
  id: z.uuid(),
  token: z.string().min(32).max(128),
});

/** What a client tells of its copies at one instant. */
export const SyncReport = z
  .object({
    /** Made by the client; a repeat is answered as the first time. */
    reportId: z.uuid(),
    client: SyncClientProof.extend({
      name,
      platform: z.enum(reportPlatforms),
      isAuthority: z.boolean().default(false),
    }),
    sampledAt: instant,
    telemetry: SyncTelemetry.nullish(),
    sequences: z.array(SyncSequence).max(syncLimits.sequences).default([]),
    /** Names the state that digests are of. Absent: none. */
    checkpoint: name.nullish(),
    /** When the digests were taken; tells a new take from what is told of the same one. */
    takenAt: instant.nullish(),
    isUploadQueueEmpty: z.boolean().default(false),
    digests: z.array(SyncDigest).max(syncLimits.digests).default([]),
    versions: z
      .array(z.object({ entityType: name, entityId: name, vector, hash }))
      .max(syncLimits.versions)
      .default([]),
    issues: z.array(FoundIssue).max(syncLimits.issues).default([]),
  })
  .refine(({ digests, checkpoint, takenAt }) => digests.length === 0 || (checkpoint && takenAt), {
    message: 'expected checkpoint and takenAt with digests',
    path: ['checkpoint'],
  })
  .refine(({ digests }) => entriesOf(digests) <= syncLimits.treeEntries, {
    message: `expected at most ${syncLimits.treeEntries} nodes and items in all`,
    path: ['digests'],
  });
export type SyncReport = z.output<typeof SyncReport>;

function entriesOf(digests: { nodes: unknown[]; leaves: { items: unknown[] }[] }[]): number {
  const sizes = digests.map(
    ({ nodes, leaves }) =>
      nodes.length + leaves.reduce((sum, { items }) => sum + 1 + items.length, 0),
  );
  return sizes.reduce((sum, one) => sum + one, 0);
}
