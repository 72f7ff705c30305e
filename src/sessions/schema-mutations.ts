import { limits } from '../contract/limits.ts';
import type { SessionRecord } from '../contract/recording.ts';
import { builder } from '../graphql/builder.ts';
import { parseUuid } from '../graphql/input.ts';
import { InvalidInputError } from '../lib/errors.ts';
import type { App } from '../platform/app.ts';
import { ConsentMissingError } from '../privacy/errors.ts';
import { recordAudioClips, recordScreenshots, recordSnapshots } from './announce.ts';
import {
  OperationReusedError,
  OverloadedError,
  SessionEndedError,
  SessionIdTakenError,
  SessionIncompleteError,
  SessionNotFoundError,
  SessionStateError,
  TooManySessionsError,
  VersionConflictError,
} from './errors.ts';
import { deskOf, type IngestReceipt, recordInteractions } from './ingest.ts';
import {
  discardSession,
  endSession,
  pauseSession,
  releaseSession,
  resumeSession,
  updateSession,
} from './lifecycle.ts';
import type { Rejection } from './prepare.ts';
import { Session, SessionKind } from './schema.ts';
import { AudioClipInput } from './schema-audio.ts';
import { CoverageAccountInput } from './schema-coverage.ts';
import {
  ScreenshotInput,
  SnapshotInput,
  UploadSlotsType,
  UploadSlotType,
} from './schema-images.ts';
import { DropReason, InteractionInput, TombstoneInput } from './schema-interactions.ts';
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

const capture = { anyScope: ['CAPTURE', 'ADMIN'] as ('CAPTURE' | 'ADMIN')[] };
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
      resolve: (_root, { input }, { app, viewer }) =>
        recordInteractions(app, viewer, {
          sessionId: parseUuid(input.sessionId, 'input.sessionId'),
          interactions: input.interactions as Parameters<
            typeof recordInteractions
          >[2]['interactions'],
          tombstones: input.tombstones ?? [],
        }),
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

// ── Changes ───────────────────────────────────────────────────────────────────────────────────────

const ChangeSessionInput = builder.inputType('ChangeSessionInput', {
  description: 'A change of a session.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    operationId: t.id({
      required: true,
      description: 'UUID made for this change. A repeat of the change gives the same answer.',
    }),
    expectedVersion: t.int({
      description: 'Version the client last saw. Absent: change whatever is there.',
    }),
  }),
});

const UpdateSessionInput = builder.inputType('UpdateSessionInput', {
  description: 'New words for a session.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    operationId: t.id({
      required: true,
      description: 'UUID made for this change. A repeat of the change gives the same answer.',
    }),
    expectedVersion: t.int({
      description: 'Version the client last saw. Absent: change whatever is there.',
    }),
    task: t.string({
      description: `The task, at most ${limits.nameChars} characters; \`null\` for none.`,
    }),
  }),
});

const DroppedUploadInput = builder.inputType('DroppedUploadInput', {
  description: 'An image, snapshot or audio clip that the client cannot send.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Which one, announced or not.' }),
    reason: t.field({ type: DropReason, required: true, description: 'Why.' }),
  }),
});

const EndSessionInput = builder.inputType('EndSessionInput', {
  description: 'The end of a session, with what must be there.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    operationId: t.id({
      required: true,
      description: 'UUID made for this change. A repeat of the change gives the same answer.',
    }),
    expectedVersion: t.int({
      description: 'Version the client last saw. Absent: change whatever is there.',
    }),
    endedAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'Instant the recording ended, by the client’s clock.',
    }),
    lastSequence: t.int({
      required: true,
      description: 'Sequence of the last interaction; 0 for none.',
    }),
    screenshotCount: t.int({
      required: true,
      description: 'Screenshots that were captured, the dropped ones too.',
    }),
    snapshotCount: t.int({
      required: true,
      description: 'Snapshots that were captured, the dropped ones too.',
    }),
    audioCount: t.int({
      description: 'Audio clips that were recorded, the dropped ones too. Absent means none.',
    }),
    dropped: t.field({
      type: [DroppedUploadInput],
      description: `Images, snapshots and audio clips that were dropped, at most ${limits.droppedPerSession}.`,
    }),
    coverage: t.field({
      type: CoverageAccountInput,
      description: 'What the recorder could not see. Absent: it does not say.',
    }),
    hold: t.boolean({
      description: 'Stop after the score until `releaseSession`. Absent means no.',
    }),
  }),
});

const changeRefusals = [
  InvalidInputError,
  SessionNotFoundError,
  VersionConflictError,
  OperationReusedError,
];

type ChangeInput = typeof ChangeSessionInput.$inferInput;

function parseChange<T extends ChangeInput>(
  input: T,
): T & { sessionId: string; operationId: string } {
  return {
    ...input,
    sessionId: parseUuid(input.sessionId, 'input.sessionId'),
    operationId: parseUuid(input.operationId, 'input.operationId'),
  };
}

const changes = {
  pauseSession: {
    run: pauseSession,
    refusals: [SessionStateError],
    description: 'Pauses an active session. Records that arrive resume it.',
  },
  resumeSession: {
    run: resumeSession,
    refusals: [SessionStateError],
    description: 'Resumes a paused session.',
  },
  releaseSession: {
    run: releaseSession,
    refusals: [SessionStateError],
    description: 'Lets a session that was held back go on to training data.',
  },
  discardSession: {
    run: discardSession,
    refusals: [],
    description: 'Removes a session: destroys its key, deletes its data. It cannot be undone.',
  },
};

for (const [name, { run, refusals, description }] of Object.entries(changes))
  builder.mutationField(name, (t) =>
    t.withAuth(capture).prismaField({
      type: Session,
      description,
      args: {
        input: t.arg({ type: ChangeSessionInput, required: true, description: 'The change.' }),
      },
      errors: { types: [...changeRefusals, ...refusals] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const change = parseChange(input);
        await run(app, viewer, change);
        return app.db.session.findUniqueOrThrow({ ...query, where: { id: change.sessionId } });
      },
    }),
  );

builder.mutationFields((fields) => {
  const t = fields.withAuth(capture);
  return {
    updateSession: t.prismaField({
      type: Session,
      description: 'Changes the task of a session.',
      args: {
        input: t.arg({ type: UpdateSessionInput, required: true, description: 'The change.' }),
      },
      errors: { types: [...changeRefusals, SessionStateError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const change = parseChange(input);
        await updateSession(app, viewer, { ...change, task: input.task ?? null });
        return app.db.session.findUniqueOrThrow({ ...query, where: { id: change.sessionId } });
      },
    }),
    endSession: t.prismaField({
      type: Session,
      description: 'Ends a session that is whole and hands it to processing.',
      args: { input: t.arg({ type: EndSessionInput, required: true, description: 'The end.' }) },
      errors: { types: [...changeRefusals, SessionEndedError, SessionIncompleteError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const change = parseChange(input);
        await endSession(app, viewer, {
          ...change,
          coverage: input.coverage ?? undefined,
          dropped: input.dropped ?? [],
          hold: input.hold ?? false,
        });
        return app.db.session.findUniqueOrThrow({ ...query, where: { id: change.sessionId } });
      },
    }),
  };
});
