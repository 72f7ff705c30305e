import type { Example, Operation } from '../datasets/example.ts';
import type { Viewer } from '../graphql/context.ts';
import { InvalidInputError } from '../lib/errors.ts';
import type { App } from '../platform/app.ts';
import { redactWords } from '../privacy/redact.ts';
import { openOwnKey } from '../training/job-key.ts';
import { goLive, rollBack } from './deploy.ts';
import { OutcomeReportedError, PredictionNotFoundError } from './errors.ts';
import { evidenceOfDrop, judgeLive } from './live.ts';
import { exampleOf } from './outcome-example.ts';
import { keepAsSession, type Terms } from './outcome-session.ts';
import { type Kept, openKept } from './predict.ts';

export type OutcomeInput = {
  predictionId: string;
  succeeded: boolean;
  /** What would have been right, by the ref that `predictAction` gave; `null` when that is not known. */
  right: { ref: string; operation: Operation; value: string | null } | null;
} & Partial<Terms>;

/**
 * Takes note of what became of a prediction. Where the right action is known it becomes a session of one step,
 * which datasets can take and which is all that is kept of the page from then on. It counts for the deployment,
 * and may take it back or let a canary go on. A repeat changes nothing.
 *
 * @throws {PredictionNotFoundError} @throws {OutcomeReportedError} @throws {InvalidInputError}
 * @throws {ConsentMissingError} the consent that is named does not hold
 */
export async function reportOutcome(
  app: Pick<App, 'db' | 'keys' | 'pubsub' | 'log'>,
  viewer: Pick<Viewer, 'projectId' | 'participantId'>,
  { predictionId, succeeded, right, consentId = null, licence = null }: OutcomeInput,
): Promise<void> {
  const { projectId } = viewer;
  const found = await app.db.prediction.findFirst({ where: { id: predictionId, projectId } });
  if (!found) throw new PredictionNotFoundError(predictionId);
  const { deploymentId, site } = found;
  await app.db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId}::uuid FOR UPDATE`;
    const prediction = await tx.prediction.findUniqueOrThrow({
      where: { id: predictionId },
      include: { deployment: true, outcome: true },
    });
    if (prediction.outcome) {
      const { operation } = prediction.outcome;
      const said = right?.operation ?? (succeeded ? prediction.operation : null);
      const isSame = prediction.outcome.succeeded === succeeded && operation === said;
      if (!isSame) throw new OutcomeReportedError(predictionId);
      return;
    }
    const kept = openKept(openOwnKey(app, prediction.deployment), prediction);
    const answer = answerOf(kept, { succeeded, right });
    const sessionId =
      answer &&
      (await keepAsSession(app, tx, viewer, {
        prediction,
        example: exampleOf(kept.question, answer, predictionId),
        isCorrected: right !== null && !succeeded,
        consentId,
        licence,
      }));
    await tx.outcome.create({
      data: {
        predictionId,
        projectId,
        deploymentId,
        site,
        operation: answer?.operation ?? null,
        succeeded,
        sessionId,
      },
    });
    if (sessionId)
      // so that erasing the session leaves nothing of the page
      await tx.prediction.update({
        where: { id: predictionId },
        data: { sealed: new Uint8Array() },
        select: { id: true },
      });
    const deployment = await tx.deployment.update({
      where: { id: deploymentId },
      data: { outcomes: { increment: 1 }, successes: { increment: Number(succeeded) } },
    });
    const { state, outcomes, successes, expectedSuccess } = deployment;
    if (state === 'CANARY' || state === 'LIVE') {
      const verdict = judgeLive(
        { outcomes, successes, isCanary: state === 'CANARY' },
        expectedSuccess,
      );
      const said = `${successes} of ${outcomes} live predictions were right; at least ${(expectedSuccess * 100).toFixed(0)} % was expected`;
      if (verdict === 'ROLL_BACK') {
        const evidence = evidenceOfDrop({ outcomes, successes }, expectedSuccess);
        await rollBack(
          app,
          tx,
          deployment,
          `Rolled back by itself: ${said} (evidence of a drop ${evidence.toFixed(0)} to 1).`,
        );
      }
      if (verdict === 'PROMOTE')
        await goLive(app, tx, deployment, `It went on by itself: ${said}.`);
    }
    await app.pubsub.notify(tx, { topic: 'deployment', projectId, subjectId: deploymentId });
  });
}

/**
 * What was right, by the refs of the question; `null` where nobody knows.
 *
 * @throws {InvalidInputError} the ref is none of the prediction's page
 */
function answerOf(
  { refs, answer }: Kept,
  { succeeded, right }: Pick<OutcomeInput, 'succeeded' | 'right'>,
): Example['answer'] | null {
  if (!right) return succeeded ? answer : null;
  const ref = refs[right.ref];
  if (ref === undefined)
    throw new InvalidInputError(
      'input.right.ref',
      `Expected a ref of the page that was asked about, got ${JSON.stringify(right.ref.slice(0, 40))}.`,
    );
  return { ...right, ref, value: redactWords(right.value) };
}
