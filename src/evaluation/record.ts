import type { DatasetExample } from '../datasets/read.ts';
import type { Evaluation, EvaluationResult } from '../generated/prisma/client.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { redactWords } from '../privacy/redact.ts';
import { openSession } from '../sessions/session-keys.ts';
import type { Answer } from '../training/answerer.ts';
import { type KeptAnswer, sealAnswer } from './answers.ts';
import { verdictOf } from './verdict.ts';

type Row = Omit<EvaluationResult, 'createdAt' | 'sealed'> & { sealed: Uint8Array<ArrayBuffer> };

/** The row of an answer. `null` when the session was erased meanwhile: nothing is kept of it. */
export async function rowOf(
  app: Pick<App, 'db' | 'keys'>,
  { id: evaluationId, projectId }: Pick<Evaluation, 'id' | 'projectId'>,
  { sessionId, sequence, site, example }: DatasetExample,
  answer: Answer,
): Promise<Row | null> {
  const access = await openSession(app, sessionId);
  if (!access) return null;
  const id = newId();
  return {
    id,
    projectId,
    evaluationId,
    sessionId,
    sequence,
    site,
    operation: example.answer.operation,
    predictedOperation: answer.problem === null ? answer.operation : null,
    ...verdictOf(example.answer, answer),
    confidence: answer.ranked[0]?.confidence ?? null,
    candidates: example.candidates.length,
    latencyMs: Math.round(answer.latencyMs),
    costUsd: answer.costUsd,
    sealed: sealAnswer(access.key, id, keptOf(example, answer)),
  };
}

/** How often several answers share one statement: those that come while one is being written. */
export function openWriter(write: (rows: Row[]) => Promise<void>): {
  /** Resolves when the row is stored. */
  add(row: Row): Promise<void>;
} {
  let waiting: { row: Row; done: () => void; failed: (error: unknown) => void }[] = [];
  let isWriting = false;
  const go = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      const taken = waiting;
      waiting = [];
      try {
        await write(taken.map(({ row }) => row));
        for (const { done } of taken) done();
      } catch (error) {
        for (const { failed } of taken) failed(error);
      }
    }
    isWriting = false;
  };
  return {
    add: (row) =>
      new Promise<void>((done, failed) => {
        waiting.push({ row, done, failed });
        if (!isWriting) void go();
      }),
  };
}

function keptOf(example: DatasetExample['example'], answer: Answer): KeptAnswer {
  const said = (ref: string) => {
    const found = example.candidates.find((candidate) => candidate.ref === ref);
    return { ref, text: found?.text ?? '', within: found?.within ?? null };
  };
  const { ref, operation, value } = example.answer;
  return {
    task: example.task,
    url: example.url,
    right: { ...said(ref), operation, value },
    ranked: answer.ranked.slice(0, 10).map((one) => ({ ...one, ...said(one.ref) })),
    operation: answer.problem === null ? answer.operation : null,
    value: redactWords(answer.value), // a model may say what it never read
    problem: redactWords(answer.problem),
  };
}
