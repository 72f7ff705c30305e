import { apiScopes, roles } from '../contract/accounts.ts';
import { builder } from '../graphql/builder.ts';
import type { Viewer } from '../graphql/context.ts';
import { describe } from '../graphql/describe.ts';
import { type IssuedKey, isLive } from './keys.ts';
import { projectOf } from './known.ts';
import type { Tokens } from './sign-in.ts';

export const ApiScopeEnum = builder.enumType('ApiScope', {
  description: 'What a key or user may do.',
  values: describe(apiScopes),
});

export const RoleEnum = builder.enumType('Role', {
  description: 'What a member may do in a project.',
  values: describe(roles),
});

const ViewerKindEnum = builder.enumType('ViewerKind', {
  description: 'How somebody is known.',
  values: describe({ KEY: 'By an API key.', USER: 'By an access token, from signing in.' }),
});

builder.prismaObject('Project', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'UUID of the project.' }),
    number: t.exposeInt('number'),
    name: t.exposeString('name', { description: 'What the project is called.' }),
    rejectBelow: t.exposeFloat('rejectBelow'),
    reviewBelow: t.exposeFloat('reviewBelow'),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When the project was made.',
    }),
  }),
});

builder.prismaObject('Participant', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'UUID of the participant.' }),
    label: t.exposeString('label'),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When the participant was made.',
    }),
  }),
});

builder.prismaObject('ApiKey', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'UUID of the key; not secret.' }),
    name: t.exposeString('name'),
    prefix: t.exposeString('prefix'),
    scopes: t.expose('scopes', { type: [ApiScopeEnum], description: 'What the key may do.' }),
    participant: t.relation('participant', {
      nullable: true,
      description: 'Whose sessions the key records. `null` for a key that belongs to nobody.',
    }),
    isLive: t.boolean({
      description: 'Whether the key is good now: neither revoked nor expired.',
      resolve: (key) => isLive(key, new Date()),
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', nullable: true }),
    rotatedFromId: t.exposeID('rotatedFromId', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the key was made.' }),
  }),
});

builder.prismaObject('User', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'UUID of the user.' }),
    email: t.exposeString('email'),
    name: t.exposeString('name', { description: 'What the user is called.' }),
    role: t.field({
      type: RoleEnum,
      nullable: true,
      description: 'What the user may do in your project. `null` for no member of it.',
      select: (_args, { viewer }) => ({
        memberships: { where: { projectId: projectOf(viewer) }, select: { role: true } },
      }),
      resolve: ({ memberships }) => memberships[0]?.role ?? null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the user was made.' }),
  }),
});

export const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
  description: 'Who asks: the key or user behind the token.',
  fields: (t) => ({
    kind: t.expose('kind', {
      type: ViewerKindEnum,
      description: 'Whether `id` is a key or a user.',
    }),
    id: t.exposeID('id', { description: 'UUID of the key or user.' }),
    project: t.prismaField({
      type: 'Project',
      description: 'The project that everything is read from and written to.',
      resolve: (query, { projectId }, _args, { app }) =>
        app.db.project.findUniqueOrThrow({ ...query, where: { id: projectId } }),
    }),
    participant: t.prismaField({
      type: 'Participant',
      nullable: true,
      description:
        'The participant that the key belongs to. `null` for a user, or a key that belongs to nobody.',
      resolve: (query, { projectId, participantId }, _args, { app }) =>
        participantId
          ? app.db.participant.findFirst({ ...query, where: { id: participantId, projectId } })
          : null,
    }),
    scopes: t.field({
      type: [ApiScopeEnum],
      description: 'What the viewer may do.',
      resolve: ({ scopes }) => [...scopes],
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'From then on the key or access token is refused. `null` for a key that does not expire.',
    }),
  }),
});

export const IssuedApiKey = builder.objectRef<IssuedKey>('IssuedApiKey').implement({
  description: 'A key that was just made.',
  fields: (t) => ({
    secret: t.exposeString('secret', {
      description:
        'The key itself, for `Authorization: Bearer …`. Shown this once and stored nowhere.',
    }),
    apiKey: t.prismaField({
      type: 'ApiKey',
      description: 'All about the key but its secret.',
      resolve: (query, { id }, _args, { app }) =>
        app.db.apiKey.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
});

export const TokensType = builder.objectRef<Tokens>('Tokens').implement({
  description: 'What a user is known by after signing in.',
  fields: (t) => ({
    accessToken: t.exposeString('accessToken', {
      description: 'JSON Web Token for `Authorization: Bearer …`.',
    }),
    accessTokenExpiresAt: t.expose('accessTokenExpiresAt', {
      type: 'DateTime',
      description: 'From then on the access token is refused; `refresh` gives the next one.',
    }),
    refreshToken: t.exposeString('refreshToken', {
      description: 'Good for one `refresh`, which gives the next one.',
    }),
    refreshTokenExpiresAt: t.expose('refreshTokenExpiresAt', {
      type: 'DateTime',
      description: 'From then on the user must sign in again.',
    }),
  }),
});
