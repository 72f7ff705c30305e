import * as z from 'zod';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { defineJob, type JobDefinition } from '../platform/queue.ts';
import { SessionIds } from '../sessions/events.ts';
import { advance, giveUp } from './advance.ts';
import { TrainingIds } from './events.ts';
import { considerRules } from './rules.ts';
import { failTidy, tidyTraining } from './tidy.ts';

/** A run of a training job: one of an older turn than the job's does nothing. */
export const Turn = TrainingIds.extend({ turn: z.string().regex(/^\d+$/) });
export type Turn = z.infer<typeof Turn>;

export const advanceJob: JobDefinition<Turn> = defineJob({
  name: 'training.advance',
  payload: Turn,
  run: advance,
  failed: giveUp,
});

/** Clears away what an ended training has left here and at its provider. */
export const tidyTrainingJob = defineJob({
  name: 'training.tidy',
  payload: TrainingIds,
  run: tidyTraining,
  failed: failTidy,
});

/** Whether a session that became READY is the one that a rule has waited for. */
export const considerRulesJob = defineJob({
  name: 'training.consider',
  payload: SessionIds,
  run: considerRules,
});

/** Lets a training go on, now or later, in the transaction that gives a reason to. */
export async function sendTurn(
  { queue }: Pick<App, 'queue'>,
  tx: Tx,
  turn: Turn,
  { afterMs = 0 }: { afterMs?: number } = {},
): Promise<void> {
  await queue.send(tx, advanceJob, turn, { afterSeconds: afterMs / 1000 });
}
