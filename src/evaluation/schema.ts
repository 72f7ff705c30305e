import type { Prisma } from '../generated/prisma/client.ts';
import { builder } from '../graphql/builder.ts';
import { parseUuid } from '../graphql/input.ts';
import { compareEvaluations, type Difference } from './compare.ts';
import { Measures } from './measures.ts';
import { EstimateType, MeasuresType } from './schema-measures.ts';

export const Contestant = builder.enumType('Contestant', {
  description: 'Who answers in an evaluation.',
  values: {
    MODEL: { description: 'A model.' },
    MAJORITY: {
      description: 'Always what was right most often in training: reads no task and no history.',
    },
    RANDOM: { description: 'Any candidate, and operations as often as people use them.' },
  },
});

export const EvaluationState = builder.enumType('EvaluationState', {
  description: 'Where an evaluation is.',
  values: {
    QUEUED: { description: 'It waits for a worker.' },
    RUNNING: { description: 'Steps are asked.' },
    SUCCEEDED: { description: 'All steps are answered and measured.' },
    FAILED: { description: 'It could not be done; the answers so far are kept.' },
    CANCELLED: { description: 'It was stopped; the answers so far are kept.' },
  },
});

export const EvaluationType = builder.prismaObject('Evaluation', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the evaluation.' }),
    datasetId: t.exposeID('datasetId'),
    contestant: t.expose('contestant', { type: Contestant, description: 'Who answers.' }),
    modelId: t.exposeID('modelId', { nullable: true }),
    name: t.exposeString('name'),
    state: t.expose('state', { type: EvaluationState, description: 'Where it is.' }),
    concurrency: t.exposeInt('concurrency'),
    steps: t.exposeInt('steps', { nullable: true }),
    answered: t.exposeInt('answered'),
    progress: t.float({
      description: 'Share of the steps that are answered, 0 to 1.',
      select: { steps: true, answered: true, state: true },
      resolve: ({ steps, answered, state }) =>
        state === 'SUCCEEDED' ? 1 : steps ? Math.min(1, answered / steps) : 0,
    }),
    message: t.exposeString('message', { nullable: true }),
    error: t.exposeString('error', { nullable: true }),
    measures: t.field({
      type: MeasuresType,
      nullable: true,
      description: 'The measures with their intervals; `null` until it has succeeded.',
      select: { measures: true },
      resolve: ({ measures }) => (measures === null ? null : Measures.parse(measures)),
    }),
    costUsd: t.exposeFloat('costUsd', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the first step was asked; `null` before.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; `null` while it goes on.',
    }),
  }),
});

const EvaluationFilter = builder.inputType('EvaluationFilter', {
  description: 'Which evaluations. What is absent does not restrict.',
  fields: (t) => ({
    datasetId: t.id({ description: 'On this suite.' }),
    modelId: t.id({ description: 'Of this model.' }),
    contestants: t.field({ type: [Contestant], description: 'Of one of these contestants.' }),
    states: t.field({ type: [EvaluationState], description: 'In one of these states.' }),
  }),
});

const EvaluationOrder = builder.enumType('EvaluationOrder', {
  description: 'Order of evaluations.',
  values: {
    CREATED_AT_DESC: { description: 'Newest first.' },
    CREATED_AT_ASC: { description: 'Oldest first.' },
  },
});

const Measure = builder.enumType('EvaluationMeasure', {
  description: 'A measure that is compared.',
  values: {
    element: { value: 'element', description: 'Element accuracy.' },
    operation: { value: 'operation', description: 'Operation F1.' },
    step: { value: 'step', description: 'Step success.' },
    task: { value: 'task', description: 'Task success.' },
    progress: { value: 'progress', description: 'Task progress.' },
  },
});

const DifferenceType = builder.objectRef<Difference>('EvaluationDifference').implement({
  description: 'How much better one contestant is than another on the same sessions.',
  fields: (t) => ({
    a: t.field({ type: EvaluationType, description: 'The one.', resolve: ({ a }) => a }),
    b: t.field({ type: EvaluationType, description: 'The other.', resolve: ({ b }) => b }),
    measure: t.expose('measure', { type: Measure, description: 'What is compared.' }),
    difference: t.field({
      type: EstimateType,
      description: '`a − b` with its interval: every draw is measured for both. −1 to 1.',
      resolve: (difference) => difference,
    }),
    isSure: t.boolean({
      description: 'Whether the interval leaves out 0.',
      resolve: ({ low, high }) => low > 0 || high < 0,
    }),
    sessions: t.exposeInt('sessions', { description: 'Sessions that both were asked about.' }),
  }),
});

type Comparison = Awaited<ReturnType<typeof compareEvaluations>>;

const ComparisonType = builder.objectRef<Comparison>('EvaluationComparison').implement({
  description: 'Contestants side by side on one suite.',
  fields: (t) => ({
    evaluations: t.field({
      type: [EvaluationType],
      description: 'In the order that was asked for.',
      resolve: ({ evaluations }) => evaluations,
    }),
    differences: t.field({
      type: [DifferenceType],
      description: 'Every earlier one against every later one, in each measure.',
      resolve: ({ differences }) => differences,
    }),
  }),
});

builder.queryFields((fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return {
    evaluation: t.prismaField({
      type: EvaluationType,
      nullable: true,
      description: "One of the project's evaluations; `null` when there is none with this id.",
      args: { id: t.arg.id({ required: true, description: 'Id of the evaluation.' }) },
      resolve: (query, _root, { id }, { app, viewer }) =>
        app.db.evaluation.findFirst({ ...query, where: { id, projectId: viewer.projectId } }),
    }),
    evaluations: t.prismaConnection(
      {
        type: EvaluationType,
        cursor: 'id',
        description: "The project's evaluations.",
        args: {
          where: t.arg({ type: EvaluationFilter, description: 'Which of them.' }),
          orderBy: t.arg({
            type: EvaluationOrder,
            defaultValue: 'CREATED_AT_DESC',
            description: 'In which order.',
          }),
        },
        totalCount: (_root, { where }, { app, viewer }) =>
          app.db.evaluation.count({ where: { ...evaluationWhere(where), ...of(viewer) } }),
        resolve: (query, _root, { where, orderBy }, { app, viewer }) => {
          const direction = orderBy === 'CREATED_AT_ASC' ? 'asc' : 'desc';
          return app.db.evaluation.findMany({
            ...query,
            where: { ...evaluationWhere(where), ...of(viewer) },
            orderBy: [{ createdAt: direction }, { id: direction }],
          });
        },
      },
      { name: 'EvaluationConnection', description: 'A page of evaluations.' },
      { name: 'EvaluationEdge', description: 'An item of a page of evaluations.' },
    ),
    evaluationComparison: t.field({
      type: ComparisonType,
      description: 'Two to eight finished evaluations of one suite, side by side.',
      args: {
        evaluationIds: t.arg.idList({ required: true, description: 'Which, in which order.' }),
      },
      resolve: (_root, { evaluationIds }, { app, viewer }) =>
        compareEvaluations(
          app,
          viewer.projectId,
          evaluationIds.map((id) => parseUuid(id, 'evaluationIds')),
        ),
    }),
  };
});

function of({ projectId }: { projectId: string }): { projectId: string } {
  return { projectId };
}

function evaluationWhere(
  where: typeof EvaluationFilter.$inferInput | null | undefined,
): Prisma.EvaluationWhereInput {
  const { datasetId, modelId, contestants, states } = where ?? {};
  return {
    ...(datasetId ? { datasetId } : {}),
    ...(modelId ? { modelId } : {}),
    ...(contestants ? { contestant: { in: contestants } } : {}),
    ...(states ? { state: { in: states } } : {}),
  };
}
