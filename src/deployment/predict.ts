import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import * as z from 'zod';
import { Example, operations } from '../datasets/example.ts';
import type { Deployment, Model } from '../generated/prisma/client.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import { seededRandom } from '../lib/page/random.ts';
import type { FoundSelector } from '../lib/page/selectors-of.ts';
import type { App } from '../platform/app.ts';
import { type DataKey, seal, unseal } from '../platform/keys.ts';
import { redactWords } from '../privacy/redact.ts';
import { type Answer, type Answerer, openAnswerer, type Question } from '../training/answerer.ts';
import { openOwnKey } from '../training/job-key.ts';
import { NothingDeployedError } from './errors.ts';
import { type Asked, pose } from './question.ts';

/** A candidate as the model ranks it, and how to find it. */
export type PredictedCandidate = {
  /** The page's own `data-cs-ref`, or the outline's ref; `null` where it has none. */
  ref: string | null;
  text: string;
  within: string | null;
  /** 0 to 1; `null` where the model's server does not tell. */
  confidence: number | null;
  /** Most reliable first. */
  selectors: FoundSelector[];
};

export type ActionPrediction = {
  id: string;
  deploymentId: string;
  modelId: string;
  modelName: string;
  isCanary: boolean;
  operation: Answer['operation'] | null;
  value: string | null;
  candidates: PredictedCandidate[];
  latencyMs: number;
  costUsd: number | null;
  problem: string | null;
};

/** What is kept of a prediction, so that its outcome can become an example. */
const Kept = z.object({
  question: Example.omit({ answer: true }),
  /** Ref of the question by ref of the page. */
  refs: z.record(z.string(), z.string()),
  answer: z
    .object({ ref: z.string(), operation: z.enum(operations), value: z.string().nullable() })
    .nullable(),
});
export type Kept = z.infer<typeof Kept>;

const shownMost = 10;
/** As in training: a chat model chooses among so many at once. */
const chatCandidates = 24;

/**
 * Asks the deployed model, or its canary, what to do next on a page. What was asked and answered is kept
 * sealed, for {@link reportOutcome}.
 *
 * @throws {NothingDeployedError} @throws {NothingToChooseError}
 * @throws {ModelServerError} the model's server cannot be reached
 */
export async function predictAction(
  app: App,
  { projectId }: Pick<Viewer, 'projectId'>,
  { site, ...asked }: Asked & { site: string },
  signal: AbortSignal,
): Promise<ActionPrediction> {
  const id = newId();
  const deployment = await chooseDeployment(app, projectId, id);
  const { question, found } = pose(asked);
  const answerer = await openAnswerer(app, deployment.model);
  const isLocal = deployment.model.trainer === 'LOCAL';
  const answer = isLocal
    ? await answerer.answer(question, signal)
    : await narrow(answerer, question, signal);
  const [first] = answer.ranked;
  const isUsable = answer.problem === null && first !== undefined;
  const value = redactWords(answer.value);
  const refs = [...found].flatMap(([own, { ref }]) => (ref === null ? [] : [[ref, own] as const]));
  const kept: Kept = {
    question,
    refs: Object.fromEntries(refs),
    answer: isUsable ? { ref: first.ref, operation: answer.operation, value } : null,
  };
  await app.db.prediction.create({
    data: {
      id,
      projectId,
      deploymentId: deployment.id,
      site,
      operation: isUsable ? answer.operation : null,
      confidence: first?.confidence ?? null,
      candidates: question.candidates.length,
      latencyMs: Math.round(answer.latencyMs),
      costUsd: answer.costUsd,
      sealed: sealKept(openOwnKey(app, deployment), id, kept),
    },
    select: { id: true },
  });
  return {
    id,
    deploymentId: deployment.id,
    modelId: deployment.modelId,
    modelName: deployment.model.name,
    isCanary: deployment.state === 'CANARY',
    operation: isUsable ? answer.operation : null,
    value,
    candidates: answer.ranked.slice(0, shownMost).map(({ ref, confidence }) => {
      const candidate = question.candidates.find((one) => one.ref === ref);
      const place = found.get(ref);
      return {
        ref: place?.ref ?? null,
        text: candidate?.text ?? '',
        within: candidate?.within ?? null,
        confidence,
        selectors: place?.selectors ?? [],
      };
    }),
    latencyMs: answer.latencyMs,
    costUsd: answer.costUsd,
    problem: redactWords(answer.problem),
  };
}

export function openKept(key: DataKey, { id, sealed }: { id: string; sealed: Uint8Array }): Kept {
  const json = zstdDecompressSync(unseal(key, sealed, `prediction/${id}`)).toString('utf8');
  return Kept.parse(JSON.parse(json));
}

function sealKept(key: DataKey, id: string, kept: Kept): Uint8Array<ArrayBuffer> {
  return new Uint8Array(seal(key, zstdCompressSync(JSON.stringify(kept)), `prediction/${id}`));
}

/** The canary for its share of the predictions, or for all where nothing else is deployed. */
async function chooseDeployment(
  { db }: Pick<App, 'db'>,
  projectId: string,
  predictionId: string,
): Promise<Deployment & { model: Model }> {
  const found = await db.deployment.findMany({
    where: { projectId, state: { in: ['LIVE', 'CANARY'] } },
    include: { model: true },
  });
  const live = found.find(({ state }) => state === 'LIVE');
  const canary = found.find(({ state }) => state === 'CANARY');
  const isForCanary = canary && seededRandom(predictionId)() < canary.share;
  const chosen = isForCanary ? canary : (live ?? canary);
  if (!chosen) throw new NothingDeployedError();
  return chosen;
}

/** Asks a chat model in rounds: the choice of each group of candidates goes on to the next round. */
async function narrow(
  answerer: Answerer,
  question: Question,
  signal: AbortSignal,
): Promise<Answer> {
  let left = question.candidates;
  let spent = { latencyMs: 0, costUsd: 0 as number | null };
  for (;;) {
    const groups = Array.from({ length: Math.ceil(left.length / chatCandidates) }, (_, at) =>
      left.slice(at * chatCandidates, (at + 1) * chatCandidates),
    );
    const answers = await Promise.all(
      groups.map((candidates) => answerer.answer({ ...question, candidates }, signal)),
    );
    spent = {
      latencyMs: spent.latencyMs + Math.max(...answers.map(({ latencyMs }) => latencyMs)),
      costUsd: answers.reduce<number | null>(
        (sum, { costUsd }) => (sum === null || costUsd === null ? null : sum + costUsd),
        spent.costUsd,
      ),
    };
    const [only] = answers;
    if (answers.length === 1 && only) return { ...only, ...spent };
    const refs = new Set(answers.flatMap(({ ranked }) => ranked[0]?.ref ?? []));
    left = left.filter(({ ref }) => refs.has(ref));
    const unusable = answers.find(({ problem }) => problem !== null);
    if (left.length === 0 && unusable) return { ...unusable, ...spent };
  }
}
