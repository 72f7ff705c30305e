import { builder } from '../graphql/builder.ts';
import { parseInput } from '../graphql/input.ts';
import { InvalidInputError } from '../lib/errors.ts';
import {
  ApiKeyNotFoundError,
  ApiKeyNotLiveError,
  EmailTakenError,
  IdTakenError,
  LabelTakenError,
  ParticipantNotFoundError,
  RefreshRefusedError,
  RoleNotGrantableError,
  RotationUnderWayError,
  ScopesExceededError,
  SecretAlreadyShownError,
  SignInRefusedError,
} from './errors.ts';
import * as inputs from './inputs.ts';
import { createKey, revokeKey, rotateKey } from './keys.ts';
import { known, projectOf } from './known.ts';
import { createUser } from './members.ts';
import { createParticipant } from './participants.ts';
import './schema-problems.ts';
import { ApiScopeEnum, IssuedApiKey, RoleEnum, TokensType } from './schema-types.ts';
import { refresh, signIn, signOut } from './sign-in.ts';

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A new key.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'New UUID for the key; a repeat with it makes no second one.',
    }),
    name: t.string({ required: true, description: 'What the key is for, up to 100 characters.' }),
    scopes: t.field({
      type: [ApiScopeEnum],
      required: true,
      description: 'What the key may do: nothing that you may not.',
    }),
    participantId: t.id({
      description: 'Whose sessions it records. CAPTURE needs this or a label.',
    }),
    participantLabel: t.string({
      description:
        'Label of whose sessions it records, made when new. Not looked at beside `participantId`.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'From then on it is refused. Absent: never.',
    }),
  }),
});

const RotateApiKeyInput = builder.inputType('RotateApiKeyInput', {
  description: 'The next key of a lineage.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'New UUID for the new key; a repeat with it makes no second one.',
    }),
    keyId: t.id({ required: true, description: 'The key that is replaced.' }),
    overlapMinutes: t.int({
      description: 'How long the replaced key stays good, 0 to 43,200. Absent: 1,440, a day.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description:
        'From then on the new key is refused. Absent: it lives as long as the replaced one was made to.',
    }),
  }),
});

const RevokeApiKeyInput = builder.inputType('RevokeApiKeyInput', {
  description: 'The end of a key.',
  fields: (t) => ({ keyId: t.id({ required: true, description: 'The key that is ended.' }) }),
});

const CreateParticipantInput = builder.inputType('CreateParticipantInput', {
  description: 'Somebody who will record sessions.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'New UUID for the participant; a repeat with it makes no second one.',
    }),
    label: t.string({
      required: true,
      description: 'Name that is new in the project and no personal data, up to 100 characters.',
    }),
  }),
});

const CreateUserInput = builder.inputType('CreateUserInput', {
  description: 'A new member of the project.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'New UUID for the user; a repeat with it makes no second one.',
    }),
    email: t.string({
      required: true,
      description: 'Address to sign in with; case does not matter.',
    }),
    name: t.string({
      required: true,
      description: 'What the user is called, up to 100 characters.',
    }),
    password: t.string({ required: true, description: 'First password, 12 to 1,024 characters.' }),
    role: t.field({
      type: RoleEnum,
      required: true,
      description: 'What the user may do: nothing that you may not.',
    }),
  }),
});

const SignInInput = builder.inputType('SignInInput', {
  description: 'Who signs in.',
  fields: (t) => ({
    email: t.string({ required: true, description: 'Address of the user; case does not matter.' }),
    password: t.string({ required: true, description: 'Password of the user.' }),
    projectId: t.id({
      description: 'Which project, for members of several. Absent: the one joined first.',
    }),
  }),
});

const RefreshInput = builder.inputType('RefreshInput', {
  description: 'A refresh token for the next tokens.',
  fields: (t) => ({
    refreshToken: t.string({ required: true, description: 'The last refresh token.' }),
    operationId: t.id({
      required: true,
      description:
        'New UUID for this exchange. Keep it until the answer is there: a repeat with it gives the same refresh token, a repeat without it ends the sign-in.',
    }),
  }),
});

const SignOutInput = builder.inputType('SignOutInput', {
  description: 'The end of a sign-in.',
  fields: (t) => ({
    refreshToken: t.string({
      required: true,
      description: 'The last refresh token of the sign-in.',
    }),
  }),
});

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: IssuedApiKey,
    description: 'Makes a key and shows its secret, once.',
    authScopes: { scope: 'ADMIN' },
    args: {
      input: t.arg({ type: CreateApiKeyInput, required: true, description: 'The new key.' }),
    },
    errors: {
      types: [
        InvalidInputError,
        SecretAlreadyShownError,
        IdTakenError,
        ScopesExceededError,
        ParticipantNotFoundError,
      ],
    },
    resolve: (_root, { input }, { app, viewer }) => {
      const key = parseInput(inputs.CreateApiKeyInput, input, 'input');
      return createKey(app, known(viewer), { ...key, now: new Date() });
    },
  }),
  rotateApiKey: t.field({
    type: IssuedApiKey,
    description: 'Makes the next key of a lineage, good at once, and lets the older one expire.',
    authScopes: { scope: 'ADMIN' },
    args: {
      input: t.arg({ type: RotateApiKeyInput, required: true, description: 'Which key, and how.' }),
    },
    errors: {
      types: [
        InvalidInputError,
        SecretAlreadyShownError,
        IdTakenError,
        ApiKeyNotFoundError,
        ApiKeyNotLiveError,
        RotationUnderWayError,
        ScopesExceededError,
      ],
    },
    resolve: (_root, { input }, { app, viewer }) => {
      const rotation = parseInput(inputs.RotateApiKeyInput, input, 'input');
      return rotateKey(app, known(viewer), { ...rotation, now: new Date() });
    },
  }),
  revokeApiKey: t.prismaField({
    type: 'ApiKey',
    description: 'Ends a key for good and closes its sockets with 4401. A repeat changes nothing.',
    authScopes: { scope: 'ADMIN' },
    args: { input: t.arg({ type: RevokeApiKeyInput, required: true, description: 'Which key.' }) },
    errors: { types: [InvalidInputError, ApiKeyNotFoundError] },
    resolve: async (query, _root, { input }, { app, viewer }) => {
      const { keyId } = parseInput(inputs.RevokeApiKeyInput, input, 'input');
      await revokeKey(app, { projectId: projectOf(viewer), keyId, now: new Date() });
      return app.db.apiKey.findUniqueOrThrow({ ...query, where: { id: keyId } });
    },
  }),
  createParticipant: t.prismaField({
    type: 'Participant',
    description: 'Makes a participant. A repeat changes nothing.',
    authScopes: { scope: 'ADMIN' },
    args: {
      input: t.arg({
        type: CreateParticipantInput,
        required: true,
        description: 'The new participant.',
      }),
    },
    errors: { types: [InvalidInputError, IdTakenError, LabelTakenError] },
    resolve: async (query, _root, { input }, { app, viewer }) => {
      const { id, label } = parseInput(inputs.CreateParticipantInput, input, 'input');
      await createParticipant(app, { projectId: projectOf(viewer), id, label });
      return app.db.participant.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
  createUser: t.prismaField({
    type: 'User',
    description: 'Makes a user and member of the project. A repeat changes nothing.',
    authScopes: { scope: 'ADMIN' },
    args: {
      input: t.arg({ type: CreateUserInput, required: true, description: 'The new member.' }),
    },
    errors: {
      types: [
        InvalidInputError,
        IdTakenError,
        EmailTakenError,
        ScopesExceededError,
        RoleNotGrantableError,
      ],
    },
    resolve: async (query, _root, { input }, { app, viewer }) => {
      const user = parseInput(inputs.CreateUserInput, input, 'input');
      await createUser(app, known(viewer), { ...user, now: new Date() });
      return app.db.user.findUniqueOrThrow({ ...query, where: { id: user.id } });
    },
  }),
  signIn: t.field({
    type: TokensType,
    description:
      'Gives tokens for an e-mail address and a password. Guessing is limited: `RATE_LIMITED`.',
    authScopes: { anybody: true },
    args: { input: t.arg({ type: SignInInput, required: true, description: 'Who signs in.' }) },
    errors: { types: [InvalidInputError, SignInRefusedError] },
    resolve: (_root, { input }, { app, address }) => {
      const credentials = parseInput(inputs.SignInInput, input, 'input');
      return signIn(app, { ...credentials, address, now: new Date() });
    },
  }),
  refresh: t.field({
    type: TokensType,
    description:
      'Gives the next tokens for a refresh token. A used one that comes back ends the sign-in.',
    authScopes: { anybody: true },
    args: {
      input: t.arg({ type: RefreshInput, required: true, description: 'Which refresh token.' }),
    },
    errors: { types: [InvalidInputError, RefreshRefusedError] },
    resolve: (_root, { input }, { app, address }) => {
      const exchange = parseInput(inputs.RefreshInput, input, 'input');
      return refresh(app, { ...exchange, address, now: new Date() });
    },
  }),
  signOut: t.boolean({
    description:
      'Ends a sign-in with all its tokens. Always `true`: a repeat or an unknown token changes nothing.',
    authScopes: { anybody: true },
    args: { input: t.arg({ type: SignOutInput, required: true, description: 'Which sign-in.' }) },
    resolve: async (_root, { input }, { app }) => {
      const { refreshToken } = parseInput(inputs.SignOutInput, input, 'input');
      await signOut(app, { refreshToken, now: new Date() });
      return true;
    },
  }),
}));
