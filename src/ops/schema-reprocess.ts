import { builder } from '../graphql/builder.ts';
import { parseUuid } from '../graphql/input.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { Stage } from '../processing/schema.ts';
import {
  OperationReusedError,
  SessionNotFoundError,
  SessionStateError,
  VersionConflictError,
} from '../sessions/errors.ts';
import { Session } from '../sessions/schema.ts';
import { reprocessSession } from './reprocess.ts';

const ReprocessSessionInput = builder.inputType('ReprocessSessionInput', {
  description: 'A session to process again.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    operationId: t.id({
      required: true,
      description: 'UUID made for this change. A repeat of the change gives the same answer.',
    }),
    expectedVersion: t.int({
      description: 'Version the client last saw. Absent: change whatever is there.',
    }),
    stage: t.field({
      type: Stage,
      defaultValue: 'REDACT',
      description: 'The stage to begin with; the following ones run after it.',
    }),
  }),
});

builder.mutationField('reprocessSession', (fields) =>
  fields.withAuth({ scope: 'ADMIN' }).prismaField({
    type: Session,
    description: 'Runs the processing of a session again, for example a stage that failed.',
    args: {
      input: fields.arg({
        type: ReprocessSessionInput,
        required: true,
        description: 'The session and the stage.',
      }),
    },
    errors: {
      types: [
        InvalidInputError,
        SessionNotFoundError,
        SessionStateError,
        VersionConflictError,
        OperationReusedError,
      ],
    },
    resolve: async (query, _root, { input }, { app, viewer }) => {
      const sessionId = parseUuid(input.sessionId, 'input.sessionId');
      const operationId = parseUuid(input.operationId, 'input.operationId');
      await reprocessSession(app, viewer, {
        ...input,
        sessionId,
        operationId,
        stage: input.stage ?? 'REDACT',
      });
      return app.db.session.findUniqueOrThrow({ ...query, where: { id: sessionId } });
    },
  }),
);
