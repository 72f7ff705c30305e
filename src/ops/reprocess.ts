import { buildExamplesJob, exportSessionJob } from '../datasets/jobs.ts';
import type { Stage } from '../generated/prisma/enums.ts';
import type { Viewer } from '../graphql/context.ts';
import type { App } from '../platform/app.ts';
import type { JobDefinition } from '../platform/queue.ts';
import { compressJob, redactPixelsJob } from '../processing/jobs.ts';
import { resetSteps } from '../processing/stage.ts';
import { scoreJob } from '../quality/jobs.ts';
import { type ChangeInput, changeSession } from '../sessions/change.ts';
import { SessionStateError } from '../sessions/errors.ts';
import type { SessionIds } from '../sessions/events.ts';

const jobs: Record<Stage, JobDefinition<SessionIds>> = {
  REDACT: redactPixelsJob,
  COMPRESS: compressJob,
  SCORE: scoreJob,
  EXAMPLES: buildExamplesJob,
  EXPORT: exportSessionJob,
};

/**
 * Runs a session's processing again, from one stage on.
 *
 * @throws {SessionStateError} it is being processed now, has not ended, or was removed; or its
 *   participant holds it back and the stage comes after the score
 */
export async function reprocessSession(
  app: App,
  viewer: Viewer,
  input: ChangeInput & { stage: Stage },
): Promise<void> {
  await changeSession(app, viewer, { ...input, change: 'reprocess' }, async (tx, session) => {
    if (!['READY', 'NEEDS_REVIEW', 'REJECTED', 'FAILED'].includes(session.state))
      throw new SessionStateError(session.state, 'READY, NEEDS_REVIEW, REJECTED or FAILED');
    if (session.hold && (input.stage === 'EXAMPLES' || input.stage === 'EXPORT'))
      throw new SessionStateError(session.state, 'released by its participant');
    if (session.source === 'OUTCOME')
      // there is no recording that could be processed
      throw new SessionStateError(session.state, 'recorded, and no outcome of a prediction');
    const ids = { projectId: session.projectId, sessionId: session.id };
    await resetSteps(tx, ids, input.stage);
    await app.queue.send(tx, jobs[input.stage], ids);
    return { state: 'PROCESSING', reason: `Run again from ${input.stage}.` };
  });
}
