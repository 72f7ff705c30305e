import { builder } from '../graphql/builder.ts';
import type { Estimate } from '../lib/bootstrap.ts';
import type { MeasureGroup, Measures } from './measures.ts';

export const EstimateType = builder.objectRef<Estimate>('Estimate').implement({
  description:
    'A measure with its interval of 95 %: percentiles of a bootstrap that draws whole sessions.',
  fields: (t) => ({
    value: t.exposeFloat('value', { description: 'As measured.' }),
    low: t.exposeFloat('low', { description: 'Lower end of the interval.' }),
    high: t.exposeFloat('high', { description: 'Upper end of the interval.' }),
  }),
});

const Group = builder.objectRef<MeasureGroup>('EvaluationGroup').implement({
  description: 'The measures of one site or of one operation.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The site, or the operation.' }),
    sessions: t.exposeInt('sessions', { description: 'Sessions with such steps.' }),
    steps: t.exposeInt('steps', { description: 'Steps that were asked.' }),
    element: t.field({
      type: EstimateType,
      description: 'Share of steps whose first candidate is right, 0 to 1.',
      resolve: ({ element }) => element,
    }),
    operation: t.field({
      type: EstimateType,
      description: 'Mean F1 of the words of operation and value, 0 to 1.',
      resolve: ({ operation }) => operation,
    }),
    step: t.field({
      type: EstimateType,
      description: 'Share of steps that are right in everything, 0 to 1.',
      resolve: ({ step }) => step,
    }),
  }),
});

export const MeasuresType = builder.objectRef<Measures>('EvaluationMeasures').implement({
  description: 'What the answers of an evaluation came to, by the measures of Mind2Web.',
  fields: (t) => ({
    sessions: t.exposeInt('sessions', { description: 'Sessions of the suite.' }),
    steps: t.exposeInt('steps', { description: 'Steps of the suite.' }),
    resamples: t.exposeInt('resamples', { description: 'Draws that the intervals come from.' }),
    element: t.field({
      type: EstimateType,
      description: 'Element accuracy: share of steps whose first candidate is right, 0 to 1.',
      resolve: ({ element }) => element,
    }),
    operation: t.field({
      type: EstimateType,
      description: 'Operation F1: mean F1 of the words of operation and value, 0 to 1.',
      resolve: ({ operation }) => operation,
    }),
    step: t.field({
      type: EstimateType,
      description:
        'Step success: share of steps whose element, operation and value are right, 0 to 1.',
      resolve: ({ step }) => step,
    }),
    task: t.field({
      type: EstimateType,
      description: 'Task success: share of sessions whose steps are all right, 0 to 1.',
      resolve: ({ task }) => task,
    }),
    progress: t.field({
      type: EstimateType,
      nullable: true,
      description:
        'Task progress: mean share of a session’s steps before its first wrong one, 0 to 1; says something where task success is 0. `null` for evaluations from before it was measured.',
      resolve: ({ progress }) => progress ?? null,
    }),
    bySite: t.field({
      type: [Group],
      description: 'By site, those with most steps first.',
      resolve: ({ bySite }) => bySite,
    }),
    byOperation: t.field({
      type: [Group],
      description: 'By the right operation, those with most steps first.',
      resolve: ({ byOperation }) => byOperation,
    }),
    medianLatencyMs: t.float({
      description: 'Time of half of the answers, in milliseconds.',
      resolve: ({ latency }) => latency.median,
    }),
    p95LatencyMs: t.float({
      description: 'Time that 95 of 100 answers keep within, in milliseconds.',
      resolve: ({ latency }) => latency.p95,
    }),
    costPerStepUsd: t.exposeFloat('costPerStepUsd', {
      nullable: true,
      description: 'Mean cost of an answer in US dollars; `null` where no price is known.',
    }),
  }),
});
