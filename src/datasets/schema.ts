import DataLoader from 'dataloader';
import { builder } from '../graphql/builder.ts';
import { type Context, onceFor } from '../graphql/context.ts';
import { describe } from '../graphql/describe.ts';
import { countOf, pageOf } from '../sessions/children.ts';
import { openSession } from '../sessions/session-keys.ts';
import { openExample } from './build-examples.ts';
import { type Example, readable } from './example.ts';
import { exportFormats } from './formats/formats.ts';

const readMinutes = 10;
const exampleList = { table: 'Example', order: ['sequence'] } as const;

export const ExportFormat = builder.enumType('ExportFormat', {
  description: 'A format of training data.',
  values: describe(exportFormats),
});

const Candidate = builder.objectRef<Example['candidates'][number]>('ExampleCandidate').implement({
  description: 'An element that could be the answer.',
  fields: (t) => ({
    ref: t.exposeString('ref', { description: 'Its mark in the page outline.' }),
    text: t.exposeString('text', {
      description: 'Role, name, value and states, as its line in the outline.',
    }),
    within: t.exposeString('within', {
      nullable: true,
      description: 'What it stands in; `null` where nothing around it has a name.',
    }),
  }),
});

const Answer = builder.objectRef<Example['answer']>('ExampleAnswer').implement({
  description: 'What the person did.',
  fields: (t) => ({
    ref: t.exposeString('ref', { description: 'The candidate that is right.' }),
    operation: t.exposeString('operation', {
      description: 'click, double_click, right_click, hover, type, select or press.',
    }),
    value: t.exposeString('value', {
      nullable: true,
      description: 'What is typed, chosen or pressed; `null` for the other operations.',
    }),
  }),
});

type Sealed = { id: string; sessionId: string; sealed: Uint8Array };

// The key of a session is remembered, so a page of examples costs one look-up at most.
function exampleLoader({ app }: Context): DataLoader<Sealed, Example, string> {
  return new DataLoader<Sealed, Example, string>(
    (rows) =>
      Promise.all(
        rows.map(async (row) => {
          const access = await openSession(app, row.sessionId);
          return access ? openExample(access.key, row) : new Error('The session’s key is gone.');
        }),
      ),
    { cacheKeyFn: ({ id }) => id },
  );
}

const sealed = { id: true, sessionId: true, sealed: true } as const;
const open = (row: Sealed, context: Context) => onceFor(context, exampleLoader).load(row);

builder.prismaObject('Example', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the example.' }),
    sequence: t.exposeInt('sequence'),
    operation: t.exposeString('operation'),
    candidateCount: t.exposeInt('candidateCount'),
    task: t.string({
      description: 'What is to be done.',
      select: sealed,
      resolve: async (row, _args, context) => (await open(row, context)).task,
    }),
    history: t.stringList({
      description: 'What was done before, in words, oldest first.',
      select: sealed,
      resolve: async (row, _args, context) => (await open(row, context)).history,
    }),
    outline: t.string({
      description: 'The page strictly before the action.',
      select: sealed,
      resolve: async (row, _args, context) => (await open(row, context)).outline,
    }),
    candidates: t.field({
      type: [Candidate],
      description: 'Shuffled; the answer is one of them.',
      select: sealed,
      resolve: async (row, _args, context) => (await open(row, context)).candidates,
    }),
    answer: t.field({
      type: Answer,
      description: 'The right one.',
      select: sealed,
      resolve: async (row, _args, context) => (await open(row, context)).answer,
    }),
    text: t.string({
      description: 'The whole example as a person reads it.',
      select: sealed,
      resolve: async (row, _args, context) => readable(await open(row, context)),
    }),
  }),
});

builder.prismaObject('SessionExport', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the export.' }),
    format: t.expose('format', { type: ExportFormat, description: 'Its format.' }),
    examples: t.exposeInt('examples'),
    bytes: t.exposeInt('bytes'),
    sha256: t.string({
      description: 'SHA-256 of the file, in hexadecimal digits.',
      select: { sha256: true },
      resolve: ({ sha256 }) => Buffer.from(sha256).toString('hex'),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    url: t.string({
      description: 'Signed address of the file, good for ten minutes; relative to the server.',
      select: { id: true },
      resolve: ({ id }, _args, { app }) =>
        app.signer.sign({ action: 'read-export', id }, new Date(Date.now() + readMinutes * 60_000)),
    }),
  }),
});

builder.prismaObjectField('Session', 'examples', (t) =>
  t.prismaConnection(
    {
      type: 'Example',
      cursor: 'id',
      description: 'The training examples made of it, by sequence.',
      totalCount: (session, _args, context) => countOf(context, exampleList, session),
      resolve: (query, session, _args, context) => {
        const { take, skip, cursor, ...rest } = query;
        return pageOf(context, exampleList, session, query, [], (ids) =>
          context.app.db.example.findMany({ ...rest, where: ids }),
        );
      },
    },
    { name: 'ExampleConnection', description: 'A page of examples.' },
    { name: 'ExampleEdge', description: 'An item of a page of examples.' },
  ),
);

builder.prismaObjectField('Session', 'exports', (t) =>
  t.relation('exports', { description: 'Files of training data made of it, one of each format.' }),
);
