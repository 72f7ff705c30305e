import * as z from 'zod';
import { shortText, text } from '../contract/text.ts';
import { operations } from '../datasets/example.ts';
import { EvaluationNotFoundError } from '../evaluation/errors.ts';
import { builder } from '../graphql/builder.ts';
import { parseInput, parseUuid } from '../graphql/input.ts';
import { Problem } from '../graphql/problem.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { ConsentMissingError } from '../privacy/errors.ts';
import { redactWords } from '../privacy/redact.ts';
import { OperationReusedError } from '../sessions/errors.ts';
import { ModelNotFoundError } from '../training/errors.ts';
import { deployModel, promoteDeployment, rollBackDeployment } from './deploy.ts';
import {
  DeploymentIdTakenError,
  DeploymentNotFoundError,
  DeploymentStateError,
  GateRefusedError,
  OutcomeReportedError,
  PredictionNotFoundError,
} from './errors.ts';
import { reportOutcome } from './outcomes.ts';
import { DeploymentState, DeploymentType, GateCondition } from './schema.ts';
import { OutcomeOperation } from './schema-predictions.ts';

builder.objectType(DeploymentNotFoundError, {
  name: 'DeploymentNotFound',
  description: 'There is no such deployment of the project.',
  interfaces: [Problem],
});
builder.objectType(DeploymentIdTakenError, {
  name: 'DeploymentIdTaken',
  description: 'The id belongs to another deployment, or to one that was asked for differently.',
  interfaces: [Problem],
});
builder.objectType(DeploymentStateError, {
  name: 'DeploymentStateRefused',
  description: 'The deployment is in a state in which this cannot be done.',
  interfaces: [Problem],
  fields: (t) => ({
    state: t.expose('state', { type: DeploymentState, description: 'Its state.' }),
  }),
});
builder.objectType(GateRefusedError, {
  name: 'GateRefused',
  description: 'The gate is shut: at least one condition is not met.',
  interfaces: [Problem],
  fields: (t) => ({
    conditions: t.field({
      type: [GateCondition],
      description: 'All conditions that were looked at, with what was measured.',
      resolve: ({ conditions }) => conditions,
    }),
  }),
});
builder.objectType(PredictionNotFoundError, {
  name: 'PredictionNotFound',
  description: 'There is no such prediction of the project.',
  interfaces: [Problem],
});
builder.objectType(OutcomeReportedError, {
  name: 'OutcomeReported',
  description: 'Another outcome was reported before; it stays.',
  interfaces: [Problem],
});

const operationId = 'UUID made for this change. A repeat of the change gives the same answer.';

const DeployModelInput = builder.inputType('DeployModelInput', {
  description: 'A model, and the evaluation that lets it through the gate.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'UUID made by the client. A repeat gives the same deployment.',
    }),
    modelId: t.id({ required: true, description: 'The model.' }),
    evaluationId: t.id({ required: true, description: 'Its finished evaluation.' }),
    share: t.float({
      defaultValue: 0.1,
      description:
        'Share of the predictions it answers as a canary, above 0; 1 for all at once. Default: 0.1.',
    }),
    maxLatencyMs: t.int({
      defaultValue: 5_000,
      description: 'Time that 95 of 100 answers must keep within, in milliseconds. Default: 5,000.',
    }),
  }),
});

const PromoteDeploymentInput = builder.inputType('PromoteDeploymentInput', {
  description: 'A canary and its new share.',
  fields: (t) => ({
    deploymentId: t.id({ required: true, description: 'The canary.' }),
    operationId: t.id({ required: true, description: operationId }),
    share: t.float({
      defaultValue: 1,
      description: 'Its share from now on; 1 for all. Default: 1.',
    }),
  }),
});

const RollBackDeploymentInput = builder.inputType('RollBackDeploymentInput', {
  description: 'A deployment to take back.',
  fields: (t) => ({
    deploymentId: t.id({ required: true, description: 'The deployment.' }),
    operationId: t.id({ required: true, description: operationId }),
    reason: t.string({ description: 'Why, in words, up to 500 characters.' }),
  }),
});

const RightActionInput = builder.inputType('RightActionInput', {
  description: 'What would have been right.',
  fields: (t) => ({
    ref: t.string({
      required: true,
      description: "The page's `data-cs-ref`, or the outline's ref.",
    }),
    operation: t.field({
      type: OutcomeOperation,
      required: true,
      description: 'What to do with it.',
    }),
    value: t.string({ description: 'What to type, choose or press.' }),
  }),
});

const ReportOutcomeInput = builder.inputType('ReportOutcomeInput', {
  description: 'What became of a prediction. A repeat changes nothing.',
  fields: (t) => ({
    predictionId: t.id({ required: true, description: 'The prediction.' }),
    succeeded: t.boolean({ required: true, description: 'Whether it was right.' }),
    right: t.field({
      type: RightActionInput,
      description: 'What would have been right, where that is known: it becomes an example.',
    }),
    consentId: t.id({
      description:
        'Consent under which the step may be data, of the participant whose key reports. Absent: none is named.',
    }),
    licence: t.string({
      description: 'Licence under which it may be used, as SPDX or in words. Absent: none is said.',
    }),
  }),
});

const uuid = z.uuid().toLowerCase();
const orNull = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? null);

const Reason = orNull(z.string().trim().min(1).max(500).pipe(shortText));

const OutcomeInput = z.object({
  predictionId: uuid,
  succeeded: z.boolean(),
  right: orNull(
    z.object({
      ref: text(40).min(1),
      operation: z.enum(operations),
      value: orNull(text(4_096)),
    }),
  ),
  consentId: orNull(uuid),
  licence: orNull(z.string().trim().min(1).max(200).pipe(shortText)),
});

function shareOf(share: number | null | undefined, fallback: number): number {
  const given = share ?? fallback;
  if (!(given > 0 && given <= 1))
    throw new InvalidInputError(
      'input.share',
      `Expected a share above 0, at most 1, got ${given}.`,
    );
  return given;
}

builder.mutationFields((fields) => {
  const t = fields.withAuth({ scope: 'TRAIN' });
  return {
    deployModel: t.prismaField({
      type: DeploymentType,
      description:
        'Deploys a model if the gate lets it through: better with confidence, leak-free, fast enough.',
      args: {
        input: t.arg({ type: DeployModelInput, required: true, description: 'What to deploy.' }),
      },
      errors: {
        types: [
          InvalidInputError,
          ModelNotFoundError,
          EvaluationNotFoundError,
          DeploymentIdTakenError,
          GateRefusedError,
        ],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const id = parseUuid(input.id, 'input.id');
        await deployModel(app, viewer, {
          id,
          modelId: parseUuid(input.modelId, 'input.modelId'),
          evaluationId: parseUuid(input.evaluationId, 'input.evaluationId'),
          share: shareOf(input.share, 0.1),
          maxLatencyMs: input.maxLatencyMs ?? 5_000,
        });
        return app.db.deployment.findUniqueOrThrow({ ...query, where: { id } });
      },
    }),
    promoteDeployment: t.prismaField({
      type: DeploymentType,
      description: 'Lets a canary answer more of the predictions, or all.',
      args: {
        input: t.arg({ type: PromoteDeploymentInput, required: true, description: 'Which.' }),
      },
      errors: {
        types: [
          InvalidInputError,
          DeploymentNotFoundError,
          DeploymentStateError,
          OperationReusedError,
        ],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const deploymentId = parseUuid(input.deploymentId, 'input.deploymentId');
        await promoteDeployment(app, viewer, {
          deploymentId,
          operationId: parseUuid(input.operationId, 'input.operationId'),
          share: shareOf(input.share, 1),
        });
        return app.db.deployment.findUniqueOrThrow({ ...query, where: { id: deploymentId } });
      },
    }),
    rollBackDeployment: t.prismaField({
      type: DeploymentType,
      description: 'Takes a deployment back; the one before it answers again.',
      args: {
        input: t.arg({ type: RollBackDeploymentInput, required: true, description: 'Which.' }),
      },
      errors: {
        types: [
          InvalidInputError,
          DeploymentNotFoundError,
          DeploymentStateError,
          OperationReusedError,
        ],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const deploymentId = parseUuid(input.deploymentId, 'input.deploymentId');
        await rollBackDeployment(app, viewer, {
          deploymentId,
          operationId: parseUuid(input.operationId, 'input.operationId'),
          reason: redactWords(parseInput(Reason, input.reason, 'input.reason')),
        });
        return app.db.deployment.findUniqueOrThrow({ ...query, where: { id: deploymentId } });
      },
    }),
    reportOutcome: fields.withAuth({ scope: 'READ' }).prismaField({
      type: DeploymentType,
      description:
        'Says what became of a prediction. It becomes data, and may roll the deployment back or let a canary go on.',
      args: {
        input: t.arg({ type: ReportOutcomeInput, required: true, description: 'Which, and how.' }),
      },
      errors: {
        types: [
          InvalidInputError,
          PredictionNotFoundError,
          OutcomeReportedError,
          ConsentMissingError,
        ],
      },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const parsed = parseInput(OutcomeInput, input, 'input');
        const { predictionId } = parsed;
        await reportOutcome(app, viewer, parsed);
        const where = { predictions: { some: { id: predictionId } } };
        return app.db.deployment.findFirstOrThrow({ ...query, where });
      },
    }),
  };
});
