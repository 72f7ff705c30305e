import type { Prisma } from '../generated/prisma/client.ts';
import { builder } from '../graphql/builder.ts';
import type { Viewer } from '../graphql/context.ts';
import { Gap } from '../graphql/gap.ts';
import { escapePattern, parseInput } from '../graphql/input.ts';
import { watch } from '../graphql/watch.ts';
import { SessionKind } from '../sessions/schema.ts';
import { DatasetFilter } from './filter.ts';
import { type Count, type Preview, previewDataset } from './preview.ts';
import { Dataset, DatasetState } from './schema-dataset-types.ts';

export const DatasetSessionFilter = builder.inputType('DatasetSessionFilter', {
  description:
    'Which sessions a dataset takes, of those that are READY, have an example and are under no withdrawn consent. What is absent does not restrict.',
  fields: (t) => ({
    sessionIds: t.idList({ description: 'These only; at most 10,000.' }),
    sites: t.stringList({ description: 'Begun on one of these sites.' }),
    kinds: t.field({ type: [SessionKind], description: 'Of one of these kinds.' }),
    taskContains: t.string({ description: 'With this text in the task, whatever its case.' }),
    qualityFrom: t.float({ description: 'With at least this score, 0 to 1.' }),
    qualityTo: t.float({ description: 'With at most this score, 0 to 1.' }),
    labels: t.stringList({ description: 'With one of these labels at least.' }),
    withoutLabels: t.stringList({ description: 'With none of these labels.' }),
    licences: t.stringList({ description: 'Under one of these licences.' }),
    startedFrom: t.field({ type: 'DateTime', description: 'Started at this instant or later.' }),
    startedBefore: t.field({ type: 'DateTime', description: 'Started before this instant.' }),
    hasConsent: t.boolean({ description: 'Under a named consent, or under none.' }),
    consentVersions: t.stringList({ description: 'Under one of these versions of the consent.' }),
    includeOutcomes: t.boolean({
      description:
        'Also what came back from deployed models: reported outcomes whose right action is known, one step each. They are only learned from, never held out. Absent: no.',
    }),
  }),
});

const CountType = builder.objectRef<Count>('DatasetCount').implement({
  description: 'A part of what a dataset would take.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Of what: a site or an operation.' }),
    sessions: t.exposeInt('sessions', { description: 'Sessions with it.' }),
    examples: t.exposeInt('examples', { description: 'Examples of it.' }),
  }),
});

const CostType = builder.objectRef<Preview['costs'][number]>('TrainingCostEstimate').implement({
  description: 'What training a base model would cost.',
  fields: (t) => ({
    model: t.exposeString('model', { description: 'The base model.' }),
    costUsd: t.exposeFloat('costUsd', {
      description: 'By list price, in US dollars; the first 10 % up or down is the estimate’s own.',
    }),
  }),
});

const PreviewType = builder.objectRef<Preview>('DatasetPreview').implement({
  description: 'What a dataset would take now.',
  fields: (t) => ({
    sessions: t.exposeInt('sessions', { description: 'Sessions that fit.' }),
    examples: t.exposeInt('examples', { description: 'Examples of these sessions.' }),
    bySite: t.expose('bySite', {
      type: [CountType],
      description: 'By the site on which a session begins, the largest first; at most 200.',
    }),
    byOperation: t.expose('byOperation', {
      type: [CountType],
      description: 'By operation, the largest first.',
    }),
    siteBalance: t.exposeFloat('siteBalance', {
      description: 'How evenly the examples are spread over sites: 0 (all on one) to 1 (evenly).',
    }),
    operationBalance: t.exposeFloat('operationBalance', {
      description: 'The same over operations.',
    }),
    estimatedTokens: t.field({
      type: 'BigInt',
      description: 'Tokens of one pass over the training file: a quarter of its characters.',
      resolve: ({ estimatedTokens }) => estimatedTokens,
    }),
    costs: t.expose('costs', {
      type: [CostType],
      description: 'Of training the base models with a known price, the cheapest first.',
    }),
  }),
});

const DatasetFilterInput = builder.inputType('DatasetFilter', {
  description: 'Which datasets. What is absent does not restrict.',
  fields: (t) => ({
    states: t.field({ type: [DatasetState], description: 'In one of these states.' }),
    name: t.string({ description: 'Of this name.' }),
    nameContains: t.string({ description: 'With this text in the name, whatever its case.' }),
  }),
});

const DatasetOrder = builder.enumType('DatasetOrder', {
  description: 'Order of datasets.',
  values: {
    CREATED_AT_DESC: { description: 'Newest first.' },
    CREATED_AT_ASC: { description: 'Oldest first.' },
  },
});

builder.queryFields((fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return {
    dataset: t.prismaField({
      type: Dataset,
      nullable: true,
      description: 'A dataset of the project, or `null` when there is none with this id.',
      args: { id: t.arg.id({ required: true, description: 'Id of the dataset.' }) },
      resolve: (query, _root, { id }, { app, viewer: { projectId } }) =>
        app.db.dataset.findFirst({ ...query, where: { id, projectId } }),
    }),
    datasets: t.prismaConnection(
      {
        type: Dataset,
        cursor: 'id',
        description: 'Datasets of the project.',
        args: {
          where: t.arg({ type: DatasetFilterInput, description: 'Which of them.' }),
          orderBy: t.arg({
            type: DatasetOrder,
            defaultValue: 'CREATED_AT_DESC',
            description: 'In which order.',
          }),
        },
        totalCount: (_root, { where }, { app, viewer }) =>
          app.db.dataset.count({ where: datasetsWhere(viewer, where) }),
        resolve: (query, _root, { where, orderBy }, { app, viewer }) => {
          const direction = orderBy === 'CREATED_AT_ASC' ? 'asc' : 'desc';
          return app.db.dataset.findMany({
            ...query,
            where: datasetsWhere(viewer, where),
            orderBy: [{ createdAt: direction }, { id: direction }],
          });
        },
      },
      { name: 'DatasetConnection', description: 'A page of datasets.' },
      { name: 'DatasetEdge', description: 'An item of a page of datasets.' },
    ),
    datasetPreview: t.field({
      type: PreviewType,
      description: 'What a dataset would take now, and what training on it would cost.',
      args: {
        where: t.arg({ type: DatasetSessionFilter, description: 'Which sessions.' }),
        epochs: t.arg.int({
          defaultValue: 3,
          description: 'Passes over the data that the costs are for, 1 to 50.',
        }),
      },
      resolve: (_root, { where, epochs }, { app, viewer }) =>
        previewDataset(app, viewer.projectId, {
          filter: parseInput(DatasetFilter, where ?? {}, 'where'),
          epochs: Math.min(50, Math.max(1, epochs ?? 3)),
        }),
    }),
  };
});

function datasetsWhere(
  { projectId }: Viewer,
  where: typeof DatasetFilterInput.$inferInput | null | undefined,
): Prisma.DatasetWhereInput {
  const { states, name, nameContains } = where ?? {};
  return {
    projectId,
    ...(states ? { state: { in: states } } : {}),
    AND: [
      ...(name ? [{ name }] : []),
      ...(nameContains
        ? [{ name: { contains: escapePattern(nameContains), mode: 'insensitive' as const } }]
        : []),
    ],
  };
}

type Changed = { cursor: string; subjectId: string; viewer: Viewer };

const DatasetChange = builder.objectRef<Changed>('DatasetChange').implement({
  description: 'A dataset changed.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this change, as `after`.',
    }),
    dataset: t.prismaField({
      type: Dataset,
      nullable: true,
      description: 'The dataset as it is now. `null` when the viewer may not read it any more.',
      resolve: (query, { subjectId, viewer }, _args, { app }) =>
        viewer.scopes.has('READ')
          ? app.db.dataset.findFirst({
              ...query,
              where: { id: subjectId, projectId: viewer.projectId },
            })
          : null,
    }),
  }),
});

const DatasetEvent = builder.unionType('DatasetEvent', {
  description: 'A change of a dataset, or a gap.',
  types: [DatasetChange, Gap],
  resolveType: (event) => ('subjectId' in event ? DatasetChange : Gap),
});

builder.subscriptionField('datasetChanged', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.field({
    type: DatasetEvent,
    description: 'Every change of one dataset, or of all of the project.',
    args: {
      id: t.arg.id({ description: 'Id of the dataset. Absent: every one of the project.' }),
      after: t.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for up to a day.',
      }),
    },
    subscribe: async function* (_root, { id, after }, context) {
      const { projectId } = context.viewer;
      const subject = id ? { subjectId: id.toLowerCase() } : {};
      yield* watch(context, { topic: 'dataset', projectId, ...subject }, after);
    },
    resolve: (change) => change,
  });
});
