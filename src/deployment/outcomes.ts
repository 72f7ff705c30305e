import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Example, type Operation } from '../datasets/example.ts';
import type { Viewer } from '../graphql/context.ts';
import { InvalidInputError } from '../lib/errors.ts';
import type { App } from '../platform/app.ts';
import { type DataKey, seal, unseal } from '../platform/keys.ts';
import { redactWords } from '../privacy/redact.ts';
import { openOwnKey } from '../training/job-key.ts';
import { goLive, rollBack } from './deploy.ts';
import { OutcomeReportedError, PredictionNotFoundError } from './errors.ts';
import { evidenceOfDrop, judgeLive } from './live.ts';
import { type Kept, openKept } from './predict.ts';

export type OutcomeInput = {
  predictionId: string;
  succeeded: boolean;
  /** What would have been right, by the ref that `predictAction` gave; `null` when that is not known. */
  right: { ref: string; operation: Operation; value: string | null } | null;
};

/**
 * Takes note of what became of a prediction. It becomes an example where the right action is known, counts
 * for the deployment, and may take it back or let a canary go on. A repeat changes nothing.
 *
 * @throws {PredictionNotFoundError} @throws {OutcomeReportedError} @throws {InvalidInputError}
 */
export async function reportOutcome(
  app: Pick<App, 'db' | 'keys' | 'pubsub' | 'log'>,
  { projectId }: Pick<Viewer, 'projectId'>,
  { predictionId, succeeded, right }: OutcomeInput,
): Promise<void> {
  const prediction = await app.db.prediction.findFirst({
    where: { id: predictionId, projectId },
    include: { deployment: true },
  });
  if (!prediction) throw new PredictionNotFoundError(predictionId);
  const { deploymentId, site } = prediction;
  const key = openOwnKey(app, prediction.deployment);
  const example = exampleOf(openKept(key, prediction), { succeeded, right });
  await app.db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId}::uuid FOR UPDATE`;
    const known = await tx.outcome.findUnique({ where: { predictionId } });
    if (known) {
      const isSame =
        known.succeeded === succeeded &&
        (known.operation ?? null) === (example?.answer.operation ?? null);
      if (!isSame) throw new OutcomeReportedError(predictionId);
      return;
    }
    await tx.outcome.create({
      data: {
        predictionId,
        projectId,
        deploymentId,
        site,
        operation: example?.answer.operation ?? null,
        succeeded,
        sealed: example ? sealOutcome(key, predictionId, example) : null,
      },
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

/** The example of an outcome. */
export function openOutcome(key: DataKey, id: string, sealed: Uint8Array): Example {
  const json = zstdDecompressSync(unseal(key, sealed, `outcome/${id}`)).toString('utf8');
  return Example.parse(JSON.parse(json));
}

function sealOutcome(key: DataKey, id: string, example: Example): Uint8Array<ArrayBuffer> {
  return new Uint8Array(seal(key, zstdCompressSync(JSON.stringify(example)), `outcome/${id}`));
}

/** @throws {InvalidInputError} the ref is none of the prediction's page */
function exampleOf(
  { question, refs, answer }: Kept,
  { succeeded, right }: Pick<OutcomeInput, 'succeeded' | 'right'>,
): Example | null {
  if (right) {
    const ref = refs[right.ref];
    if (ref === undefined)
      throw new InvalidInputError(
        'input.right.ref',
        `Expected a ref of the page that was asked about, got ${JSON.stringify(right.ref.slice(0, 40))}.`,
      );
    return { ...question, answer: { ...right, ref, value: redactWords(right.value) } };
  }
  return succeeded && answer ? { ...question, answer } : null;
}
