import { builder } from '../../graphql/builder.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { type ContractHealth, contractHealth } from './health.ts';

const maxDays = 90;

const ContractHealthType = builder.objectRef<ContractHealth>('ContractHealth').implement({
  description: 'How well a service kept its contracts.',
  fields: (t) => ({
    service: t.exposeString('service', { description: 'Who promised.' }),
    contracts: t.exposeInt('contracts', { description: 'Contracts that were called in the time.' }),
    checks: t.exposeFloat('checks', { description: 'Calls that were checked.' }),
    violations: t.exposeFloat('violations', { description: 'Calls that broke their contract.' }),
    violationsBefore: t.exposeFloat('violationsBefore', {
      description: 'The same in as many days before.',
    }),
    brokenRatio: t.float({
      nullable: true,
      description:
        'Violations by checks, 0 to 1. `null` where nothing was checked; at most 1 where clients tell of violations only.',
      resolve: ({ checks, violations }) => (checks > 0 ? Math.min(1, violations / checks) : null),
    }),
    lastViolationAt: t.expose('lastViolationAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When one was broken, last. `null` when never.',
    }),
  }),
});

builder.queryField('contractHealth', (fields) =>
  fields.withAuth({ scope: 'READ' }).field({
    type: [ContractHealthType],
    description: 'Health of contracts by service, most broken first; at most 200 services.',
    args: {
      days: fields.arg.int({
        defaultValue: 7,
        description: `Over so many days until now, 1 to ${maxDays}.`,
      }),
    },
    resolve: (_root, { days }, { app, viewer }) => {
      if (days == null || days < 1 || days > maxDays)
        throw new InvalidInputError('days', `Expected 1 to ${maxDays} for days, got ${days}.`);
      return contractHealth(app, viewer.projectId, days);
    },
  }),
);
