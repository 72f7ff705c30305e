import { limits } from '../contract/limits.ts';
import { builder } from '../graphql/builder.ts';
import { parseUuid } from '../graphql/input.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { SessionNotFoundError } from './errors.ts';
import { reportCaptureHealth } from './health.ts';
import { capture } from './schema-capture.ts';

const CaptureHealth = builder.prismaObject('CaptureHealth', {
  fields: (t) => ({
    sampledAt: t.expose('sampledAt', { type: 'DateTime' }),
    reportedAt: t.expose('reportedAt', { type: 'DateTime' }),
    queueDepth: t.exposeInt('queueDepth'),
    oldestAgeMs: t.exposeInt('oldestAgeMs', { nullable: true }),
    attempts: t.exposeInt('attempts'),
    lastError: t.exposeString('lastError', { nullable: true }),
    restarts: t.exposeInt('restarts'),
    storedBytes: t.expose('storedBytes', { type: 'BigInt' }),
    quotaBytes: t.expose('quotaBytes', { type: 'BigInt', nullable: true }),
    maxQueueDepth: t.exposeInt('maxQueueDepth'),
    maxOldestAgeMs: t.exposeInt('maxOldestAgeMs', { nullable: true }),
    maxAttempts: t.exposeInt('maxAttempts'),
    maxRestarts: t.exposeInt('maxRestarts'),
    maxStoredBytes: t.expose('maxStoredBytes', { type: 'BigInt' }),
  }),
});

builder.prismaObjectField('Session', 'captureHealth', (t) =>
  t.relation('health', {
    nullable: true,
    description: 'How its recorder gets on with sending. `null` when it never said.',
  }),
);

const RecorderDigestInput = builder.inputType('RecorderDigestInput', {
  description: 'What the recorder was told that the server has stored.',
  fields: (t) => ({
    upTo: t.int({ required: true, description: 'Sequence up to which all was acknowledged.' }),
    count: t.int({ required: true, description: 'Interactions and tombstones in it.' }),
    sum: t.string({
      required: true,
      description:
        'Sum of their hashes modulo 2¹²⁸, 32 hexadecimal digits, as of `reportSyncState`.',
    }),
    takenAt: t.field({ type: 'DateTime', required: true, description: 'When it was taken.' }),
  }),
});

const RecorderSyncInput = builder.inputType('RecorderSyncInput', {
  description: 'How far the recorder is with a session.',
  fields: (t) => ({
    lastSequence: t.int({
      required: true,
      description: 'Of the last interaction that was numbered; 0 before the first.',
    }),
    headSequence: t.int({
      description: 'Of the first interaction that waits. `null` when none does.',
    }),
    isQueueEmpty: t.boolean({
      required: true,
      description: 'Whether nothing of the session waits, pictures and all.',
    }),
    attemptAgeMs: t.int({ description: 'Milliseconds since the last attempt.' }),
    retryIntervalMs: t.int({ description: 'What it waits between attempts now.' }),
    reconnects: t.int({
      required: true,
      description: 'Times that its connection was opened again.',
    }),
    digest: t.field({
      type: RecorderDigestInput,
      description: 'Compared with what is stored, while nothing waits.',
    }),
  }),
});

const ReportCaptureHealthInput = builder.inputType('ReportCaptureHealthInput', {
  description: 'How a session’s recorder gets on with sending, at one instant.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    sampledAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'Instant of the sample, by the client’s clock. An older one is no longer shown.',
    }),
    queueDepth: t.int({ required: true, description: 'Things that wait to be sent.' }),
    oldestAgeMs: t.int({
      description:
        'Age of the oldest of them, in milliseconds, at most 2³¹ − 1. `null` when nothing waits.',
    }),
    attempts: t.int({
      required: true,
      description: 'Attempts to send it, in a row, without success.',
    }),
    lastError: t.string({
      description: `Why the last attempt failed, at most ${limits.nameChars} characters. \`null\` when it did not.`,
    }),
    restarts: t.int({
      required: true,
      description: 'Times that the recorder was started again since the session began.',
    }),
    storedBytes: t.field({
      type: 'BigInt',
      required: true,
      description: 'What the recorder keeps on the device, in bytes.',
    }),
    quotaBytes: t.field({
      type: 'BigInt',
      description: 'What the browser lets it keep, in bytes. `null` when unknown.',
    }),
    sync: t.field({
      type: RecorderSyncInput,
      description: 'What sync compares. Absent from an older recorder.',
    }),
  }),
});

builder.mutationField('reportCaptureHealth', (fields) =>
  fields.withAuth(capture).field({
    type: CaptureHealth,
    description:
      'Tells how a session’s recorder gets on. The latest sample is kept, and the greatest of each number.',
    args: {
      input: fields.arg({
        type: ReportCaptureHealthInput,
        required: true,
        description: 'The sample.',
      }),
    },
    errors: { types: [InvalidInputError, SessionNotFoundError] },
    resolve: (_root, { input }, { app, viewer }) =>
      reportCaptureHealth(app, viewer, {
        ...input,
        sessionId: parseUuid(input.sessionId, 'input.sessionId'),
        sampledAt: input.sampledAt.toISOString(),
        sync: input.sync && {
          ...input.sync,
          digest: input.sync.digest && {
            ...input.sync.digest,
            takenAt: input.sync.digest.takenAt.toISOString(),
          },
        },
      }),
  }),
);
