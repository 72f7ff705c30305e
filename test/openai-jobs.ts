import type * as z from 'zod';
import type { JobRequest } from './openai-shapes.ts';

export type FakeJob = {
  request: z.infer<typeof JobRequest>;
  /** As the API shows it. */
  row: {
    id: string;
    object: 'fine_tuning.job';
    created_at: number;
    finished_at: number | null;
    estimated_finish: number | null;
    model: string;
    fine_tuned_model: string | null;
    organization_id: string;
    status:
      | 'validating_files'
      | 'queued'
      | 'running'
      | 'paused'
      | 'succeeded'
      | 'failed'
      | 'cancelled';
    training_file: string;
    validation_file: string | null;
    trained_tokens: number | null;
    error: { code: string; message: string; param: string | null } | null;
    hyperparameters: object;
    method: object;
    metadata: Record<string, string> | null;
    seed: number;
    result_files: string[];
  };
  /** Oldest first; the API lists newest first. */
  events: FakeEvent[];
  checkpoints: object[];
  /** Ticks of work done. */
  done: number;
  /** Its training file, which may be deleted once it has ended. */
  learned: string;
};

type FakeEvent = {
  object: 'fine_tuning.job.event';
  id: string;
  created_at: number;
  level: 'info' | 'warn' | 'error';
  message: string;
  type: 'message' | 'metrics';
  data?: object;
};

export type Outcome = { code: string; message: string; param?: string };

export type Pace = {
  /** Steps that a job trains. */
  steps: number;
  /** Milliseconds of one step. */
  stepMs: number;
};

const now = () => Math.floor(Date.now() / 1000);
const ended = new Set(['succeeded', 'failed', 'cancelled']);

export function isEnded({ row }: FakeJob): boolean {
  return ended.has(row.status);
}

/** One tick of work on a job. @returns whether it has just ended */
export function tick(job: FakeJob, { steps, stepMs }: Pace, outcome: Outcome | null): boolean {
  const { row } = job;
  if (isEnded(job) || row.status === 'paused') return false;
  if (row.status === 'validating_files') {
    if (outcome?.param) return fail(job, outcome); // a file is bad: nothing begins
    row.status = 'queued';
    say(job, 'Files validated, moving job to queued state');
    return false;
  }
  if (row.status === 'queued') {
    row.status = 'running';
    say(job, 'Fine-tuning job started');
    return false;
  }
  job.done += 1;
  const step = job.done;
  row.estimated_finish = now() + Math.ceil(((steps - step) * stepMs) / 1000);
  const loss = 2 * Math.exp(-step / steps) + 0.1;
  const isCheckpoint = step % Math.max(1, Math.floor(steps / 3)) === 0;
  const metrics = {
    step,
    total_steps: steps,
    train_loss: loss,
    train_mean_token_accuracy: 1 - loss / 3,
    ...(row.validation_file
      ? { valid_loss: loss * 1.1, valid_mean_token_accuracy: 1 - loss / 2.8 }
      : {}),
  };
  say(job, `Step ${step}/${steps}: training loss=${loss.toFixed(2)}`, metrics);
  if (isCheckpoint)
    job.checkpoints.push({
      object: 'fine_tuning.job.checkpoint',
      id: `ftckpt_${row.id}_${step}`,
      created_at: now(),
      fine_tuned_model_checkpoint: `ft:${row.model}:fake::${row.id.slice(-6)}:ckpt-step-${step}`,
      fine_tuning_job_id: row.id,
      metrics: { ...metrics, full_valid_loss: loss * 1.1 },
      step_number: step,
    });
  if (outcome && step >= steps / 2) return fail(job, outcome);
  if (step < steps) return false;
  row.status = 'succeeded';
  row.finished_at = now();
  row.trained_tokens = 1_000 * steps;
  row.fine_tuned_model = `ft:${row.model}:fake:${job.request.suffix ?? ''}:${row.id.slice(-6)}`;
  say(job, 'The job has successfully completed');
  return true;
}

export function say(job: FakeJob, message: string, metrics?: object): void {
  job.events.push({
    object: 'fine_tuning.job.event',
    id: `ftevent-${job.row.id}-${job.events.length}`,
    created_at: now(),
    level: 'info',
    message,
    type: metrics ? 'metrics' : 'message',
    ...(metrics ? { data: metrics } : {}),
  });
}

function fail(job: FakeJob, { code, message, param = '' }: Outcome): boolean {
  job.row.status = 'failed';
  job.row.finished_at = now();
  job.row.error = { code, message, param: param || null };
  say(job, `The job failed: ${message}`);
  return true;
}
