import { IdTakenError } from '../accounts/errors.ts';
import { builder } from '../graphql/builder.ts';
import { parseUuid } from '../graphql/input.ts';
import { Problem } from '../graphql/problem.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { recordConsent, withdrawConsent } from './consents.ts';
import { ConsentMissingError, ConsentNotFoundError, ParticipantMissingError } from './errors.ts';

const Consent = builder.prismaObject('Consent', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Made by the client.' }),
    version: t.exposeString('version'),
    textSha256: t.string({
      description:
        'SHA-256 of the text as it was shown, in UTF-8: 64 lower-case hexadecimal digits.',
      select: { textSha256: true },
      resolve: ({ textSha256 }) => Buffer.from(textSha256).toString('hex'),
    }),
    locale: t.exposeString('locale'),
    acceptedAt: t.expose('acceptedAt', { type: 'DateTime' }),
    recordedAt: t.expose('recordedAt', { type: 'DateTime' }),
    withdrawnAt: t.expose('withdrawnAt', { type: 'DateTime', nullable: true }),
  }),
});

builder.prismaObjectField('Participant', 'consents', (t) =>
  t.relatedConnection(
    'consents',
    {
      cursor: 'id',
      totalCount: true,
      description: 'What the participant agreed to, newest first; withdrawn ones too.',
      query: { orderBy: [{ recordedAt: 'desc' }, { id: 'desc' }] },
    },
    { name: 'ConsentConnection', description: 'A page of consents.' },
    { name: 'ConsentEdge', description: 'An item of a page of consents.' },
  ),
);

builder.objectType(ParticipantMissingError, {
  name: 'ParticipantMissing',
  description: 'The key belongs to nobody, and only a participant can agree to be recorded.',
  interfaces: [Problem],
});

builder.objectType(ConsentNotFoundError, {
  name: 'ConsentNotFound',
  description: 'There is no consent of the viewer with this id.',
  interfaces: [Problem],
});

builder.objectType(ConsentMissingError, {
  name: 'ConsentMissing',
  description: 'A session was to begin under a consent that does not hold; nothing was stored.',
  interfaces: [Problem],
  fields: (t) => ({
    withdrawnAt: t.expose('withdrawnAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the consent was withdrawn. `null` for one that is unknown or somebody else’s.',
    }),
  }),
});

const RecordConsentInput = builder.inputType('RecordConsentInput', {
  description: 'That the participant of the key agreed to be recorded.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'New UUID for the consent; a repeat with it makes no second one.',
    }),
    version: t.string({
      required: true,
      description:
        'Version of the text, in the project’s own words: letters, digits, `.`, `_` and `-`, at most 64.',
    }),
    textSha256: t.string({
      required: true,
      description:
        'SHA-256 of the text as it was shown, in UTF-8: 64 lower-case hexadecimal digits.',
    }),
    locale: t.string({
      required: true,
      description: 'Language in which it was shown, as a BCP 47 tag, for example `de-AT`.',
    }),
    acceptedAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'Instant of the agreement, by the client’s clock.',
    }),
  }),
});

const WithdrawConsentInput = builder.inputType('WithdrawConsentInput', {
  description: 'The end of a consent.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The consent. A repeat changes nothing.' }),
  }),
});

builder.mutationFields((t) => ({
  recordConsent: t.withAuth({ scope: 'CAPTURE' }).prismaField({
    type: Consent,
    description: 'Takes note that the participant of the key agreed to be recorded.',
    args: {
      input: t.arg({ type: RecordConsentInput, required: true, description: 'The consent.' }),
    },
    errors: { types: [InvalidInputError, ParticipantMissingError, IdTakenError] },
    resolve: async (query, _root, { input }, { app, viewer }) => {
      const record = { ...input, acceptedAt: input.acceptedAt.toISOString() };
      const id = await recordConsent(app, viewer, record);
      return app.db.consent.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
  withdrawConsent: t.withAuth({ anyScope: ['CAPTURE', 'ADMIN'] }).prismaField({
    type: Consent,
    description:
      'Withdraws a consent of the key’s participant; an administrator may withdraw any. No session starts under it any more; those recorded under it stay until they are discarded.',
    args: {
      input: t.arg({ type: WithdrawConsentInput, required: true, description: 'The end.' }),
    },
    errors: { types: [InvalidInputError, ConsentNotFoundError] },
    resolve: async (query, _root, { input }, { app, viewer }) => {
      const id = parseUuid(input.id, 'input.id');
      await withdrawConsent(app, viewer, { id, at: new Date() });
      return app.db.consent.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
}));
