import DataLoader from 'dataloader';
import { readable } from '../datasets/example.ts';
import { readExample } from '../datasets/read.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { builder } from '../graphql/builder.ts';
import { type Context, onceFor } from '../graphql/context.ts';
import { openSession } from '../sessions/session-keys.ts';
import { type KeptAnswer, openAnswer } from './answers.ts';
import { EvaluationType } from './schema.ts';

type Right = KeptAnswer['right'];
type Ranked = KeptAnswer['ranked'][number];
type Sealed = { id: string; sessionId: string; sealed: Uint8Array };

const RightType = builder.objectRef<Right>('EvaluationRightAnswer').implement({
  description: 'What the person did.',
  fields: (t) => ({
    ref: t.exposeString('ref', { description: 'The candidate that is right.' }),
    text: t.exposeString('text', { description: 'It, as its line in the outline.' }),
    within: t.exposeString('within', {
      nullable: true,
      description: 'What it stands in; `null` where nothing around it has a name.',
    }),
    operation: t.exposeString('operation', { description: 'The right operation.' }),
    value: t.exposeString('value', {
      nullable: true,
      description: 'What is typed, chosen or pressed; `null` for the other operations.',
    }),
  }),
});

const RankedType = builder.objectRef<Ranked>('EvaluationRankedCandidate').implement({
  description: 'A candidate as the contestant ranked it.',
  fields: (t) => ({
    ref: t.exposeString('ref', { description: 'Its mark in the outline.' }),
    text: t.exposeString('text', { description: 'It, as its line in the outline.' }),
    within: t.exposeString('within', {
      nullable: true,
      description: 'What it stands in; `null` where nothing around it has a name.',
    }),
    confidence: t.exposeFloat('confidence', {
      nullable: true,
      description:
        'How sure the contestant is, 0 to 1; `null` for a chat model whose server does not tell.',
    }),
  }),
});

const AnswerType = builder.objectRef<KeptAnswer>('EvaluationAnswer').implement({
  description: 'What was answered, beside what was right.',
  fields: (t) => ({
    task: t.exposeString('task', { description: 'What was to be done.' }),
    url: t.exposeString('url', { description: 'Address of the page, redacted.' }),
    right: t.field({
      type: RightType,
      description: 'What was right.',
      resolve: ({ right }) => right,
    }),
    ranked: t.field({
      type: [RankedType],
      description: 'The first ten candidates, best first.',
      resolve: ({ ranked }) => ranked,
    }),
    operation: t.exposeString('operation', {
      nullable: true,
      description: 'The operation that was answered; `null` where the answer was none.',
    }),
    value: t.exposeString('value', {
      nullable: true,
      description: 'The value that was answered; `null` for operations without one.',
    }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'Why it was no usable answer; `null` for a usable one.',
    }),
  }),
});

const Result = builder.prismaObject('EvaluationResult', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the answer.' }),
    evaluationId: t.exposeID('evaluationId', { description: 'The evaluation.' }),
    sessionId: t.exposeID('sessionId', { description: 'The session that the step is of.' }),
    sequence: t.exposeInt('sequence'),
    site: t.exposeString('site', { description: 'Site of the page.' }),
    operation: t.exposeString('operation'),
    predictedOperation: t.exposeString('predictedOperation', { nullable: true }),
    isElementRight: t.exposeBoolean('isElementRight'),
    isOperationRight: t.exposeBoolean('isOperationRight'),
    operationF1: t.exposeFloat('operationF1'),
    isStepRight: t.exposeBoolean('isStepRight'),
    place: t.exposeInt('place', { nullable: true }),
    confidence: t.exposeFloat('confidence', { nullable: true }),
    candidates: t.exposeInt('candidates'),
    latencyMs: t.exposeInt('latencyMs', { description: 'Time of the answer, in milliseconds.' }),
    costUsd: t.exposeFloat('costUsd', {
      nullable: true,
      description: 'Cost of the answer in US dollars; `null` where no price is known.',
    }),
    answer: t.field({
      type: AnswerType,
      nullable: true,
      description: 'What was answered; `null` when the session was erased.',
      select: { id: true, sessionId: true, sealed: true },
      resolve: async (row, _args, context) => onceFor(context, answerLoader).load(row),
    }),
    example: t.string({
      nullable: true,
      complexity: 20,
      description:
        'The whole question as a person reads it, the right answer at its end; `null` when the session was erased. Read for one at a time.',
      select: { sessionId: true, sequence: true, evaluation: { select: { datasetId: true } } },
      resolve: async ({ sessionId, sequence, evaluation }, _args, { app, viewer }) => {
        if (!viewer) return null;
        const { projectId } = viewer;
        const ids = { projectId, datasetId: evaluation.datasetId, sessionId, sequence };
        const example = await readExample(app, ids);
        return example && readable(example);
      },
    }),
  }),
});

// The key of a session is remembered, so a page of answers of one session costs one look-up.
function answerLoader({ app }: Context): DataLoader<Sealed, KeptAnswer | null, string> {
  return new DataLoader<Sealed, KeptAnswer | null, string>(
    (rows) =>
      Promise.all(
        rows.map(async (row) => {
          const access = await openSession(app, row.sessionId);
          return access && openAnswer(access.key, row);
        }),
      ),
    { cacheKeyFn: ({ id }) => id },
  );
}

const ResultFilter = builder.inputType('EvaluationResultFilter', {
  description: 'Which answers. What is absent does not restrict.',
  fields: (t) => ({
    isStepRight: t.boolean({ description: 'Right in everything, or not.' }),
    isElementRight: t.boolean({ description: 'With the right element first, or not.' }),
    site: t.string({ description: 'On this site.' }),
    operation: t.string({ description: 'Where this operation is right.' }),
    sessionId: t.id({ description: 'Of this session.' }),
  }),
});

const ResultOrder = builder.enumType('EvaluationResultOrder', {
  description: 'Order of answers.',
  values: {
    STEP: { description: 'By session, then by step.' },
    CONFIDENCE_DESC: { description: 'The surest first: what is wrong there is wrong for sure.' },
    LATENCY_DESC: { description: 'The slowest first.' },
  },
});

const orders: Record<string, Prisma.EvaluationResultOrderByWithRelationInput[]> = {
  STEP: [{ sessionId: 'asc' }, { sequence: 'asc' }],
  CONFIDENCE_DESC: [{ confidence: { sort: 'desc', nulls: 'last' } }, { id: 'asc' }],
  LATENCY_DESC: [{ latencyMs: 'desc' }, { id: 'asc' }],
};

builder.prismaObjectField(EvaluationType, 'results', (t) =>
  t.relatedConnection(
    'results',
    {
      cursor: 'id',
      description: 'Every answer that was given.',
      args: {
        where: t.arg({ type: ResultFilter, description: 'Which of them.' }),
        orderBy: t.arg({ type: ResultOrder, defaultValue: 'STEP', description: 'In which order.' }),
      },
      totalCount: true,
      query: ({ where, orderBy }) => ({
        where: resultWhere(where),
        orderBy: orders[orderBy ?? 'STEP'] ?? [],
      }),
    },
    { name: 'EvaluationResultConnection', description: 'A page of answers.' },
    { name: 'EvaluationResultEdge', description: 'An item of a page of answers.' },
  ),
);

builder.queryField('evaluationResult', (fields) =>
  fields.withAuth({ scope: 'READ' }).prismaField({
    type: Result,
    nullable: true,
    description: 'One answer; `null` when the project has none with this id.',
    args: { id: fields.arg.id({ required: true, description: 'Id of the answer.' }) },
    resolve: (query, _root, { id }, { app, viewer }) =>
      app.db.evaluationResult.findFirst({ ...query, where: { id, projectId: viewer.projectId } }),
  }),
);

function resultWhere(
  where: typeof ResultFilter.$inferInput | null | undefined,
): Prisma.EvaluationResultWhereInput {
  const { isStepRight, isElementRight, site, operation, sessionId } = where ?? {};
  return {
    ...(isStepRight == null ? {} : { isStepRight }),
    ...(isElementRight == null ? {} : { isElementRight }),
    ...(site ? { site } : {}),
    ...(operation ? { operation } : {}),
    ...(sessionId ? { sessionId } : {}),
  };
}
