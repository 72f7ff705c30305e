import { builder } from '../graphql/builder.ts';
import { Problem } from '../graphql/problem.ts';
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
import { ApiScopeEnum } from './schema-types.ts';

builder.objectType(ApiKeyNotFoundError, {
  name: 'ApiKeyNotFound',
  description: 'The project has no such key.',
  interfaces: [Problem],
});

builder.objectType(ApiKeyNotLiveError, {
  name: 'ApiKeyNotLive',
  description: 'The key was revoked or has expired, so that there is nothing to rotate.',
  interfaces: [Problem],
});

builder.objectType(RotationUnderWayError, {
  name: 'RotationUnderWay',
  description: 'Two keys of the lineage are good already.',
  interfaces: [Problem],
  fields: (t) => ({
    olderKeyId: t.exposeID('olderKeyId', { description: 'The key that is on its way out.' }),
    newerKeyId: t.exposeID('newerKeyId', { description: 'The key that takes its place.' }),
    endsAt: t.expose('endsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the older key expires. `null` when it does not, until it is revoked.',
    }),
  }),
});

builder.objectType(SecretAlreadyShownError, {
  name: 'SecretAlreadyShown',
  description: 'The key was made by an earlier send of this request; its secret is shown once.',
  interfaces: [Problem],
  fields: (t) => ({ keyId: t.exposeID('keyId', { description: 'The key that was made.' }) }),
});

builder.objectType(ScopesExceededError, {
  name: 'ScopesExceeded',
  description: 'Nobody can give what they do not have.',
  interfaces: [Problem],
  fields: (t) => ({
    missing: t.expose('missing', {
      type: [ApiScopeEnum],
      description: 'Scopes that the viewer lacks.',
    }),
  }),
});

builder.objectType(RoleNotGrantableError, {
  name: 'RoleNotGrantable',
  description: 'Only an owner makes another owner.',
  interfaces: [Problem],
});

builder.objectType(IdTakenError, {
  name: 'IdTaken',
  description: 'The id names something else already; make a new one.',
  interfaces: [Problem],
});

builder.objectType(ParticipantNotFoundError, {
  name: 'ParticipantNotFound',
  description: 'The project has no such participant.',
  interfaces: [Problem],
});

builder.objectType(LabelTakenError, {
  name: 'LabelTaken',
  description: 'Another participant of the project has the label.',
  interfaces: [Problem],
  fields: (t) => ({
    participantId: t.exposeID('participantId', { description: 'Who has the label.' }),
  }),
});

builder.objectType(EmailTakenError, {
  name: 'EmailTaken',
  description: 'There is a user with this e-mail address.',
  interfaces: [Problem],
});

builder.objectType(SignInRefusedError, {
  name: 'SignInRefused',
  description:
    'E-mail address and password are not those of a member. Which of them is wrong is not said.',
  interfaces: [Problem],
});

builder.objectType(RefreshRefusedError, {
  name: 'RefreshRefused',
  description:
    'The refresh token is unknown, used, expired or signed out. The user must sign in again.',
  interfaces: [Problem],
});
