import { type DomainError, InvalidInputError } from '../lib/errors.ts';
import { builder } from './builder.ts';

/** The interface of all refusals. */
export const Problem = builder.interfaceRef<DomainError>('Problem').implement({
  description: 'A refusal that the client can act on.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Which refusal, in UPPER_SNAKE; stable.' }),
    message: t.exposeString('message', {
      description: 'What was expected and what came, in words.',
    }),
  }),
});

builder.objectType(InvalidInputError, {
  name: 'InvalidInput',
  description: 'A value does not fit; nothing was stored.',
  interfaces: [Problem],
  fields: (t) => ({
    field: t.exposeString('field', { description: 'Path of the value in the input.' }),
  }),
});
