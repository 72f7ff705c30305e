import { builder } from '../graphql/builder.ts';
import { parseUuid } from '../graphql/input.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { SessionNotFoundError, SessionStateError } from '../sessions/errors.ts';
import { Session } from '../sessions/schema.ts';
import { createDataset, freezeDataset } from './datasets.ts';
import { DatasetIdTakenError, DatasetNotFoundError, DatasetStateError } from './errors.ts';
import { labelSession } from './labels.ts';
import { Dataset } from './schema-dataset-types.ts';
import { DatasetSessionFilter } from './schema-datasets.ts';

const DatasetSplitInput = builder.inputType('DatasetSplitInput', {
  description:
    'How a dataset is divided. Where its sites fall into three groups at least that share no session, whole sites are divided; else sessions are, and the manifest says so.',
  fields: (t) => ({
    validation: t.float({
      defaultValue: 0.1,
      description: 'Share of the examples to check with, 0 to 1.',
    }),
    test: t.float({
      defaultValue: 0.1,
      description: 'Share of the examples to judge models by, 0 to 1. The rest is for training.',
    }),
    seed: t.string({
      defaultValue: 'codesight',
      description: 'Decides what goes where: the same seed over the same sessions gives the same.',
    }),
    validationSites: t.stringList({ description: 'Sites that must be in VALIDATION.' }),
    testSites: t.stringList({ description: 'Sites that must be in TEST.' }),
  }),
});

const CreateDatasetInput = builder.inputType('CreateDatasetInput', {
  description: 'A dataset to describe.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'UUID made by the client, the same at every repeat.' }),
    name: t.string({
      required: true,
      description: 'Its name, at most 100 characters. Another dataset of it is its next version.',
    }),
    description: t.string({ description: 'What it is for.' }),
    where: t.field({
      type: DatasetSessionFilter,
      description: 'Which sessions; absent: all that can be taken when it is frozen.',
    }),
    split: t.field({ type: DatasetSplitInput, description: 'How it is divided.' }),
    licence: t.string({
      description: 'Licence under which it is given on: an SPDX identifier, or words.',
    }),
  }),
});

const FreezeDatasetInput = builder.inputType('FreezeDatasetInput', {
  description: 'A dataset to freeze.',
  fields: (t) => ({
    datasetId: t.id({ required: true, description: 'The dataset.' }),
  }),
});

const LabelSessionInput = builder.inputType('LabelSessionInput', {
  description: 'What a session is, in place of what was said before.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The session.' }),
    labels: t.stringList({
      required: true,
      description: 'Words of the project’s own, at most 50 of 100 characters; case does not count.',
    }),
    licence: t.string({
      description: 'Licence under which it may be used: an SPDX identifier, or words.',
    }),
  }),
});

builder.mutationFields((fields) => {
  const t = fields.withAuth({ scope: 'TRAIN' });
  return {
    createDataset: t.prismaField({
      type: Dataset,
      description: 'Describes a dataset. Nothing is taken before it is frozen.',
      args: {
        input: t.arg({ type: CreateDatasetInput, required: true, description: 'The dataset.' }),
      },
      errors: { types: [InvalidInputError, DatasetIdTakenError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const id = parseUuid(input.id, 'input.id');
        const { split, ...rest } = input;
        await createDataset(app, viewer, {
          ...rest,
          id,
          split: split && {
            validation: split.validation ?? undefined,
            test: split.test ?? undefined,
            seed: split.seed ?? undefined,
            validationSites: split.validationSites ?? undefined,
            testSites: split.testSites ?? undefined,
          },
        });
        return app.db.dataset.findUniqueOrThrow({ ...query, where: { id } });
      },
    }),
    freezeDataset: t.prismaField({
      type: Dataset,
      description:
        'Has a dataset frozen: a job copies its sessions, divides them, proves over the whole training file that no line tells its answer, and writes the manifest. Follow it with `datasetChanged`. A repeat changes nothing, except that one that FAILED is tried again.',
      args: {
        input: t.arg({ type: FreezeDatasetInput, required: true, description: 'The dataset.' }),
      },
      errors: { types: [InvalidInputError, DatasetNotFoundError, DatasetStateError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const id = parseUuid(input.datasetId, 'input.datasetId');
        await freezeDataset(app, viewer, id);
        return app.db.dataset.findUniqueOrThrow({ ...query, where: { id } });
      },
    }),
    labelSession: t.prismaField({
      type: Session,
      description:
        'Says what a session is, so that datasets can choose by it. Frozen datasets keep what they were frozen with.',
      args: {
        input: t.arg({ type: LabelSessionInput, required: true, description: 'What is said.' }),
      },
      errors: { types: [InvalidInputError, SessionNotFoundError, SessionStateError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const id = parseUuid(input.sessionId, 'input.sessionId');
        await labelSession(app, viewer, { ...input, sessionId: id });
        return app.db.session.findUniqueOrThrow({ ...query, where: { id } });
      },
    }),
  };
});
