import * as z from 'zod';
import { defineEvent } from '../platform/queue.ts';

export const TrainingIds = z.object({ projectId: z.uuid(), trainingJobId: z.uuid() });
export type TrainingIds = z.infer<typeof TrainingIds>;

export const ModelIds = z.object({ projectId: z.uuid(), modelId: z.uuid() });
export type ModelIds = z.infer<typeof ModelIds>;

/** A training SUCCEEDED, FAILED or was CANCELLED: nothing of it goes on. */
export const trainingEnded = defineEvent({ name: 'training.ended', payload: TrainingIds });

/** A model came out of a training, ready to be asked. */
export const modelTrained = defineEvent({ name: 'training.modelTrained', payload: ModelIds });
