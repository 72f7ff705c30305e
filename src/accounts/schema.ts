import type { Prisma } from '../generated/prisma/client.ts';
import { builder } from '../graphql/builder.ts';
import type { Context } from '../graphql/context.ts';
import { describe } from '../graphql/describe.ts';
import { escapePattern } from '../graphql/input.ts';
import { keysThatAre } from './keys.ts';
import { known, projectOf } from './known.ts';
import './schema-mutations.ts';
import { ViewerType } from './schema-types.ts';

type KeyFilter = { isLive?: boolean | null; participantId?: string | null };
type LabelFilter = { labelContains?: string | null };

const ApiKeyOrderEnum = builder.enumType('ApiKeyOrder', {
  description: 'Order of keys.',
  values: describe({ NEWEST_FIRST: 'Made last, first.', OLDEST_FIRST: 'Made first, first.' }),
});

const ParticipantOrderEnum = builder.enumType('ParticipantOrder', {
  description: 'Order of participants.',
  values: describe({ LABEL_ASC: 'By label, A first.', LABEL_DESC: 'By label, Z first.' }),
});

const ApiKeyFilter = builder.inputType('ApiKeyFilter', {
  description: 'Which keys; all of the conditions hold.',
  fields: (t) => ({
    isLive: t.boolean({ description: 'Only those that are good now, or only those that are not.' }),
    participantId: t.id({ description: 'Only those of this participant.' }),
  }),
});

const ParticipantFilter = builder.inputType('ParticipantFilter', {
  description: 'Which participants; all of the conditions hold.',
  fields: (t) => ({
    labelContains: t.string({
      description: 'Only those whose label holds this, upper and lower case alike.',
    }),
  }),
});

builder.queryFields((t) => ({
  viewer: t.field({
    type: ViewerType,
    description: 'Who asks.',
    authScopes: { viewer: true },
    resolve: (_root, _args, { viewer }) => known(viewer),
  }),
  apiKeys: t.prismaConnection(
    {
      type: 'ApiKey',
      cursor: 'id',
      description: 'Keys of the project.',
      authScopes: { scope: 'ADMIN' },
      args: {
        where: t.arg({
          type: ApiKeyFilter,
          description: 'Which keys. Absent: all, revoked ones included.',
        }),
        orderBy: t.arg({
          type: ApiKeyOrderEnum,
          defaultValue: 'NEWEST_FIRST',
          description: 'In which order.',
        }),
      },
      totalCount: (_connection, { where }, context) =>
        context.app.db.apiKey.count({ where: keysWhere(context, where) }),
      resolve: (query, _root, { where, orderBy }, context) => {
        const direction = orderBy === 'OLDEST_FIRST' ? 'asc' : 'desc';
        return context.app.db.apiKey.findMany({
          ...query,
          where: keysWhere(context, where),
          orderBy: [{ createdAt: direction }, { id: direction }],
        });
      },
    },
    { name: 'ApiKeyConnection', description: 'A page of keys.' },
    { name: 'ApiKeyEdge', description: 'A place in a list of keys.' },
  ),
  participants: t.prismaConnection(
    {
      type: 'Participant',
      cursor: 'id',
      description: 'Participants of the project.',
      authScopes: { anyScope: ['READ', 'ADMIN'] },
      args: {
        where: t.arg({ type: ParticipantFilter, description: 'Which participants. Absent: all.' }),
        orderBy: t.arg({
          type: ParticipantOrderEnum,
          defaultValue: 'LABEL_ASC',
          description: 'In which order.',
        }),
      },
      totalCount: (_connection, { where }, context) =>
        context.app.db.participant.count({ where: participantsWhere(context, where) }),
      resolve: (query, _root, { where, orderBy }, context) =>
        context.app.db.participant.findMany({
          ...query,
          where: participantsWhere(context, where),
          orderBy: { label: orderBy === 'LABEL_DESC' ? 'desc' : 'asc' },
        }),
    },
    { name: 'ParticipantConnection', description: 'A page of participants.' },
    { name: 'ParticipantEdge', description: 'A place in a list of participants.' },
  ),
}));

function keysWhere(
  { viewer }: Context,
  where: KeyFilter | null | undefined,
): Prisma.ApiKeyWhereInput {
  const { isLive, participantId } = where ?? {};
  return {
    projectId: projectOf(viewer),
    ...(typeof isLive === 'boolean' ? keysThatAre(isLive, new Date()) : {}),
    ...(participantId ? { participantId } : {}),
  };
}

function participantsWhere(
  { viewer }: Context,
  where: LabelFilter | null | undefined,
): Prisma.ParticipantWhereInput {
  const { labelContains } = where ?? {};
  return {
    projectId: projectOf(viewer),
    ...(labelContains
      ? { label: { contains: escapePattern(labelContains), mode: 'insensitive' } }
      : {}),
  };
}
