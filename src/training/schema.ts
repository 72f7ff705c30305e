import { projectOf } from '../accounts/known.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type {
  TrainingState as StateName,
  Trainer as TrainerName,
} from '../generated/prisma/enums.ts';
import { builder } from '../graphql/builder.ts';
import type { Context, Viewer } from '../graphql/context.ts';
import { describe } from '../graphql/describe.ts';
import { Gap } from '../graphql/gap.ts';
import { parseUuid } from '../graphql/input.ts';
import { watch } from '../graphql/watch.ts';
import { spentThisMonth } from './budget.ts';
import './schema-mutations.ts';
import './schema-problems.ts';
import {
  ModelType,
  Trainer,
  TrainingJobType,
  TrainingMethod,
  TrainingMetricType,
  TrainingRuleType,
  TrainingState,
} from './schema-types.ts';
import { type Proposed, proposeTraining } from './start.ts';

type JobFilter = {
  states?: StateName[] | null;
  trainers?: TrainerName[] | null;
  datasetId?: string | null;
  site?: string | null;
};
type ModelFilterInput = { trainers?: TrainerName[] | null; datasetId?: string | null };

const TrainingJobFilter = builder.inputType('TrainingJobFilter', {
  description: 'Which training jobs. What is absent does not restrict.',
  fields: (t) => ({
    states: t.field({ type: [TrainingState], description: 'In one of these states.' }),
    trainers: t.field({ type: [Trainer], description: 'By one of these trainers.' }),
    datasetId: t.id({ description: 'On this dataset.' }),
    site: t.string({ description: 'Started by a rule for this site.' }),
  }),
});

const ModelFilter = builder.inputType('ModelFilter', {
  description: 'Which models. What is absent does not restrict.',
  fields: (t) => ({
    trainers: t.field({ type: [Trainer], description: 'Of one of these trainers.' }),
    datasetId: t.id({ description: 'That learned from this dataset.' }),
  }),
});

const TrainingOrder = builder.enumType('TrainingOrder', {
  description: 'Order of training jobs, models and rules.',
  values: describe({ NEWEST_FIRST: 'Made last, first.', OLDEST_FIRST: 'Made first, first.' }),
});

const TrainingProposal = builder.objectRef<Proposed>('TrainingProposal').implement({
  description: 'What a training would be, before it is asked for.',
  fields: (t) => ({
    hyperparameters: t.field({
      type: 'JSON',
      description: 'By the trainer’s own names.',
      resolve: ({ values }) => values,
    }),
    reason: t.exposeString('reason', { description: 'Why these hyperparameters, in words.' }),
    estimatedCostUsd: t.exposeFloat('estimateUsd', {
      nullable: true,
      description: 'In US dollars, by list price. `null` where no price is known.',
    }),
    examples: t.exposeInt('examples', { description: 'Examples it would learn from.' }),
    validationExamples: t.exposeInt('validationExamples', {
      description: 'Examples it would be checked with.',
    }),
    sessions: t.exposeInt('sessions', { description: 'Sessions it would learn from.' }),
    sites: t.exposeStringList('sites', { description: 'Sites it would learn from.' }),
  }),
});

const TrainingProposalInput = builder.inputType('TrainingProposalInput', {
  description: 'A training that is thought about.',
  fields: (t) => ({
    datasetId: t.id({ required: true, description: 'A frozen dataset.' }),
    trainer: t.field({ type: Trainer, required: true, description: 'Who would train.' }),
    method: t.field({
      type: TrainingMethod,
      defaultValue: 'SUPERVISED',
      description: 'What would be learned from.',
    }),
    baseModel: t.string({ description: 'What it would start from. None for LOCAL.' }),
    pictures: t.boolean({ description: 'Whether it would learn from pictures, too. Absent: no.' }),
  }),
});

builder.queryFields((fields) => {
  const t = fields.withAuth({ anyScope: ['READ', 'TRAIN'] });
  const newest = (orderBy: string | null | undefined): 'asc' | 'desc' =>
    orderBy === 'OLDEST_FIRST' ? 'asc' : 'desc';
  const order = fields.arg({
    type: TrainingOrder,
    defaultValue: 'NEWEST_FIRST',
    description: 'In which order.',
  });
  return {
    trainingJob: t.prismaField({
      type: TrainingJobType,
      nullable: true,
      description: 'A training job of the project, or `null` when there is none with this id.',
      args: { id: t.arg.id({ required: true, description: 'Id of the job.' }) },
      resolve: (query, _root, { id }, { app, viewer }) =>
        app.db.trainingJob.findFirst({ ...query, where: { id, projectId: projectOf(viewer) } }),
    }),
    trainingJobs: t.prismaConnection(
      {
        type: TrainingJobType,
        cursor: 'id',
        description: 'Training jobs of the project.',
        args: {
          where: t.arg({ type: TrainingJobFilter, description: 'Which jobs. Absent: all.' }),
          orderBy: order,
        },
        totalCount: (_connection, { where }, { app, viewer }) =>
          app.db.trainingJob.count({ where: jobsWhere(viewer, where) }),
        resolve: (query, _root, { where, orderBy }, { app, viewer }) =>
          app.db.trainingJob.findMany({
            ...query,
            where: jobsWhere(viewer, where),
            orderBy: [{ createdAt: newest(orderBy) }, { id: newest(orderBy) }],
          }),
      },
      { name: 'TrainingJobConnection', description: 'A page of training jobs.' },
      { name: 'TrainingJobEdge', description: 'A place in a list of training jobs.' },
    ),
    model: t.prismaField({
      type: ModelType,
      nullable: true,
      description: 'A model of the project, or `null` when there is none with this id.',
      args: { id: t.arg.id({ required: true, description: 'Id of the model.' }) },
      resolve: (query, _root, { id }, { app, viewer }) =>
        app.db.model.findFirst({ ...query, where: { id, projectId: projectOf(viewer) } }),
    }),
    models: t.prismaConnection(
      {
        type: ModelType,
        cursor: 'id',
        description: 'Models of the project.',
        args: {
          where: t.arg({ type: ModelFilter, description: 'Which models. Absent: all.' }),
          orderBy: order,
        },
        totalCount: (_connection, { where }, { app, viewer }) =>
          app.db.model.count({ where: modelsWhere(viewer, where) }),
        resolve: (query, _root, { where, orderBy }, { app, viewer }) =>
          app.db.model.findMany({
            ...query,
            where: modelsWhere(viewer, where),
            orderBy: [{ createdAt: newest(orderBy) }, { id: newest(orderBy) }],
          }),
      },
      { name: 'ModelConnection', description: 'A page of models.' },
      { name: 'ModelEdge', description: 'A place in a list of models.' },
    ),
    trainingRules: t.prismaConnection(
      {
        type: TrainingRuleType,
        cursor: 'id',
        description: 'When training starts by itself.',
        args: { orderBy: order },
        totalCount: (_connection, _args, { app, viewer }) =>
          app.db.trainingRule.count({ where: { projectId: projectOf(viewer) } }),
        resolve: (query, _root, { orderBy }, { app, viewer }) =>
          app.db.trainingRule.findMany({
            ...query,
            where: { projectId: projectOf(viewer) },
            orderBy: [{ createdAt: newest(orderBy) }, { id: newest(orderBy) }],
          }),
      },
      { name: 'TrainingRuleConnection', description: 'A page of training rules.' },
      { name: 'TrainingRuleEdge', description: 'A place in a list of training rules.' },
    ),
    trainingProposal: t.field({
      type: TrainingProposal,
      description:
        'Hyperparameters and cost of a training, worked out from the dataset and past trainings. Nothing is started.',
      args: {
        input: t.arg({
          type: TrainingProposalInput,
          required: true,
          description: 'The training that is thought about.',
        }),
      },
      resolve: (_root, { input }, { app, viewer }) =>
        proposeTraining(app, {
          projectId: projectOf(viewer),
          datasetId: parseUuid(input.datasetId, 'input.datasetId'),
          trainer: input.trainer,
          method: input.method ?? 'SUPERVISED',
          baseModel: input.baseModel ?? null,
          pictures: input.pictures ?? false,
          hyperparameters: {},
        }),
    }),
  };
});

builder.prismaObjectFields('Project', (t) => ({
  trainingBudgetUsd: t.exposeFloat('trainingBudgetUsd'),
  trainingSpentUsd: t.float({
    description:
      'What trainings of this calendar month (UTC) have cost or are promised to, in US dollars.',
    select: { id: true },
    resolve: ({ id }, _args, { app }) => spentThisMonth(app.db, id, new Date()),
  }),
}));

type Changed = { cursor: string; subjectId: string; viewer: Viewer };

const TrainingJobChange = builder.objectRef<Changed>('TrainingJobChange').implement({
  description: 'A training job changed, or its curve grew.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this change, as `after`.',
    }),
    trainingJob: t.prismaField({
      type: TrainingJobType,
      nullable: true,
      description: 'The job as it is now. `null` when the viewer may not read it any more.',
      resolve: (query, { subjectId, viewer }, _args, { app }) =>
        app.db.trainingJob.findFirst({
          ...query,
          where: { id: subjectId, projectId: readable(viewer) },
        }),
    }),
    points: t.prismaField({
      type: [TrainingMetricType],
      description: 'Points of its curve by step, at most 200.',
      args: {
        afterStep: t.arg.int({
          defaultValue: -1,
          description: 'Only those after this step: the last one that was seen.',
        }),
      },
      resolve: (query, { subjectId, viewer }, { afterStep }, { app }) =>
        app.db.trainingMetric.findMany({
          ...query,
          where: {
            trainingJobId: subjectId,
            projectId: readable(viewer),
            step: { gt: afterStep ?? -1 },
          },
          orderBy: { step: 'asc' },
          take: 200,
        }),
    }),
  }),
});

const TrainingEvent = builder.unionType('TrainingEvent', {
  description: 'A change of a training job, or a gap.',
  types: [TrainingJobChange, Gap],
  resolveType: (event) => ('subjectId' in event ? TrainingJobChange : Gap),
});

builder.subscriptionField('trainingJobChanged', (fields) => {
  const t = fields.withAuth({ anyScope: ['READ', 'TRAIN'] });
  return t.field({
    type: TrainingEvent,
    description: 'Every change of one training job: its state, how far it is, its curve.',
    args: {
      id: t.arg.id({ required: true, description: 'Id of the job.' }),
      after: t.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for up to a day.',
      }),
    },
    subscribe: async function* (_root, { id, after }, context) {
      const subjectId = id.toLowerCase();
      const { projectId } = context.viewer;
      for await (const change of watch(context, { topic: 'training', projectId, subjectId }, after))
        if ('gap' in change || mayRead(change.viewer)) yield change;
    },
    resolve: (change) => change,
  });
});

function mayRead({ scopes }: Viewer): boolean {
  return scopes.has('READ') || scopes.has('TRAIN');
}

/** The project whose trainings the viewer may read; none without the rights. */
function readable(viewer: Viewer): string {
  return mayRead(viewer) ? viewer.projectId : '00000000-0000-0000-0000-000000000000';
}

function jobsWhere(
  viewer: Context['viewer'],
  where: JobFilter | null | undefined,
): Prisma.TrainingJobWhereInput {
  const { states, trainers, datasetId, site } = where ?? {};
  return {
    projectId: projectOf(viewer),
    ...(states ? { state: { in: states } } : {}),
    ...(trainers ? { trainer: { in: trainers } } : {}),
    ...(datasetId ? { datasetId } : {}),
    ...(site ? { site } : {}),
  };
}

function modelsWhere(
  viewer: Context['viewer'],
  where: ModelFilterInput | null | undefined,
): Prisma.ModelWhereInput {
  const { trainers, datasetId } = where ?? {};
  return {
    projectId: projectOf(viewer),
    ...(trainers ? { trainer: { in: trainers } } : {}),
    ...(datasetId ? { datasetId } : {}),
  };
}
