import * as z from 'zod';
import { limits } from '../contract/limits.ts';
import { address, shortText, text } from '../contract/text.ts';
import { openExample } from '../datasets/build-examples.ts';
import { operations, readable } from '../datasets/example.ts';
import { SessionSource } from '../datasets/schema-dataset-types.ts';
import { builder } from '../graphql/builder.ts';
import { parseInput } from '../graphql/input.ts';
import { InvalidInputError } from '../lib/errors.ts';
import type { FoundSelector } from '../lib/page/selectors-of.ts';
import { siteOf } from '../lib/site.ts';
import { SelectorStrategy } from '../sessions/schema-interactions.ts';
import { type ActionPrediction, type PredictedCandidate, predictAction } from './predict.ts';

const Selector = builder.objectRef<FoundSelector>('PredictedSelector').implement({
  description: 'A way to find an element, tried on the page that was sent.',
  fields: (t) => ({
    strategy: t.expose('strategy', { type: SelectorStrategy, description: 'Which kind.' }),
    value: t.exposeString('value', { description: 'The selector.' }),
    matchCount: t.exposeInt('matchCount', { description: 'Elements that it finds on the page.' }),
    confidence: t.exposeFloat('confidence', {
      description: 'Trust that it still holds on a later day, 0 to 1.',
    }),
  }),
});

const Candidate = builder.objectRef<PredictedCandidate>('PredictedCandidate').implement({
  description: 'An element as the model ranks it.',
  fields: (t) => ({
    ref: t.exposeString('ref', {
      nullable: true,
      description: "The page's `data-cs-ref`, or the outline's ref; `null` where it has none.",
    }),
    text: t.exposeString('text', { description: 'Role, name, value and states.' }),
    within: t.exposeString('within', {
      nullable: true,
      description: 'What it stands in; `null` where nothing around it has a name.',
    }),
    confidence: t.exposeFloat('confidence', {
      nullable: true,
      description:
        'How sure the model is, 0 to 1; `null` for a chat model whose server does not tell.',
    }),
    selectors: t.field({
      type: [Selector],
      description: 'How to find it, most reliable first.',
      resolve: ({ selectors }) => selectors,
    }),
  }),
});

const Prediction = builder.objectRef<ActionPrediction>('ActionPrediction').implement({
  description: 'What a deployed model would do next.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'For `reportOutcome`.' }),
    deploymentId: t.exposeID('deploymentId', { description: 'The deployment that answered.' }),
    modelId: t.exposeID('modelId', { description: 'Its model.' }),
    modelName: t.exposeString('modelName', { description: 'What the model is called.' }),
    isCanary: t.exposeBoolean('isCanary', { description: 'Whether a canary answered.' }),
    operation: t.exposeString('operation', {
      nullable: true,
      description: 'What to do with the first candidate; `null` where the answer was none.',
    }),
    value: t.exposeString('value', {
      nullable: true,
      description: 'What to type, choose or press; `null` for other operations.',
    }),
    candidates: t.field({
      type: [Candidate],
      description: 'The first ten, best first.',
      resolve: ({ candidates }) => candidates,
    }),
    latencyMs: t.exposeFloat('latencyMs', { description: 'Time of the answer, in milliseconds.' }),
    costUsd: t.exposeFloat('costUsd', {
      nullable: true,
      description: 'Cost in US dollars; `null` where no price is known.',
    }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'Why there is no usable answer; `null` for a usable one.',
    }),
  }),
});

const PredictActionInput = builder.inputType('PredictActionInput', {
  description: 'A task and a page. Exactly one of `html` and `outline` is given.',
  fields: (t) => ({
    task: t.string({ required: true, description: 'What is to be done, in words.' }),
    url: t.string({ required: true, description: 'Address of the page.' }),
    site: t.string({ description: 'Site of the page; by default that of `url`.' }),
    html: t.string({
      description: 'The page as HTML, at most 8 MiB; a snapshot of the recorder is one.',
    }),
    outline: t.string({
      description: 'Or as an outline whose lines carry refs: `[e12] button "Add to cart"`.',
    }),
    history: t.stringList({
      description: 'What was done before, in words, oldest first; the last 20 are read.',
    }),
  }),
});

const Input = z.object({
  task: shortText.min(1),
  url: address,
  site: text(253).nullish(),
  html: text(limits.snapshotBytes).nullish(),
  outline: text(200_000).nullish(),
  history: z.array(text(limits.nameChars)).max(1_000).nullish(),
});

builder.queryField('predictAction', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.field({
    type: Prediction,
    description:
      'Asks the deployed model what to do next. The answer is kept, so that its outcome can be reported.',
    args: {
      input: t.arg({ type: PredictActionInput, required: true, description: 'What is asked.' }),
    },
    resolve: (_root, { input }, { app, viewer, signal }) => {
      const { site, html, outline, history, ...asked } = parseInput(Input, input, 'input');
      if ((html == null) === (outline == null))
        throw new InvalidInputError(
          'input.html',
          `Expected a page as HTML or as an outline, got ${html == null ? 'neither' : 'both'}.`,
        );
      return predictAction(
        app,
        viewer,
        {
          ...asked,
          site: site || siteOf(asked.url),
          html: html ?? null,
          outline: outline ?? null,
          history: history ?? [],
        },
        signal,
      );
    },
  });
});

const Outcome = builder.prismaObject('Outcome', {
  fields: (t) => ({
    predictionId: t.exposeID('predictionId', { description: 'The prediction.' }),
    deploymentId: t.exposeID('deploymentId', { description: 'The deployment that had answered.' }),
    site: t.exposeString('site', { description: 'Site of the page.' }),
    operation: t.exposeString('operation', { nullable: true }),
    succeeded: t.exposeBoolean('succeeded', { description: 'Whether it was right.' }),
    reportedAt: t.expose('reportedAt', { type: 'DateTime', description: 'When it was reported.' }),
    sessionId: t.exposeID('sessionId', { nullable: true }),
    example: t.string({
      nullable: true,
      description:
        'The example that it became, as a person reads it; `null` when the right action is not known, or its session was erased.',
      select: { session: { select: { id: true, key: true, examples: true } } },
      resolve: ({ session }, _args, { app }) => {
        const [example] = session?.examples ?? [];
        if (!session?.key || !example) return null;
        return readable(openExample(app.keys.open(session.id, session.key), example));
      },
    }),
  }),
});

builder.prismaObjectFields('Session', (t) => ({
  source: t.expose('source', { type: SessionSource }),
  outcome: t.relation('outcome', {
    nullable: true,
    type: Outcome,
    description: 'The outcome that the session was made of; `null` for a recorded one.',
  }),
}));

const OutcomeFilter = builder.inputType('OutcomeFilter', {
  description: 'Which outcomes. What is absent does not restrict.',
  fields: (t) => ({
    deploymentId: t.id({ description: 'Of this deployment.' }),
    succeeded: t.boolean({ description: 'Right ones, or wrong ones.' }),
    site: t.string({ description: 'On this site.' }),
  }),
});

builder.queryField('outcomes', (fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return t.prismaConnection(
    {
      type: Outcome,
      cursor: 'predictionId',
      description:
        'Reported outcomes, newest first: what came back as data. `createDataset` takes those with an example where `includeOutcomes` says so.',
      args: { where: t.arg({ type: OutcomeFilter, description: 'Which of them.' }) },
      resolve: (query, _root, { where }, { app, viewer }) =>
        app.db.outcome.findMany({
          ...query,
          where: {
            projectId: viewer.projectId,
            ...(where?.deploymentId ? { deploymentId: where.deploymentId } : {}),
            ...(where?.succeeded == null ? {} : { succeeded: where.succeeded }),
            ...(where?.site ? { site: where.site } : {}),
          },
          orderBy: [{ reportedAt: 'desc' }, { predictionId: 'desc' }],
        }),
    },
    { name: 'OutcomeConnection', description: 'A page of outcomes.' },
    { name: 'OutcomeEdge', description: 'An item of a page of outcomes.' },
  );
});

/** The operations that an outcome may name. */
export const OutcomeOperation = builder.enumType('ActionOperation', {
  description: 'What an agent can do with an element.',
  values: Object.fromEntries(
    operations.map((operation) => [
      operation,
      { description: `To ${operation.replace('_', ' ')}.` },
    ]),
  ) as Record<(typeof operations)[number], { description: string }>,
});
