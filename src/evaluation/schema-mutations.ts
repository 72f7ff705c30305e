import { DatasetNotFoundError, DatasetStateError } from '../datasets/errors.ts';
import { builder } from '../graphql/builder.ts';
import { parseUuid } from '../graphql/input.ts';
import { Problem } from '../graphql/problem.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { ModelNotFoundError } from '../training/errors.ts';
import { EvaluationIdTakenError, EvaluationNotFoundError, EvaluationStateError } from './errors.ts';
import { EvaluationState, EvaluationType } from './schema.ts';
import { cancelEvaluation, evaluateModel } from './start.ts';

builder.objectType(EvaluationNotFoundError, {
  name: 'EvaluationNotFound',
  description: 'There is no such evaluation of the project.',
  interfaces: [Problem],
});

builder.objectType(EvaluationIdTakenError, {
  name: 'EvaluationIdTaken',
  description: 'The id belongs to another evaluation, or to one that was asked for differently.',
  interfaces: [Problem],
});

builder.objectType(EvaluationStateError, {
  name: 'EvaluationStateRefused',
  description: 'The evaluation is in a state in which this cannot be done.',
  interfaces: [Problem],
  fields: (t) => ({
    state: t.expose('state', { type: EvaluationState, description: 'Its state.' }),
  }),
});

const Baseline = builder.enumType('Baseline', {
  description: 'What every model must beat.',
  values: {
    MAJORITY: {
      description: 'Always what was right most often in training: reads no task and no history.',
    },
    RANDOM: { description: 'Any candidate, and operations as often as people use them.' },
  },
});

const EvaluateModelInput = builder.inputType('EvaluateModelInput', {
  description: 'A contestant and a suite. Exactly one of `modelId` and `baseline` is given.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'UUID made by the client. A repeat gives the same evaluation.',
    }),
    datasetId: t.id({
      required: true,
      description: 'The suite: a frozen dataset, whose test split is asked.',
    }),
    modelId: t.id({ description: 'The model that answers.' }),
    baseline: t.field({ type: Baseline, description: 'The baseline that answers.' }),
    concurrency: t.int({
      defaultValue: 4,
      description: 'Questions asked at once, 1 to 64. Default: 4.',
    }),
  }),
});

const CancelEvaluationInput = builder.inputType('CancelEvaluationInput', {
  description: 'An evaluation to stop. A repeat does nothing more.',
  fields: (t) => ({ id: t.id({ required: true, description: 'The evaluation.' }) }),
});

builder.mutationFields((fields) => {
  const t = fields.withAuth({ scope: 'TRAIN' });
  return {
    evaluateModel: t.prismaField({
      type: EvaluationType,
      description: 'Has a model or a baseline answer the test split of a frozen dataset, by a job.',
      args: {
        input: t.arg({ type: EvaluateModelInput, required: true, description: 'Who, and what.' }),
      },
      errors: {
        types: [
          InvalidInputError,
          DatasetNotFoundError,
          DatasetStateError,
          ModelNotFoundError,
          EvaluationIdTakenError,
        ],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const id = parseUuid(input.id, 'input.id');
        const modelId = input.modelId ? parseUuid(input.modelId, 'input.modelId') : null;
        const concurrency = input.concurrency ?? 4;
        if (!(concurrency >= 1 && concurrency <= 64))
          throw new InvalidInputError(
            'input.concurrency',
            `Expected 1 to 64 questions at once, got ${concurrency}.`,
          );
        await evaluateModel(app, viewer, {
          id,
          datasetId: parseUuid(input.datasetId, 'input.datasetId'),
          contestant: input.baseline ?? 'MODEL',
          modelId,
          concurrency,
        });
        return app.db.evaluation.findUniqueOrThrow({ ...query, where: { id } });
      },
    }),
    cancelEvaluation: t.prismaField({
      type: EvaluationType,
      description: 'Stops an evaluation; the answers so far are kept.',
      args: {
        input: t.arg({ type: CancelEvaluationInput, required: true, description: 'Which.' }),
      },
      errors: { types: [InvalidInputError, EvaluationNotFoundError, EvaluationStateError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const id = parseUuid(input.id, 'input.id');
        await cancelEvaluation(app, viewer, id);
        return app.db.evaluation.findUniqueOrThrow({ ...query, where: { id } });
      },
    }),
  };
});
