import { builder } from '../graphql/builder.ts';
import type { Viewer } from '../graphql/context.ts';
import { Gap } from '../graphql/gap.ts';
import { parseUuid } from '../graphql/input.ts';
import { Problem } from '../graphql/problem.ts';
import { watch } from '../graphql/watch.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { SessionNotFoundError, SessionStateError } from '../sessions/errors.ts';
import { DatasetNotFoundError, DatasetStateError, ExportIdTakenError } from './errors.ts';
import { exportDataset, exportOneSession } from './exports.ts';
import { ExportFormat } from './schema.ts';
import { DatasetSplit } from './schema-dataset-types.ts';

const readMinutes = 60;

const ExportState = builder.enumType('ExportState', {
  description: 'Where an export is on its way.',
  values: {
    QUEUED: { description: 'It waits for a worker.' },
    RUNNING: { description: 'Its files are being written.' },
    SUCCEEDED: { description: 'Its files can be downloaded.' },
    FAILED: { description: 'It could not be written; `error` says why. It can be tried again.' },
    WITHDRAWN: {
      description: 'Its files were deleted, because a session of its dataset was erased.',
    },
  },
});

const ExportFile = builder.prismaObject('ExportFile', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the file.' }),
    path: t.exposeString('path'),
    mediaType: t.exposeString('mediaType', { description: 'Its media type.' }),
    records: t.expose('records', { type: 'BigInt' }),
    bytes: t.expose('bytes', { type: 'BigInt', description: 'Its size, in bytes.' }),
    sha256: t.string({
      nullable: true,
      description: 'SHA-256 of the file, in hexadecimal digits. `null` until it is whole.',
      select: { sha256: true },
      resolve: ({ sha256 }) => (sha256 ? Buffer.from(sha256).toString('hex') : null),
    }),
    url: t.string({
      nullable: true,
      description:
        'Signed address, good for an hour; relative to the server; ranges can be asked for, so that a download resumes. `null` until it is whole.',
      select: { id: true, sha256: true },
      resolve: ({ id, sha256 }, _args, { app }) => {
        const expiresAt = new Date(Date.now() + readMinutes * 60_000);
        return sha256 ? app.signer.sign({ action: 'read-export-file', id }, expiresAt) : null;
      },
    }),
  }),
});

const Export = builder.prismaObject('DatasetExport', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Made by the client.' }),
    dataset: t.relation('dataset', {
      nullable: true,
      description: 'What it is made of. `null` for an export of one session.',
    }),
    sessionId: t.exposeID('sessionId', { nullable: true }),
    format: t.expose('format', { type: ExportFormat, description: 'Its format.' }),
    splits: t.expose('splits', { type: [DatasetSplit] }),
    state: t.expose('state', { type: ExportState, description: 'Where it is on its way.' }),
    progress: t.exposeFloat('progress'),
    message: t.exposeString('message', { nullable: true }),
    error: t.exposeString('error', { nullable: true }),
    records: t.expose('records', { type: 'BigInt' }),
    bytes: t.expose('bytes', { type: 'BigInt' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended. `null` until then.',
    }),
    files: t.prismaConnection(
      {
        type: ExportFile,
        cursor: 'id',
        description: 'Its files, in the order in which they are written.',
        totalCount: ({ id }, _args, { app }) =>
          app.db.exportFile.count({ where: { exportId: id } }),
        resolve: (query, { id }, _args, { app }) =>
          app.db.exportFile.findMany({
            ...query,
            where: { exportId: id },
            orderBy: { position: 'asc' },
          }),
      },
      { name: 'ExportFileConnection', description: 'A page of files of an export.' },
      { name: 'ExportFileEdge', description: 'An item of a page of files of an export.' },
    ),
  }),
});

const ExportFilter = builder.inputType('DatasetExportFilter', {
  description: 'Which exports. What is absent does not restrict.',
  fields: (t) => ({
    datasetId: t.id({ description: 'Of this dataset.' }),
    sessionId: t.id({ description: 'Of this session.' }),
    formats: t.field({ type: [ExportFormat], description: 'In one of these formats.' }),
    states: t.field({ type: [ExportState], description: 'In one of these states.' }),
  }),
});

const ExportOrder = builder.enumType('DatasetExportOrder', {
  description: 'Order of exports.',
  values: {
    CREATED_AT_DESC: { description: 'Newest first.' },
    CREATED_AT_ASC: { description: 'Oldest first.' },
  },
});

builder.objectType(ExportIdTakenError, {
  name: 'ExportIdTaken',
  description: 'The id belongs to another export, or to one that was asked for differently.',
  interfaces: [Problem],
});

type Where = typeof ExportFilter.$inferInput | null | undefined;

function exportsWhere({ projectId }: Viewer, where: Where) {
  const { datasetId, sessionId, formats, states } = where ?? {};
  return {
    projectId,
    ...(datasetId ? { datasetId } : {}),
    ...(sessionId ? { sessionId } : {}),
    ...(formats ? { format: { in: formats } } : {}),
    ...(states ? { state: { in: states } } : {}),
  };
}

builder.queryFields((fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return {
    export: t.prismaField({
      type: Export,
      nullable: true,
      description: 'An export of the project, or `null` when there is none with this id.',
      args: { id: t.arg.id({ required: true, description: 'Id of the export.' }) },
      resolve: (query, _root, { id }, { app, viewer: { projectId } }) =>
        app.db.datasetExport.findFirst({ ...query, where: { id, projectId } }),
    }),
    exports: t.prismaConnection(
      {
        type: Export,
        cursor: 'id',
        description: 'Exports of the project.',
        args: {
          where: t.arg({ type: ExportFilter, description: 'Which of them.' }),
          orderBy: t.arg({
            type: ExportOrder,
            defaultValue: 'CREATED_AT_DESC',
            description: 'In which order.',
          }),
        },
        totalCount: (_root, { where }, { app, viewer }) =>
          app.db.datasetExport.count({ where: exportsWhere(viewer, where) }),
        resolve: (query, _root, { where, orderBy }, { app, viewer }) => {
          const direction = orderBy === 'CREATED_AT_ASC' ? 'asc' : 'desc';
          return app.db.datasetExport.findMany({
            ...query,
            where: exportsWhere(viewer, where),
            orderBy: [{ createdAt: direction }, { id: direction }],
          });
        },
      },
      { name: 'DatasetExportConnection', description: 'A page of exports.' },
      { name: 'DatasetExportEdge', description: 'An item of a page of exports.' },
    ),
  };
});

const idArg = 'UUID made by the client, the same at every repeat.';

const ExportDatasetInput = builder.inputType('ExportDatasetInput', {
  description: 'Files to make of a frozen dataset.',
  fields: (t) => ({
    id: t.id({ required: true, description: idArg }),
    datasetId: t.id({ required: true, description: 'The dataset.' }),
    format: t.field({ type: ExportFormat, required: true, description: 'In which format.' }),
    splits: t.field({ type: [DatasetSplit], description: 'Of these splits; absent: of all.' }),
  }),
});

const ExportSessionInput = builder.inputType('ExportSessionInput', {
  description: 'Files to make of one session.',
  fields: (t) => ({
    id: t.id({ required: true, description: idArg }),
    sessionId: t.id({ required: true, description: 'The session; it must be READY.' }),
    format: t.field({ type: ExportFormat, required: true, description: 'In which format.' }),
  }),
});

builder.mutationFields((fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return {
    exportDataset: t.prismaField({
      type: Export,
      description:
        'Has files made of a frozen dataset. Follow it with `exportProgress`. A repeat changes nothing, except that one that FAILED goes on from where it was.',
      args: {
        input: t.arg({ type: ExportDatasetInput, required: true, description: 'What to make.' }),
      },
      errors: {
        types: [InvalidInputError, DatasetNotFoundError, DatasetStateError, ExportIdTakenError],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const id = parseUuid(input.id, 'input.id');
        const datasetId = parseUuid(input.datasetId, 'input.datasetId');
        const splits = input.splits ?? [];
        await exportDataset(app, viewer, { id, datasetId, format: input.format, splits });
        return app.db.datasetExport.findUniqueOrThrow({ ...query, where: { id } });
      },
    }),
    exportSession: t.prismaField({
      type: Export,
      description: 'Has files made of one session as it is now; see `exportDataset`.',
      args: {
        input: t.arg({ type: ExportSessionInput, required: true, description: 'What to make.' }),
      },
      errors: {
        types: [InvalidInputError, SessionNotFoundError, SessionStateError, ExportIdTakenError],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const id = parseUuid(input.id, 'input.id');
        const sessionId = parseUuid(input.sessionId, 'input.sessionId');
        await exportOneSession(app, viewer, { id, sessionId, format: input.format });
        return app.db.datasetExport.findUniqueOrThrow({ ...query, where: { id } });
      },
    }),
  };
});

type Changed = { cursor: string; subjectId: string; viewer: Viewer };

const ExportChange = builder.objectRef<Changed>('ExportChange').implement({
  description: 'An export went on.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Resumes the subscription after this change, as `after`.',
    }),
    export: t.prismaField({
      type: Export,
      nullable: true,
      description: 'The export as it is now. `null` when the viewer may not read it any more.',
      resolve: (query, { subjectId, viewer }, _args, { app }) =>
        viewer.scopes.has('READ')
          ? app.db.datasetExport.findFirst({
              ...query,
              where: { id: subjectId, projectId: viewer.projectId },
            })
          : null,
    }),
  }),
});

const ExportEvent = builder.unionType('ExportEvent', {
  description: 'An export that went on, or a gap.',
  types: [ExportChange, Gap],
  resolveType: (event) => ('subjectId' in event ? ExportChange : Gap),
});

builder.subscriptionField('exportProgress', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.field({
    type: ExportEvent,
    description: 'One export, or all of the project, live.',
    args: {
      id: t.arg.id({ description: 'Id of the export. Absent: every one of the project.' }),
      after: t.arg.string({
        description: 'Cursor of the last event that was seen; resumes after it, for up to a day.',
      }),
    },
    subscribe: async function* (_root, { id, after }, context) {
      const { projectId } = context.viewer;
      const subject = id ? { subjectId: id.toLowerCase() } : {};
      yield* watch(context, { topic: 'export', projectId, ...subject }, after);
    },
    resolve: (change) => change,
  });
});
