import { limits } from '../contract/limits.ts';
import type { SessionRecord } from '../contract/recording.ts';
import { builder } from '../graphql/builder.ts';
import type { Context, Viewer } from '../graphql/context.ts';
import { direct } from '../graphql/direct.ts';
import { parseUuid } from '../graphql/input.ts';
import { InvalidInputError } from '../lib/errors.ts';
import type { App } from '../platform/app.ts';
import { ConsentMissingError } from '../privacy/errors.ts';
import { recordAudioClips, recordScreenshots, recordSnapshots } from './announce.ts';
import {
  OverloadedError,
  SessionEndedError,
  SessionIdTakenError,
  SessionNotFoundError,
  TooManySessionsError,
} from './errors.ts';
import { deskOf, type IngestReceipt, recordInteractions } from './ingest.ts';
import type { Rejection } from './prepare.ts';
import { SessionKind } from './schema.ts';
import { AudioClipInput } from './schema-audio.ts';
import {
  ScreenshotInput,
  SnapshotInput,
  UploadSlotsType,
  UploadSlotType,
} from './schema-images.ts';
import { InteractionInput, TombstoneInput } from './schema-interactions.ts';
import { confirmUploads, pendingUploads, type UploadSlot } from './slots.ts';
import { startSession } from './start.ts';

// ── Answers ───────────────────────────────────────────────────────────────────────────────────────

type Started = { sessionId: string; acknowledged: number; slots: UploadSlot[] };

const SessionStarted = builder.objectRef<Started>('SessionStarted').implement({
  description:
    'The session, and what the server already holds of it, so that a client can resume after anything.',
  fields: (t) => ({
    session: t.prismaField({
      type: 'Session',
      description: 'The session.',
      resolve: (query, { sessionId }, _args, { app }) =>
        app.db.session.findUniqueOrThrow({ ...query, where: { id: sessionId } }),
    }),
    acknowledged: t.exposeInt('acknowledged', {
      description:
        'Highest sequence up to which every interaction is stored; the client may forget these.',
    }),
    missingUploads: t.expose('slots', {
      type: [UploadSlotType],
      description:
        'Announced screenshots, snapshots and audio clips whose bytes have not arrived, with new addresses; at most 1,000 of each.',
    }),
  }),
});

const InteractionRejection = builder.objectRef<Rejection>('InteractionRejection').implement({
  description: 'One item that was refused; the others of the call were stored.',
  fields: (t) => ({
    sequence: t.exposeInt('sequence', { description: 'Which one.' }),
    code: t.exposeString('code', {
      description:
        'TOO_LARGE, FIELD_TOO_LONG, OUT_OF_RANGE, UNSTORABLE_TEXT, INVALID_ID or DUPLICATE_ID.',
    }),
    message: t.exposeString('message', { description: 'What was expected and what came.' }),
  }),
});

const IngestReceiptType = builder.objectRef<IngestReceipt>('IngestReceipt').implement({
  description: 'What became of the items, after they were committed.',
  fields: (t) => ({
    acknowledged: t.exposeInt('acknowledged', {
      description:
        'Highest sequence up to which every interaction is stored; the client may forget these.',
    }),
    stored: t.exposeInt('stored', { description: 'Items that were new.' }),
    repeated: t.exposeInt('repeated', {
      description: 'Items that were stored already, with the same body.',
    }),
    conflicting: t.exposeIntList('conflicting', {
      description:
        'Sequences under which another body is stored; the first one stays, and the disagreement became a sync issue.',
    }),
    rejected: t.expose('rejected', {
      type: [InteractionRejection],
      description: 'Items that were refused, with the reason.',
    }),
  }),
});

// ── Capture ───────────────────────────────────────────────────────────────────────────────────────

const StartSessionInput = builder.inputType('StartSessionInput', {
  description: 'A session to start, or to resume when its id is known.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'UUID made by the recorder, the same at every repeat.',
    }),
    kind: t.field({ type: SessionKind, required: true, description: 'Who acts.' }),
    consentId: t.id({
      description:
        'The consent it is recorded under: the participant’s own, and not withdrawn. Absent: none is named.',
    }),
    task: t.string({
      description: `What is to be done, in words, at most ${limits.nameChars} characters.`,
    }),
    startUrl: t.string({ required: true, description: 'Address of the first page.' }),
    startedAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'Instant the recording began, by the client’s clock.',
    }),
    client: t.field({
      type: 'JSON',
      required: true,
      description: 'Name, version and environment of the recorder, as an object.',
    }),
  }),
});

const RecordInteractionsInput = builder.inputType('RecordInteractionsInput', {
  description: 'Interactions of one session, in any order, as often as needed.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    interactions: t.field({
      type: [InteractionInput],
      required: true,
      description: `Interactions; with the tombstones at most ${limits.interactionsPerCall}.`,
    }),
    tombstones: t.field({
      type: [TombstoneInput],
      description: 'Stand for interactions that cannot be sent.',
    }),
  }),
});

type RecordInteractionsArgs = { input: typeof RecordInteractionsInput.$inferInput };
type Signed = Context & { viewer: Viewer };

const RecordScreenshotsInput = builder.inputType('RecordScreenshotsInput', {
  description: 'Screenshots of one session to announce.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    screenshots: t.field({
      type: [ScreenshotInput],
      required: true,
      description: `At most ${limits.screenshotsPerCall}.`,
    }),
  }),
});

const RecordSnapshotsInput = builder.inputType('RecordSnapshotsInput', {
  description: 'Page snapshots of one session to announce.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    snapshots: t.field({
      type: [SnapshotInput],
      required: true,
      description: `At most ${limits.snapshotsPerCall}.`,
    }),
  }),
});

const RecordAudioClipsInput = builder.inputType('RecordAudioClipsInput', {
  description: 'Audio clips of one session to announce.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    audioClips: t.field({
      type: [AudioClipInput],
      required: true,
      description: `At most ${limits.audioClipsPerCall}.`,
    }),
  }),
});

const ConfirmUploadsInput = builder.inputType('ConfirmUploadsInput', {
  description: 'Screenshots, snapshots and audio clips to ask after.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    ids: t.idList({ required: true, description: `At most ${limits.uploadsPerCall}.` }),
  }),
});

/** Who may record. */
export const capture = { anyScope: ['CAPTURE', 'ADMIN'] as ('CAPTURE' | 'ADMIN')[] };
const ingestRefusals = [
  InvalidInputError,
  SessionNotFoundError,
  SessionEndedError,
  OverloadedError,
];

builder.mutationFields((fields) => {
  const t = fields.withAuth(capture);
  return {
    startSession: t.field({
      type: SessionStarted,
      description: 'Starts a session, or says what the server already holds of it.',
      args: {
        input: t.arg({ type: StartSessionInput, required: true, description: 'The session.' }),
      },
      errors: {
        types: [
          InvalidInputError,
          SessionIdTakenError,
          ConsentMissingError,
          TooManySessionsError,
          OverloadedError,
        ],
      },
      resolve: async (_root, { input }, { app, viewer }) => {
        const record = { ...input, startedAt: input.startedAt.toISOString() } as SessionRecord;
        const session = await startSession(app, viewer, record);
        return startedOf(app, session);
      },
    }),
    recordInteractions: t.field({
      type: IngestReceiptType,
      description: 'Stores interactions, each exactly once, and answers after the commit.',
      complexity: 1,
      args: {
        input: t.arg({
          type: RecordInteractionsInput,
          required: true,
          description: 'The interactions.',
        }),
      },
      errors: { types: ingestRefusals },
      resolve: direct((_root: object, { input }: RecordInteractionsArgs, { app, viewer }: Signed) =>
        recordInteractions(app, viewer, {
          sessionId: parseUuid(input.sessionId, 'input.sessionId'),
          interactions: input.interactions as Parameters<
            typeof recordInteractions
          >[2]['interactions'],
          tombstones: input.tombstones ?? [],
        }),
      ),
    }),
    recordScreenshots: t.field({
      type: UploadSlotsType,
      description: 'Announces screenshots and answers where their bytes go.',
      args: {
        input: t.arg({
          type: RecordScreenshotsInput,
          required: true,
          description: 'The screenshots.',
        }),
      },
      errors: { types: ingestRefusals },
      resolve: (_root, { input }, { app, viewer }) =>
        recordScreenshots(app, viewer, {
          sessionId: parseUuid(input.sessionId, 'input.sessionId'),
          screenshots: input.screenshots.map((item) => ({
            ...item,
            capturedAt: item.capturedAt.toISOString(),
            masks: item.masks ?? [],
            scrollX: item.scrollX ?? 0,
            scrollY: item.scrollY ?? 0,
          })),
        }),
    }),
    recordSnapshots: t.field({
      type: UploadSlotsType,
      description:
        'Announces page snapshots and answers where their HTML goes. Pages that the session holds already need no upload.',
      args: {
        input: t.arg({ type: RecordSnapshotsInput, required: true, description: 'The snapshots.' }),
      },
      errors: { types: ingestRefusals },
      resolve: (_root, { input }, { app, viewer }) =>
        recordSnapshots(app, viewer, {
          sessionId: parseUuid(input.sessionId, 'input.sessionId'),
          snapshots: input.snapshots.map((item) => ({
            ...item,
            capturedAt: item.capturedAt.toISOString(),
          })),
        }),
    }),
    recordAudioClips: t.field({
      type: UploadSlotsType,
      description: 'Announces audio clips and answers where their bytes go.',
      args: {
        input: t.arg({
          type: RecordAudioClipsInput,
          required: true,
          description: 'The audio clips.',
        }),
      },
      errors: { types: ingestRefusals },
      resolve: (_root, { input }, { app, viewer }) =>
        recordAudioClips(app, viewer, {
          sessionId: parseUuid(input.sessionId, 'input.sessionId'),
          audioClips: input.audioClips.map((item) => ({
            ...item,
            startedAt: item.startedAt.toISOString(),
          })),
        }),
    }),
    confirmUploads: t.field({
      type: UploadSlotsType,
      description: 'Says which uploads have arrived, and gives new addresses for the others.',
      args: {
        input: t.arg({ type: ConfirmUploadsInput, required: true, description: 'The uploads.' }),
      },
      errors: { types: [InvalidInputError, SessionNotFoundError] },
      resolve: (_root, { input }, { app, viewer }) =>
        confirmUploads(app, viewer, {
          sessionId: parseUuid(input.sessionId, 'input.sessionId'),
          ids: input.ids.map((id, index) => parseUuid(id, `input.ids.${index}`)),
        }),
    }),
  };
});

async function startedOf(
  app: App,
  session: { id: string; projectId: string; lastSequence: number | null },
): Promise<Started> {
  const acknowledged =
    session.lastSequence ??
    (await deskOf(app).acknowledgements.advance(
      { projectId: session.projectId, sessionId: session.id },
      [],
    ));
  return { sessionId: session.id, acknowledged, slots: await pendingUploads(app, session.id) };
}
