import type { Prisma } from '../generated/prisma/client.ts';
import { builder } from '../graphql/builder.ts';
import { Problem } from '../graphql/problem.ts';
import { DatasetIdTakenError, DatasetNotFoundError, DatasetStateError } from './errors.ts';

export const DatasetState = builder.enumType('DatasetState', {
  description: 'Where a dataset is on its way.',
  values: {
    DRAFT: { description: 'It is described; nothing is taken yet.' },
    FREEZING: { description: 'A job copies, divides and proves it.' },
    FROZEN: { description: 'It never changes any more and can be trained on.' },
    FAILED: { description: 'It could not be frozen; `reason` says why. It can be tried again.' },
    WITHDRAWN: { description: 'A session of it was erased; `supersededBy` takes its place.' },
  },
});

export const DatasetSplit = builder.enumType('DatasetSplit', {
  description: 'A part of a dataset.',
  values: {
    TRAIN: { description: 'To learn from.' },
    VALIDATION: { description: 'To check with while learning.' },
    TEST: { description: 'To judge models by; never learned from.' },
  },
});

export const SessionSource = builder.enumType('SessionSource', {
  description: 'Where a session comes from.',
  values: {
    RECORDED: { description: 'It was recorded.' },
    OUTCOME: {
      description:
        'One step that a deployed model was asked about, with what was right as its user says.',
    },
  },
});

const hex = (bytes: Uint8Array | null) => (bytes ? Buffer.from(bytes).toString('hex') : null);

const DatasetMember = builder.prismaObject('DatasetMember', {
  fields: (t) => ({
    sessionId: t.exposeID('sessionId', { description: 'Id of the session.' }),
    site: t.exposeString('site'),
    sites: t.exposeStringList('sites'),
    split: t.expose('split', { type: DatasetSplit, description: 'Where it went.' }),
    interactions: t.exposeInt('interactions', { description: 'Interactions of it.' }),
    examples: t.exposeInt('examples', { description: 'Examples of it.' }),
    sha256: t.string({
      description: 'SHA-256 of what is in the dataset of it, in hexadecimal digits.',
      select: { sha256: true },
      resolve: ({ sha256 }) => Buffer.from(sha256).toString('hex'),
    }),
    consentVersion: t.exposeString('consentVersion', { nullable: true }),
    licence: t.exposeString('licence', { nullable: true }),
    source: t.expose('source', { type: SessionSource }),
  }),
});

const MemberFilter = builder.inputType('DatasetMemberFilter', {
  description: 'Which sessions of a dataset. What is absent does not restrict.',
  fields: (t) => ({
    split: t.field({ type: DatasetSplit, description: 'In this split.' }),
    site: t.string({ description: 'With an example on this site.' }),
  }),
});

export const Dataset = builder.prismaObject('Dataset', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Made by the client.' }),
    name: t.exposeString('name', { description: 'Its name; versions share it.' }),
    version: t.exposeInt('version'),
    state: t.expose('state', { type: DatasetState, description: 'Where it is on its way.' }),
    description: t.exposeString('description', { nullable: true }),
    where: t.expose('filter', { type: 'JSON', description: 'Which sessions it chooses.' }),
    split: t.expose('splitting', { type: 'JSON', description: 'How it is divided.' }),
    licence: t.exposeString('licence', { nullable: true }),
    manifest: t.expose('manifest', { type: 'JSON', nullable: true }),
    sha256: t.string({
      nullable: true,
      description:
        'SHA-256 of the manifest in canonical JSON (RFC 8785), in hexadecimal digits. `null` until it is frozen.',
      select: { sha256: true },
      resolve: ({ sha256 }) => hex(sha256),
    }),
    sessions: t.exposeInt('sessions'),
    interactions: t.expose('interactions', { type: 'BigInt' }),
    examples: t.expose('examples', { type: 'BigInt' }),
    progress: t.exposeFloat('progress'),
    message: t.exposeString('message', { nullable: true }),
    reason: t.exposeString('reason', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was described.' }),
    frozenAt: t.expose('frozenAt', { type: 'DateTime', nullable: true }),
    withdrawnAt: t.expose('withdrawnAt', { type: 'DateTime', nullable: true }),
    supersededBy: t.relation('supersededBy', {
      nullable: true,
      description: 'The version that took its place when it was withdrawn. `null` otherwise.',
    }),
    supersedes: t.relation('supersedes', {
      nullable: true,
      description: 'The withdrawn version whose place it took. `null` otherwise.',
    }),
    members: t.prismaConnection(
      {
        type: DatasetMember,
        cursor: 'datasetId_sessionId',
        description: 'Its sessions, by id. None until it is being frozen.',
        args: { where: t.arg({ type: MemberFilter, description: 'Which of them.' }) },
        totalCount: ({ id }, { where }, { app }) =>
          app.db.datasetMember.count({ where: membersWhere(id, where) }),
        resolve: (query, { id }, { where }, { app }) =>
          app.db.datasetMember.findMany({
            ...query,
            where: membersWhere(id, where),
            orderBy: { sessionId: 'asc' },
          }),
      },
      { name: 'DatasetMemberConnection', description: 'A page of sessions of a dataset.' },
      { name: 'DatasetMemberEdge', description: 'An item of a page of sessions of a dataset.' },
    ),
  }),
});

function membersWhere(
  datasetId: string,
  where: typeof MemberFilter.$inferInput | null | undefined,
): Prisma.DatasetMemberWhereInput {
  return {
    datasetId,
    ...(where?.split ? { split: where.split } : {}),
    ...(where?.site ? { sites: { has: where.site } } : {}),
  };
}

builder.prismaObjectField('Session', 'labels', (t) =>
  t.stringList({
    description: 'What the project says of it, so that datasets can choose by it.',
    select: { label: { select: { labels: true } } },
    resolve: ({ label }) => label?.labels ?? [],
  }),
);

builder.prismaObjectField('Session', 'licence', (t) =>
  t.string({
    nullable: true,
    description: 'Licence under which it may be used. `null` when it was not said.',
    select: { label: { select: { licence: true } } },
    resolve: ({ label }) => label?.licence ?? null,
  }),
);

builder.objectType(DatasetNotFoundError, {
  name: 'DatasetNotFound',
  description: 'There is no dataset of the project with this id.',
  interfaces: [Problem],
});
builder.objectType(DatasetStateError, {
  name: 'DatasetStateMismatch',
  description: 'What was asked for does not fit the state of the dataset.',
  interfaces: [Problem],
  fields: (t) => ({
    state: t.expose('state', { type: DatasetState, description: 'The state it is in.' }),
  }),
});
builder.objectType(DatasetIdTakenError, {
  name: 'DatasetIdTaken',
  description: 'The id belongs to another dataset, or to one that was described differently.',
  interfaces: [Problem],
});
