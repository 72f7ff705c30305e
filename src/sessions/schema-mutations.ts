import { limits } from '../contract/limits.ts';
import { builder } from '../graphql/builder.ts';
import { parseUuid } from '../graphql/input.ts';
import { InvalidInputError } from '../lib/errors.ts';
import {
  OperationReusedError,
  SessionEndedError,
  SessionIncompleteError,
  SessionNotFoundError,
  SessionStateError,
  VersionConflictError,
} from './errors.ts';
import {
  discardSession,
  endSession,
  pauseSession,
  releaseSession,
  resumeSession,
  updateSession,
} from './lifecycle.ts';
import { Session } from './schema.ts';
import { capture } from './schema-capture.ts';
import { CoverageAccountInput } from './schema-coverage.ts';
import { DropReason } from './schema-interactions.ts';

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
