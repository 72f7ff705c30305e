import DataLoader from 'dataloader';
import { builder } from '../graphql/builder.ts';
import { type Context, onceFor, type Viewer } from '../graphql/context.ts';
import { Gap } from '../graphql/gap.ts';
import { watch } from '../graphql/watch.ts';
import type { Interest } from '../platform/pubsub.ts';
import { visibleTo } from '../sessions/visible.ts';
import { stages } from './stage.ts';

export const Stage = builder.enumType('Stage', {
  description: 'A stage of processing, in the order in which a session meets them.',
  values: {
    REDACT: { description: 'Masked boxes are painted over in the pictures.' },
    COMPRESS: { description: 'Pictures become WebP and are measured.' },
    SCORE: { description: 'The quality is judged.' },
    EXAMPLES: { description: 'Steps become examples.' },
    EXPORT: { description: 'Examples become a file that is checked.' },
  },
});

const StepState = builder.enumType('StepState', {
  description: 'Where a stage is.',
  values: {
    WAITING: { description: 'It has not begun.' },
    RUNNING: { description: 'It is at work.' },
    RETRYING: { description: 'An attempt failed; another one follows.' },
    DONE: { description: 'It is done.' },
    FAILED: { description: 'The last attempt failed. `reprocessSession` runs it again.' },
  },
});

const ProcessingStep = builder.prismaObject('ProcessingStep', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the step.' }),
    sessionId: t.exposeID('sessionId', { description: 'The session it works on.' }),
    stage: t.expose('stage', { type: Stage, description: 'Which stage.' }),
    state: t.expose('state', { type: StepState, description: 'Where it is.' }),
    attempt: t.exposeInt('attempt'),
    progress: t.exposeFloat('progress'),
    message: t.exposeString('message', { nullable: true }),
    error: t.exposeString('error', { nullable: true }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the last attempt began; `null` before the first.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the last attempt ended; `null` while it runs.',
    }),
  }),
});

builder.prismaObjectField('Session', 'processing', (t) =>
  t.field({
    type: [ProcessingStep],
    description: 'What each stage has done, in order; empty until processing begins.',
    select: (_args, _context, nested) => ({ processing: nested() }),
    resolve: ({ processing }) =>
      [...processing].sort((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage)),
  }),
);

type Changed = { cursor: string; subjectId: string; viewer: Viewer };

const ProcessingChange = builder.objectRef<Changed>('ProcessingChange').implement({
  description: 'A stage went on.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this change, as `after`.',
    }),
    step: t.prismaField({
      type: ProcessingStep,
      nullable: true,
      description: 'The step as it is now. `null` when the viewer may not read it any more.',
      resolve: (query, { subjectId, viewer }, _args, { app }) =>
        app.db.processingStep.findFirst({
          ...query,
          where: { id: subjectId, session: visibleTo(viewer) },
        }),
    }),
  }),
});

const ProcessingEvent = builder.unionType('ProcessingEvent', {
  description: 'A stage that went on, or a gap.',
  types: [ProcessingChange, Gap],
  resolveType: (event) => ('subjectId' in event ? ProcessingChange : Gap),
});

builder.subscriptionField('processingProgress', (fields) => {
  const t = fields.withAuth({ anyScope: ['READ', 'CAPTURE'] });
  return t.field({
    type: ProcessingEvent,
    description: 'The stages of one session, or of all that the viewer may read, live.',
    args: {
      sessionId: t.arg.id({
        description: 'Id of the session. Absent: every session that the viewer may read.',
      }),
      after: t.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for up to a day.',
      }),
    },
    subscribe: async function* (_root, { sessionId, after }, context) {
      const interest: Interest = {
        topic: 'processing',
        projectId: context.viewer.projectId,
        ...(sessionId ? { sessionId: sessionId.toLowerCase() } : {}),
      };
      for await (const change of watch(context, interest, after)) {
        if ('gap' in change) yield change;
        else {
          const where = { AND: [{ id: change.sessionId ?? '' }, visibleTo(change.viewer)] };
          if ((await context.app.db.session.count({ where })) > 0) yield change;
        }
      }
    },
    resolve: (change) => change,
  });
});

type Totals = { originalBytes: number; storedBytes: number };

const SessionStorage = builder.objectRef<Totals>('SessionStorage').implement({
  description: 'What the pictures, pages and audio clips of a session take.',
  fields: (t) => ({
    originalBytes: t.field({
      type: 'BigInt',
      description: 'As the recorder took them, in bytes.',
      resolve: ({ originalBytes }) => originalBytes,
    }),
    storedBytes: t.field({
      type: 'BigInt',
      description: 'As stored, in bytes; pictures count from the stage COMPRESS on.',
      resolve: ({ storedBytes }) => storedBytes,
    }),
  }),
});

builder.prismaObjectField('Session', 'storage', (t) =>
  t.field({
    type: SessionStorage,
    description: 'What its pictures, pages and audio clips take.',
    select: { id: true },
    resolve: ({ id }, _args, context) => onceFor(context, storageLoader).load(id),
  }),
);

function storageLoader({ app }: Context): DataLoader<string, Totals> {
  return new DataLoader<string, Totals>(async (ids) => {
    const query = {
      by: ['sessionId' as const],
      where: { sessionId: { in: [...ids] }, upload: 'STORED' as const },
      _sum: { originalBytes: true as const, storedBytes: true as const },
    };
    const sums = [
      ...(await app.db.screenshot.groupBy(query)),
      ...(await app.db.pageSnapshot.groupBy(query)),
      ...(await app.db.audioClip.groupBy(query)),
    ];
    return ids.map((id) => {
      const own = sums.filter(({ sessionId }) => sessionId === id);
      return {
        originalBytes: own.reduce((sum, row) => sum + (row._sum.originalBytes ?? 0), 0),
        storedBytes: own.reduce((sum, row) => sum + (row._sum.storedBytes ?? 0), 0),
      };
    });
  });
}
