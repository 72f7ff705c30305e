import * as z from 'zod';
import { shortText } from '../contract/text.ts';

const uuid = z.uuid().toLowerCase();
const name = z.string().trim().min(1, 'expected a name, got nothing').max(100).pipe(shortText);
const modelName = z.string().trim().min(1).max(300).pipe(shortText);
const address = z.string().trim().min(1).max(2_000).pipe(shortText);
const secret = z.string().min(1).max(1_000).pipe(shortText);
const price = z.number().min(0).max(1_000_000);
const trainer = z.enum(['LOCAL', 'OPENAI', 'EXTERNAL']);
const method = z.enum(['SUPERVISED', 'DPO']);

/** What is absent is `null`, so that one input has one hash. */
const orNull = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? null);

export const StartTrainingInput = z.object({
  id: uuid,
  datasetId: uuid,
  name,
  trainer,
  method: method.nullish().transform((value) => value ?? 'SUPERVISED'),
  baseModel: orNull(modelName),
  hyperparameters: z
    .record(z.string().max(64), z.number())
    .nullish()
    .transform((value) => value ?? {}),
  pictures: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  seed: orNull(z.string().min(1).max(200).pipe(shortText)),
  acceptUnknownCost: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
});

export const TrainingChangeInput = z.object({ trainingJobId: uuid, operationId: uuid });

const ratio = z.number().min(0).max(1).nullish();
const loss = z.number().min(0).max(1e9).nullish();

export const ReportTrainingMetricsInput = z.object({
  trainingJobId: uuid,
  points: z
    .array(
      z.object({
        step: z
          .int()
          .min(0)
          .max(2 ** 31 - 1),
        epoch: z.number().min(0).max(1e6).nullish(),
        trainLoss: loss,
        validationLoss: loss,
        trainAccuracy: ratio,
        validationAccuracy: ratio,
        checkpoint: z.string().max(300).pipe(shortText).nullish(),
      }),
    )
    .min(1)
    .max(500),
  totalSteps: z
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .nullish(),
  remainingSeconds: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .nullish(),
});

export const CompleteTrainingInput = TrainingChangeInput.extend({
  endpoint: address,
  model: modelName,
  apiKey: orNull(secret),
  inputPriceUsd: orNull(price),
  outputPriceUsd: orNull(price),
});

export const FailTrainingInput = TrainingChangeInput.extend({
  reason: z.string().trim().min(1).max(2_000).pipe(shortText),
});

export const SaveTrainingRuleInput = z.object({
  id: uuid,
  site: orNull(z.string().trim().toLowerCase().min(1).max(300).pipe(shortText)),
  trainer,
  method: method.nullish().transform((value) => value ?? 'SUPERVISED'),
  baseModel: orNull(modelName),
  minNewSessions: z.int().min(1).max(1_000_000),
  minScore: z
    .number()
    .min(0)
    .max(1)
    .nullish()
    .transform((value) => value ?? 0.6),
  enabled: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
});

export const RegisterModelInput = z.object({
  id: uuid,
  name,
  providerModel: modelName,
  endpoint: orNull(address),
  apiKey: orNull(secret),
  inputPriceUsd: orNull(price),
  outputPriceUsd: orNull(price),
});
