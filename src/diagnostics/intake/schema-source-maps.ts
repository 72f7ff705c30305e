import { builder } from '../../graphql/builder.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { refuseUnstorable } from '../../lib/storable.ts';
import { deleteSourceMaps, maxMapBytes, mostMaps, saveSourceMap } from './source-maps.ts';

const SourceMapType = builder.prismaObject('SourceMap', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the map.' }),
    release: t.exposeString('release', { description: 'Release that it belongs to.' }),
    file: t.exposeString('file'),
    bytes: t.exposeInt('bytes'),
    sha256: t.string({
      description: 'SHA-256 of the map, in hexadecimal digits.',
      select: { sha256: true },
      resolve: ({ sha256 }) => Buffer.from(sha256).toString('hex'),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it came.' }),
  }),
});

const SaveSourceMapInput = builder.inputType('SaveSourceMapInput', {
  description: `The source map of one generated file of a release. One that is there is replaced; of more than ${mostMaps} in the project those of the oldest release go.`,
  fields: (t) => ({
    release: t.string({ required: true, description: 'As reports name it.' }),
    file: t.string({ required: true, description: 'Name or address of the generated file.' }),
    contentGzip: t.string({
      required: true,
      description: `The map, gzipped, in base64; at most ${maxMapBytes} bytes unpacked.`,
    }),
  }),
});

const DeleteSourceMapsInput = builder.inputType('DeleteSourceMapsInput', {
  description: 'A release whose maps are not needed any more.',
  fields: (t) => ({ release: t.string({ required: true, description: 'Which one.' }) }),
});

const SourceMapsDeleted = builder.objectRef<{ count: number }>('SourceMapsDeleted').implement({
  description: 'Maps that are gone.',
  fields: (t) => ({ count: t.exposeInt('count', { description: 'How many.' }) }),
});

builder.queryField('sourceMaps', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.prismaConnection(
    {
      type: SourceMapType,
      cursor: 'id',
      description: 'Source maps of the project, latest first.',
      args: { release: t.arg.string({ description: 'Only of this release.' }) },
      resolve: (query, _root, { release }, { app, viewer }) =>
        app.db.sourceMap.findMany({
          ...query,
          where: { projectId: viewer.projectId, ...(release ? { release } : {}) },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        }),
    },
    { name: 'SourceMapConnection', description: 'A page of source maps.' },
    { name: 'SourceMapEdge', description: 'An item of a page of source maps.' },
  );
});

builder.mutationFields((fields) => {
  const t = fields.withAuth({ scope: 'ADMIN' });
  return {
    saveSourceMap: t.prismaField({
      type: SourceMapType,
      description:
        'Keeps a source map, sealed. Reports that come later are grouped by their sources.',
      args: { input: t.arg({ type: SaveSourceMapInput, required: true, description: 'The map.' }) },
      errors: { types: [InvalidInputError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        refuseUnstorable(input, 'input');
        const { release, file, contentGzip } = input;
        const packed = Buffer.from(contentGzip, 'base64');
        const { projectId } = viewer;
        const { id } = await saveSourceMap(app, projectId, { release, file, packed });
        return app.db.sourceMap.findUniqueOrThrow({ ...query, where: { id } });
      },
    }),
    deleteSourceMaps: t.field({
      type: SourceMapsDeleted,
      description: 'Deletes the source maps of a release.',
      args: {
        input: t.arg({
          type: DeleteSourceMapsInput,
          required: true,
          description: 'Which release.',
        }),
      },
      errors: { types: [InvalidInputError] },
      resolve: async (_root, { input }, { app, viewer }) => ({
        count: await deleteSourceMaps(app, viewer.projectId, input.release),
      }),
    }),
  };
});
