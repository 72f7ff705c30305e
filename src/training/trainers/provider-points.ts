import * as z from 'zod';
import type { ProviderCheckpoint, ProviderEvent } from '../../platform/model.ts';
import type { Point } from '../trainer.ts';

const number = z.number().nullish();
const Metrics = z.object({
  step: z.number().int(),
  total_steps: number,
  train_loss: number,
  valid_loss: number,
  full_valid_loss: number,
  train_mean_token_accuracy: number,
  valid_mean_token_accuracy: number,
  full_valid_mean_token_accuracy: number,
});

/** Points of the curve from what a provider tells: events with metrics, and checkpoints. */
export function pointsOf(
  events: readonly ProviderEvent[],
  checkpoints: readonly ProviderCheckpoint[],
): { points: Point[]; total: number | null } {
  const points: Point[] = [];
  let total: number | null = null;
  for (const { type, data } of events) {
    if (type !== 'metrics') continue;
    const parsed = Metrics.safeParse(data);
    if (!parsed.success) continue; // another provider's idea of metrics; the events' words are kept
    total = parsed.data.total_steps ?? total;
    points.push(pointOf(parsed.data));
  }
  for (const { step_number, metrics, fine_tuned_model_checkpoint } of checkpoints) {
    const parsed = Metrics.safeParse({ ...metrics, step: step_number });
    points.push({
      ...(parsed.success ? pointOf(parsed.data) : { step: step_number }),
      checkpoint: fine_tuned_model_checkpoint,
    });
  }
  return { points, total };
}

function pointOf(metrics: z.infer<typeof Metrics>): Point {
  return {
    step: metrics.step,
    trainLoss: metrics.train_loss ?? null,
    validationLoss: metrics.full_valid_loss ?? metrics.valid_loss ?? null,
    trainAccuracy: metrics.train_mean_token_accuracy ?? null,
    validationAccuracy:
      metrics.full_valid_mean_token_accuracy ?? metrics.valid_mean_token_accuracy ?? null,
  };
}
