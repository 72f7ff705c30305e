import { createHash } from 'node:crypto';
import { EvaluationNotFoundError } from '../evaluation/errors.ts';
import { Measures } from '../evaluation/measures.ts';
import type { Deployment } from '../generated/prisma/client.ts';
import type { Viewer } from '../graphql/context.ts';
import { canonicalJson } from '../lib/canonical.ts';
import { wilson } from '../lib/statistics.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { sameBytes } from '../platform/keys.ts';
import { OperationReusedError } from '../sessions/errors.ts';
import { ModelNotFoundError } from '../training/errors.ts';
import { newOwnKey } from '../training/job-key.ts';
import {
  DeploymentIdTakenError,
  DeploymentNotFoundError,
  DeploymentStateError,
  GateRefusedError,
} from './errors.ts';
import { openGate } from './gate.ts';
import { canaryOutcomes } from './live.ts';

export type DeployInput = {
  /** Made by the client; a repeat gives the same deployment. */
  id: string;
  modelId: string;
  evaluationId: string;
  /** Share of the predictions that it answers as a canary; 1 for all at once. */
  share: number;
  maxLatencyMs: number;
};

type Needs = Pick<App, 'db' | 'pubsub' | 'keys'>;

/**
 * Deploys a model that passes the gate: as a canary, or for all predictions at once. A canary that was
 * there before ends. Without a deployed model, the canary answers everything.
 *
 * @throws {GateRefusedError} with every condition and its numbers
 * @throws {ModelNotFoundError} @throws {EvaluationNotFoundError} @throws {DeploymentIdTakenError}
 */
export async function deployModel(
  app: Needs,
  { projectId }: Pick<Viewer, 'projectId'>,
  input: DeployInput,
): Promise<void> {
  const { id, modelId, evaluationId, share, maxLatencyMs } = input;
  const inputHash = hashOf(input);
  const known = await app.db.deployment.findUnique({ where: { id } });
  if (known) {
    if (known.projectId !== projectId || !sameBytes(known.inputHash, inputHash))
      throw new DeploymentIdTakenError(id);
    return;
  }
  const model = await app.db.model.findFirst({ where: { id: modelId, projectId } });
  if (!model) throw new ModelNotFoundError(modelId);
  const evaluation = await app.db.evaluation.findFirst({ where: { id: evaluationId, projectId } });
  if (!evaluation) throw new EvaluationNotFoundError(evaluationId);
  const current = await app.db.deployment.findFirst({ where: { projectId, state: 'LIVE' } });
  const conditions = await openGate(app, {
    model,
    evaluation,
    currentModelId: current?.modelId ?? null,
    maxLatencyMs,
  });
  if (conditions.some(({ passed }) => !passed)) throw new GateRefusedError(conditions);

  await app.db.$transaction(async (tx) => {
    const live = await lockLive(tx, projectId);
    // Somebody was faster: the gate compared with another one.
    if (live?.id !== current?.id)
      throw new GateRefusedError([
        {
          code: 'BETTER',
          passed: false,
          message: 'Another model was deployed meanwhile: ask again.',
        },
      ]);
    await endCanaries(app, tx, projectId, 'Another canary took its place.');
    const isFull = share >= 1;
    await tx.deployment.create({
      data: {
        id,
        projectId,
        modelId,
        evaluationId,
        state: isFull ? 'LIVE' : 'CANARY',
        share,
        previousId: live?.id ?? null,
        gate: conditions,
        expectedSuccess: expectedOf(live, Measures.parse(evaluation.measures).step.low),
        inputHash,
        ...newOwnKey(app, id),
        liveAt: isFull ? new Date() : null,
      },
      select: { id: true },
    });
    if (isFull && live) await end(app, tx, live, 'REPLACED', 'Another model took its place.');
    await tell(app, tx, { id, projectId });
  });
}

/**
 * Lets a canary answer another share of the predictions; 1 makes it the deployed model.
 *
 * @throws {DeploymentNotFoundError} @throws {DeploymentStateError} @throws {OperationReusedError}
 */
export async function promoteDeployment(
  app: Needs,
  { projectId }: Pick<Viewer, 'projectId'>,
  input: { deploymentId: string; operationId: string; share: number },
): Promise<void> {
  const { deploymentId, share } = input;
  await once(app, projectId, input, async (tx, deployment) => {
    if (deployment.state !== 'CANARY') throw new DeploymentStateError(deployment.state, 'CANARY');
    if (share >= 1) return goLive(app, tx, deployment, 'A person let it answer everything.');
    await tx.deployment.update({ where: { id: deploymentId }, data: { share } });
    await tell(app, tx, deployment);
  });
}

/**
 * Takes a deployment back: the one before it answers again, if there was one.
 *
 * @throws {DeploymentNotFoundError} @throws {DeploymentStateError} @throws {OperationReusedError}
 */
export async function rollBackDeployment(
  app: Needs,
  { projectId }: Pick<Viewer, 'projectId'>,
  input: { deploymentId: string; operationId: string; reason: string | null },
): Promise<void> {
  await once(app, projectId, input, (tx, deployment) =>
    rollBack(app, tx, deployment, input.reason ?? 'A person took it back.'),
  );
}

/** @throws {DeploymentStateError} it does not answer any more */
export async function rollBack(
  app: Pick<App, 'pubsub'>,
  tx: Tx,
  deployment: Deployment,
  reason: string,
): Promise<void> {
  const { state, projectId, previousId } = deployment;
  if (state !== 'CANARY' && state !== 'LIVE')
    throw new DeploymentStateError(state, 'CANARY or LIVE');
  await end(app, tx, deployment, 'ROLLED_BACK', reason);
  if (state !== 'LIVE') return; // the other one never stopped
  const previous = await lastGood(tx, previousId);
  if (!previous) return;
  await tx.deployment.update({
    where: { id: previous.id },
    data: { state: 'LIVE', endedAt: null, reason: 'The model after it was rolled back.' },
  });
  await tell(app, tx, { id: previous.id, projectId });
}

/** A canary becomes the deployed model. */
export async function goLive(
  app: Pick<App, 'pubsub'>,
  tx: Tx,
  deployment: Deployment,
  reason: string,
): Promise<void> {
  const live = await lockLive(tx, deployment.projectId);
  if (live) await end(app, tx, live, 'REPLACED', 'Another model took its place.');
  await tx.deployment.update({
    where: { id: deployment.id },
    data: {
      state: 'LIVE',
      share: 1,
      liveAt: new Date(),
      previousId: live?.id ?? deployment.previousId,
      reason,
    },
  });
  await tell(app, tx, deployment);
}

/** Every change of what is deployed waits for this lock. */
async function lockLive(tx: Tx, projectId: string): Promise<Deployment | null> {
  await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId}::uuid FOR UPDATE`;
  return tx.deployment.findFirst({ where: { projectId, state: 'LIVE' } });
}

async function endCanaries(
  app: Pick<App, 'pubsub'>,
  tx: Tx,
  projectId: string,
  reason: string,
): Promise<void> {
  for (const canary of await tx.deployment.findMany({ where: { projectId, state: 'CANARY' } }))
    await end(app, tx, canary, 'REPLACED', reason);
}

/** The nearest one before that was not rolled back itself. */
async function lastGood(tx: Tx, id: string | null): Promise<Deployment | null> {
  for (let at = id; at !== null; ) {
    const found: Deployment | null = await tx.deployment.findUnique({ where: { id: at } });
    if (found?.state !== 'ROLLED_BACK') return found;
    at = found.previousId;
  }
  return null;
}

/** What the deployed model has shown live, where that is known well enough; else what the suite promises. */
function expectedOf(live: Deployment | null, promised: number): number {
  if (!live || live.outcomes < canaryOutcomes) return promised;
  return wilson(live.successes, live.outcomes).low;
}

async function end(
  app: Pick<App, 'pubsub'>,
  tx: Tx,
  { id, projectId }: Pick<Deployment, 'id' | 'projectId'>,
  state: 'REPLACED' | 'ROLLED_BACK',
  reason: string,
): Promise<void> {
  await tx.deployment.update({ where: { id }, data: { state, reason, endedAt: new Date() } });
  await tell(app, tx, { id, projectId });
}

function tell(
  { pubsub }: Pick<App, 'pubsub'>,
  tx: Tx,
  { id, projectId }: Pick<Deployment, 'id' | 'projectId'>,
): Promise<void> {
  return pubsub.notify(tx, { topic: 'deployment', projectId, subjectId: id });
}

/** Does a change of a deployment once, however often it is sent. */
async function once(
  app: Needs,
  projectId: string,
  input: { deploymentId: string; operationId: string },
  change: (tx: Tx, deployment: Deployment) => Promise<void>,
): Promise<void> {
  const { deploymentId, operationId } = input;
  const inputHash = hashOf(input);
  await app.db.$transaction(async (tx) => {
    await lockLive(tx, projectId);
    const deployment = await tx.deployment.findFirst({ where: { id: deploymentId, projectId } });
    if (!deployment) throw new DeploymentNotFoundError(deploymentId);
    const where = { deploymentId_operationId: { deploymentId, operationId } };
    const before = await tx.deploymentOperation.findUnique({ where });
    if (before) {
      if (!sameBytes(before.inputHash, inputHash)) throw new OperationReusedError(operationId);
      return;
    }
    await change(tx, deployment);
    await tx.deploymentOperation.create({ data: { deploymentId, operationId, inputHash } });
  });
}

function hashOf(input: object): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(canonicalJson(input)).digest());
}
