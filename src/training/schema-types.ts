import DataLoader from 'dataloader';
import type { TrainingMetric } from '../generated/prisma/client.ts';
import { builder } from '../graphql/builder.ts';
import { type Context, onceFor } from '../graphql/context.ts';
import { describe } from '../graphql/describe.ts';

const bundleMinutes = 60;

export const Trainer = builder.enumType('Trainer', {
  description: 'Who trains.',
  values: describe({
    LOCAL: 'This server: a linear candidate ranker. Always works and costs nothing.',
    OPENAI: 'OpenAI, or the configured server with its API.',
    EXTERNAL: 'Somebody’s own hardware: a bundle to download, and a way back.',
  }),
});

export const TrainingMethod = builder.enumType('TrainingMethod', {
  description: 'What is learned from.',
  values: describe({
    SUPERVISED: 'From right answers.',
    DPO: 'From right answers, each beside a tempting wrong one.',
  }),
});

export const TrainingState = builder.enumType('TrainingState', {
  description: 'Where a training is on its way.',
  values: describe({
    QUEUED: 'It waits for a worker.',
    PREFLIGHT: 'It is looked at whether it can work; nothing was sent.',
    UPLOADING: 'The data is on its way to where it is trained on.',
    RUNNING: 'It is being trained.',
    PAUSED: 'It stands still until it is resumed.',
    SUCCEEDED: 'There is a model.',
    FAILED: 'It failed for good; `error` and `advice` say why and what to do.',
    CANCELLED: 'It was ended before there was a model.',
  }),
});

const TrainingWish = builder.enumType('TrainingWish', {
  description: 'What its people want of a training.',
  values: describe({
    RUN: 'It shall go on.',
    PAUSE: 'It shall stand still.',
    CANCEL: 'It shall end.',
  }),
});

export const TrainingMetricType = builder.prismaObject('TrainingMetric', {
  fields: (t) => ({
    step: t.exposeInt('step'),
    epoch: t.exposeFloat('epoch', { nullable: true }),
    trainLoss: t.exposeFloat('trainLoss', { nullable: true }),
    validationLoss: t.exposeFloat('validationLoss', { nullable: true }),
    trainAccuracy: t.exposeFloat('trainAccuracy', { nullable: true }),
    validationAccuracy: t.exposeFloat('validationAccuracy', { nullable: true }),
    checkpoint: t.exposeString('checkpoint', { nullable: true }),
    at: t.expose('at', { type: 'DateTime' }),
  }),
});

export const ModelType = builder.prismaObject('Model', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the model.' }),
    name: t.exposeString('name', { description: 'What it is called.' }),
    trainer: t.expose('trainer', { type: Trainer }),
    job: t.relation('job', {
      nullable: true,
      description: 'The training it came from. `null` for one that was made known without.',
    }),
    datasetId: t.exposeID('datasetId', { nullable: true }),
    dataset: t.relation('dataset', {
      nullable: true,
      description: 'The dataset it learned from. `null` when that is not known here.',
    }),
    baseModel: t.exposeString('baseModel', { nullable: true }),
    providerModel: t.exposeString('providerModel', { nullable: true }),
    pictures: t.exposeBoolean('pictures'),
    endpoint: t.exposeString('endpoint', { nullable: true }),
    inputPriceUsd: t.exposeFloat('inputPrice', { nullable: true }),
    outputPriceUsd: t.exposeFloat('outputPrice', { nullable: true }),
    metrics: t.expose('metrics', { type: 'JSON', nullable: true }),
    sha256: t.string({
      nullable: true,
      description: 'SHA-256 of the weights, in hexadecimal digits. `null` where they are not here.',
      select: { sha256: true },
      resolve: ({ sha256 }) => (sha256 ? Buffer.from(sha256).toString('hex') : null),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

export const TrainingJobType = builder.prismaObject('TrainingJob', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Made by the client.' }),
    name: t.exposeString('name'),
    datasetId: t.exposeID('datasetId'),
    dataset: t.relation('dataset', { description: 'The dataset it learns from.' }),
    trainer: t.expose('trainer', { type: Trainer, description: 'Who trains.' }),
    method: t.expose('method', { type: TrainingMethod, description: 'What is learned from.' }),
    state: t.expose('state', { type: TrainingState, description: 'Where it is on its way.' }),
    wish: t.expose('wish', { type: TrainingWish }),
    baseModel: t.exposeString('baseModel', { nullable: true }),
    pictures: t.exposeBoolean('pictures'),
    hyperparameters: t.expose('hyperparameters', { type: 'JSON' }),
    reason: t.exposeString('reason'),
    seed: t.exposeString('seed'),
    site: t.exposeString('site', { nullable: true }),
    rule: t.relation('rule', {
      nullable: true,
      description: 'The rule that started it. `null` when a person did.',
    }),
    message: t.exposeString('message', { nullable: true }),
    warnings: t.exposeStringList('warnings'),
    errorCode: t.exposeString('errorCode', { nullable: true }),
    error: t.exposeString('error', { nullable: true }),
    advice: t.exposeString('advice', { nullable: true }),
    progress: t.exposeFloat('progress'),
    remainingSeconds: t.exposeInt('remainingSeconds', { nullable: true }),
    examples: t.exposeInt('examples', { nullable: true }),
    validationExamples: t.exposeInt('validationExamples', { nullable: true }),
    estimatedCostUsd: t.exposeFloat('estimatedCostUsd', { nullable: true }),
    costUsd: t.exposeFloat('costUsd', { nullable: true }),
    trainedTokens: t.expose('trainedTokens', { type: 'BigInt', nullable: true }),
    providerJobId: t.exposeString('providerJobId', { nullable: true }),
    starts: t.exposeInt('starts'),
    bundleBytes: t.expose('bundleBytes', { type: 'BigInt', nullable: true }),
    bundleUrl: t.string({
      nullable: true,
      description:
        'Signed address of the bundle, `.tar.gz`, good for an hour; relative to the server. `null` until it is made, and for other trainers. Needs the scope TRAIN: `null` without.',
      select: { id: true, bundleKey: true },
      resolve: ({ id, bundleKey }, _args, { app, viewer }) =>
        bundleKey && viewer?.scopes.has('TRAIN')
          ? app.signer.sign(
              { action: 'read-training-bundle', id },
              new Date(Date.now() + bundleMinutes * 60_000),
            )
          : null,
    }),
    latest: t.field({
      type: TrainingMetricType,
      nullable: true,
      description: 'The last point of its curve. `null` before the first.',
      select: { id: true },
      resolve: ({ id }, _args, context) => onceFor(context, latestLoader).load(id),
    }),
    metrics: t.relatedConnection(
      'metrics',
      {
        cursor: 'trainingJobId_step',
        description: 'Its learning curve, by step.',
        totalCount: true,
        query: { orderBy: { step: 'asc' } },
      },
      { name: 'TrainingMetricConnection', description: 'A page of a learning curve.' },
      { name: 'TrainingMetricEdge', description: 'A place on a learning curve.' },
    ),
    model: t.relation('model', {
      nullable: true,
      description: 'What came out of it. `null` until then.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended. `null` while it goes on.',
    }),
    filesDeletedAt: t.expose('filesDeletedAt', { type: 'DateTime', nullable: true }),
  }),
});

export const TrainingRuleType = builder.prismaObject('TrainingRule', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Made by the client.' }),
    site: t.exposeString('site', { nullable: true }),
    trainer: t.expose('trainer', { type: Trainer, description: 'Who trains.' }),
    method: t.expose('method', { type: TrainingMethod, description: 'What is learned from.' }),
    baseModel: t.exposeString('baseModel', { nullable: true }),
    minNewSessions: t.exposeInt('minNewSessions'),
    minScore: t.exposeFloat('minScore'),
    enabled: t.exposeBoolean('enabled'),
    lastRefusal: t.exposeString('lastRefusal', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

/** The last point of each job, one statement for all of an operation. */
function latestLoader({ app }: Context): DataLoader<string, TrainingMetric | null> {
  return new DataLoader<string, TrainingMetric | null>(
    async (ids) => {
      const rows = await app.db.$queryRaw<TrainingMetric[]>`
      SELECT DISTINCT ON (m."trainingJobId") m.* FROM "TrainingMetric" m
      WHERE m."trainingJobId" = ANY(${[...ids]}::uuid[]) ORDER BY m."trainingJobId", m."step" DESC`;
      const known = new Map(rows.map((row) => [row.trainingJobId, row]));
      return ids.map((id) => known.get(id) ?? null);
    },
    { cache: false }, // a subscription asks again and again
  );
}
