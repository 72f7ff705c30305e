import { IdTakenError } from '../accounts/errors.ts';
import { projectOf } from '../accounts/known.ts';
import { DatasetNotFoundError, DatasetStateError } from '../datasets/errors.ts';
import { builder } from '../graphql/builder.ts';
import { parseInput } from '../graphql/input.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { OperationReusedError } from '../sessions/errors.ts';
import { cancelTraining, pauseTraining, resumeTraining } from './change.ts';
import {
  BudgetExceededError,
  CostUnknownError,
  EndpointRefusedError,
  TrainerRefusedError,
  TrainingJobNotFoundError,
  TrainingStateError,
} from './errors.ts';
import * as inputs from './inputs.ts';
import { registerModel } from './models.ts';
import { setTrainingBudget } from './project-settings.ts';
import { completeTraining, failTraining, reportTrainingMetrics } from './report.ts';
import { saveRule } from './rules.ts';
import {
  ModelType,
  Trainer,
  TrainingJobType,
  TrainingMethod,
  TrainingRuleType,
} from './schema-types.ts';
import { startTraining } from './start.ts';

const jobId = 'The training job.';
const operationId = 'UUID made for this change. A repeat of the change gives the same answer.';

const StartTrainingInput = builder.inputType('StartTrainingInput', {
  description: 'A training to start.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'New UUID for the job; a repeat with it starts no second one.',
    }),
    datasetId: t.id({ required: true, description: 'A frozen dataset.' }),
    name: t.string({
      required: true,
      description: 'What the model will be called, up to 100 characters.',
    }),
    trainer: t.field({ type: Trainer, required: true, description: 'Who trains.' }),
    method: t.field({
      type: TrainingMethod,
      description: 'What is learned from. Absent: SUPERVISED.',
    }),
    baseModel: t.string({
      description: 'The model to start from, by its provider’s name. None for LOCAL.',
    }),
    hyperparameters: t.field({
      type: 'JSON',
      description:
        'Numbers by name, in place of those proposed. LOCAL: epochs, learning_rate, l2. OPENAI: n_epochs, batch_size, learning_rate_multiplier, beta. EXTERNAL: n_epochs, batch_size, learning_rate, lora_rank, beta.',
    }),
    pictures: t.boolean({
      description:
        'Whether it learns from the pictures from before the actions, too: OPENAI and SUPERVISED only, and a base model that sees. Absent: no.',
    }),
    seed: t.string({
      description: 'The same seed gives the same LOCAL model. Absent: the job’s id.',
    }),
    acceptUnknownCost: t.boolean({
      description: 'Whether it may cost whatever the provider asks, where no price is known.',
    }),
  }),
});

const TrainingChangeInput = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({
      trainingJobId: t.id({ required: true, description: jobId }),
      operationId: t.id({ required: true, description: operationId }),
    }),
  });

const TrainingPointInput = builder.inputType('TrainingPointInput', {
  description: 'A point of a learning curve; what was not measured is left out.',
  fields: (t) => ({
    step: t.int({ required: true, description: 'Steps of the optimiser so far.' }),
    epoch: t.float({ description: 'Passes over the data so far.' }),
    trainLoss: t.float({ description: 'Mean cross-entropy on what it learns from, in nats.' }),
    validationLoss: t.float({ description: 'The same on what it does not learn from.' }),
    trainAccuracy: t.float({ description: 'Share of right tokens, 0 to 1.' }),
    validationAccuracy: t.float({ description: 'The same on what it does not learn from.' }),
    checkpoint: t.string({ description: 'Name of the model as of this step.' }),
  }),
});

const ReportTrainingMetricsInput = builder.inputType('ReportTrainingMetricsInput', {
  description: 'How an EXTERNAL training goes.',
  fields: (t) => ({
    trainingJobId: t.id({ required: true, description: jobId }),
    points: t.field({
      type: [TrainingPointInput],
      required: true,
      description: 'At most 500 points; a step that was told before is told better.',
    }),
    totalSteps: t.int({ description: 'Steps of the whole training.' }),
    remainingSeconds: t.int({ description: 'Until its end, in seconds.' }),
  }),
});

const CompleteTrainingInput = builder.inputType('CompleteTrainingInput', {
  description: 'The finished model of an EXTERNAL training.',
  fields: (t) => ({
    trainingJobId: t.id({ required: true, description: jobId }),
    operationId: t.id({ required: true, description: operationId }),
    endpoint: t.string({
      required: true,
      description: 'Base address of its server, with the API of OpenAI, such as https://host/v1.',
    }),
    model: t.string({ required: true, description: 'What the server calls it.' }),
    apiKey: t.string({ description: 'Key for the endpoint; kept sealed, never shown.' }),
    inputPriceUsd: t.float({ description: 'US dollars per million tokens of a question.' }),
    outputPriceUsd: t.float({ description: 'US dollars per million tokens of an answer.' }),
  }),
});

const FailTrainingInput = builder.inputType('FailTrainingInput', {
  description: 'The end of an EXTERNAL training that did not work.',
  fields: (t) => ({
    trainingJobId: t.id({ required: true, description: jobId }),
    operationId: t.id({ required: true, description: operationId }),
    reason: t.string({ required: true, description: 'Why, up to 2,000 characters.' }),
  }),
});

const SaveTrainingRuleInput = builder.inputType('SaveTrainingRuleInput', {
  description: 'When training starts by itself.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'UUID of the rule: a new one makes a new rule.' }),
    site: t.string({ description: 'The site it watches. Absent: every site, each for itself.' }),
    trainer: t.field({ type: Trainer, required: true, description: 'Who trains.' }),
    method: t.field({
      type: TrainingMethod,
      description: 'What is learned from. Absent: SUPERVISED.',
    }),
    baseModel: t.string({ description: 'The model to start from. None for LOCAL.' }),
    minNewSessions: t.int({
      required: true,
      description: 'Good sessions of a site that the last training did not know.',
    }),
    minScore: t.float({ description: 'Quality that a session needs, 0 to 1. Absent: 0.6.' }),
    enabled: t.boolean({ description: 'Whether it starts anything. Absent: yes.' }),
  }),
});

const SetTrainingBudgetInput = builder.inputType('SetTrainingBudgetInput', {
  description: 'What training may cost.',
  fields: (t) => ({
    budgetUsd: t.float({
      required: true,
      description: 'In a calendar month (UTC), in US dollars. 0 allows what costs nothing.',
    }),
  }),
});

const RegisterModelInput = builder.inputType('RegisterModelInput', {
  description: 'A model that was not trained here: a base model, or one at an endpoint.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'New UUID for the model; a repeat with it makes no second one.',
    }),
    name: t.string({ required: true, description: 'What it is called, up to 100 characters.' }),
    providerModel: t.string({ required: true, description: 'What its server calls it.' }),
    endpoint: t.string({
      description:
        'Base address of its server, with the API of OpenAI. Absent: the configured provider.',
    }),
    apiKey: t.string({ description: 'Key for the endpoint; kept sealed, never shown.' }),
    inputPriceUsd: t.float({ description: 'US dollars per million tokens of a question.' }),
    outputPriceUsd: t.float({ description: 'US dollars per million tokens of an answer.' }),
  }),
});

builder.mutationFields((fields) => {
  const t = fields.withAuth({ scope: 'TRAIN' });
  const change = (
    name: string,
    description: string,
    run: typeof cancelTraining,
    refusals: (typeof TrainerRefusedError)[] = [],
  ) =>
    t.prismaField({
      type: TrainingJobType,
      description,
      args: {
        input: t.arg({
          type: TrainingChangeInput(`${name}Input`, description),
          required: true,
          description: 'Which one.',
        }),
      },
      errors: {
        types: [
          InvalidInputError,
          TrainingJobNotFoundError,
          TrainingStateError,
          OperationReusedError,
          ...refusals,
        ],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const parsed = parseInput(inputs.TrainingChangeInput, input, 'input');
        await run(app, { ...parsed, projectId: projectOf(viewer) });
        return app.db.trainingJob.findUniqueOrThrow({
          ...query,
          where: { id: parsed.trainingJobId },
        });
      },
    });
  return {
    startTraining: t.prismaField({
      type: TrainingJobType,
      description:
        'Starts a training on a frozen dataset. What costs money is asked of the project’s budget first.',
      args: {
        input: t.arg({ type: StartTrainingInput, required: true, description: 'The training.' }),
      },
      errors: {
        types: [
          InvalidInputError,
          IdTakenError,
          DatasetNotFoundError,
          DatasetStateError,
          TrainerRefusedError,
          BudgetExceededError,
          CostUnknownError,
        ],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const parsed = parseInput(inputs.StartTrainingInput, input, 'input');
        await startTraining(app, { ...parsed, projectId: projectOf(viewer) });
        return app.db.trainingJob.findUniqueOrThrow({ ...query, where: { id: parsed.id } });
      },
    }),
    cancelTraining: change(
      'CancelTraining',
      'Ends a training without a model, at its provider, too. Its state follows when that is done.',
      cancelTraining,
    ),
    pauseTraining: change(
      'PauseTraining',
      'Lets a training stand still. Its state follows when it does.',
      pauseTraining,
      [TrainerRefusedError],
    ),
    resumeTraining: change('ResumeTraining', 'Lets a paused training go on.', resumeTraining),
    reportTrainingMetrics: t.prismaField({
      type: TrainingJobType,
      description: 'Takes points of the curve of an EXTERNAL training. A repeat changes nothing.',
      args: {
        input: t.arg({
          type: ReportTrainingMetricsInput,
          required: true,
          description: 'How it goes.',
        }),
      },
      errors: {
        types: [
          InvalidInputError,
          TrainingJobNotFoundError,
          TrainingStateError,
          TrainerRefusedError,
        ],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const { totalSteps, remainingSeconds, ...parsed } = parseInput(
          inputs.ReportTrainingMetricsInput,
          input,
          'input',
        );
        await reportTrainingMetrics(app, {
          trainingJobId: parsed.trainingJobId,
          points: parsed.points.map(withNulls),
          projectId: projectOf(viewer),
          totalSteps: totalSteps ?? undefined,
          remainingSeconds: remainingSeconds ?? undefined,
        });
        return app.db.trainingJob.findUniqueOrThrow({
          ...query,
          where: { id: parsed.trainingJobId },
        });
      },
    }),
    completeTraining: t.prismaField({
      type: TrainingJobType,
      description:
        'Takes the finished model of an EXTERNAL training: where it is served. The job ends when it is known.',
      args: {
        input: t.arg({
          type: CompleteTrainingInput,
          required: true,
          description: 'The finished model.',
        }),
      },
      errors: {
        types: [
          InvalidInputError,
          TrainingJobNotFoundError,
          TrainingStateError,
          TrainerRefusedError,
          EndpointRefusedError,
          OperationReusedError,
        ],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const { inputPriceUsd, outputPriceUsd, ...parsed } = parseInput(
          inputs.CompleteTrainingInput,
          input,
          'input',
        );
        await completeTraining(app, {
          ...parsed,
          projectId: projectOf(viewer),
          inputPrice: inputPriceUsd,
          outputPrice: outputPriceUsd,
        });
        return app.db.trainingJob.findUniqueOrThrow({
          ...query,
          where: { id: parsed.trainingJobId },
        });
      },
    }),
    failTraining: t.prismaField({
      type: TrainingJobType,
      description: 'Ends an EXTERNAL training that did not work.',
      args: {
        input: t.arg({ type: FailTrainingInput, required: true, description: 'What happened.' }),
      },
      errors: {
        types: [
          InvalidInputError,
          TrainingJobNotFoundError,
          TrainingStateError,
          TrainerRefusedError,
          OperationReusedError,
        ],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const parsed = parseInput(inputs.FailTrainingInput, input, 'input');
        await failTraining(app, { ...parsed, projectId: projectOf(viewer) });
        return app.db.trainingJob.findUniqueOrThrow({
          ...query,
          where: { id: parsed.trainingJobId },
        });
      },
    }),
    saveTrainingRule: t.prismaField({
      type: TrainingRuleType,
      description: 'Makes or changes a rule by which training starts by itself.',
      args: {
        input: t.arg({ type: SaveTrainingRuleInput, required: true, description: 'The rule.' }),
      },
      errors: { types: [InvalidInputError, IdTakenError, TrainerRefusedError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const parsed = parseInput(inputs.SaveTrainingRuleInput, input, 'input');
        await saveRule(app, { ...parsed, projectId: projectOf(viewer) });
        return app.db.trainingRule.findUniqueOrThrow({ ...query, where: { id: parsed.id } });
      },
    }),
    registerModel: t.prismaField({
      type: ModelType,
      description: 'Makes a model known that was not trained here. A repeat changes nothing.',
      args: {
        input: t.arg({ type: RegisterModelInput, required: true, description: 'The model.' }),
      },
      errors: { types: [InvalidInputError, IdTakenError, EndpointRefusedError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const { inputPriceUsd, outputPriceUsd, ...parsed } = parseInput(
          inputs.RegisterModelInput,
          input,
          'input',
        );
        await registerModel(app, {
          ...parsed,
          projectId: projectOf(viewer),
          inputPrice: inputPriceUsd,
          outputPrice: outputPriceUsd,
        });
        return app.db.model.findUniqueOrThrow({ ...query, where: { id: parsed.id } });
      },
    }),
    setTrainingBudget: fields.withAuth({ scope: 'ADMIN' }).prismaField({
      type: 'Project',
      description: 'Sets what training may cost in a calendar month.',
      args: {
        input: t.arg({ type: SetTrainingBudgetInput, required: true, description: 'The budget.' }),
      },
      errors: { types: [InvalidInputError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const projectId = projectOf(viewer);
        await setTrainingBudget(app, { projectId, budgetUsd: input.budgetUsd });
        return app.db.project.findUniqueOrThrow({ ...query, where: { id: projectId } });
      },
    }),
  };
});

/** Optional fields as the database has them. */
function withNulls<T extends { step: number }>(point: T) {
  return Object.fromEntries(
    Object.entries(point).filter(([, value]) => value !== undefined && value !== null),
  ) as { step: number };
}
