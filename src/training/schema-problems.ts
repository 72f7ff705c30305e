import { builder } from '../graphql/builder.ts';
import { Problem } from '../graphql/problem.ts';
import {
  BudgetExceededError,
  CostUnknownError,
  EndpointRefusedError,
  ModelNotFoundError,
  TrainerRefusedError,
  TrainingJobNotFoundError,
  TrainingStateError,
} from './errors.ts';
import { TrainingState } from './schema-types.ts';

builder.objectType(TrainingJobNotFoundError, {
  name: 'TrainingJobNotFound',
  description: 'The project has no such training job.',
  interfaces: [Problem],
});

builder.objectType(ModelNotFoundError, {
  name: 'ModelNotFound',
  description: 'The project has no such model.',
  interfaces: [Problem],
});

builder.objectType(TrainingStateError, {
  name: 'TrainingStateProblem',
  description: 'The change does not fit the state of the training job.',
  interfaces: [Problem],
  fields: (t) => ({
    state: t.expose('state', { type: TrainingState, description: 'Its state now.' }),
  }),
});

builder.objectType(TrainerRefusedError, {
  name: 'TrainerRefused',
  description: 'The trainer cannot do what was asked of it.',
  interfaces: [Problem],
  fields: (t) => ({ advice: t.exposeString('advice', { description: 'What to do about it.' }) }),
});

builder.objectType(BudgetExceededError, {
  name: 'BudgetExceeded',
  description: 'It would cost more than the project may spend this month.',
  interfaces: [Problem],
  fields: (t) => ({
    estimateUsd: t.exposeFloat('estimateUsd', {
      description: 'What it would cost, in US dollars, by list price.',
    }),
    spentUsd: t.exposeFloat('spentUsd', {
      description: 'What is spent or promised this calendar month (UTC), in US dollars.',
    }),
    budgetUsd: t.exposeFloat('budgetUsd', {
      description: 'What may be spent in a month, in US dollars.',
    }),
  }),
});

builder.objectType(CostUnknownError, {
  name: 'CostUnknown',
  description: 'No price is known for the base model, so that the budget cannot be asked.',
  interfaces: [Problem],
  fields: (t) => ({
    baseModel: t.exposeString('baseModel', { description: 'The base model.' }),
  }),
});

builder.objectType(EndpointRefusedError, {
  name: 'EndpointRefused',
  description: 'The endpoint is at an address that the server does not call.',
  interfaces: [Problem],
});
