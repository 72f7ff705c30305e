import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { type DataKey, seal, unseal } from '../platform/keys.ts';
import type { JobRun } from '../platform/queue.ts';
import { runStage } from '../processing/stage.ts';
import type { SessionIds } from '../sessions/events.ts';
import { openPages } from '../sessions/pages.ts';
import { openSession } from '../sessions/session-keys.ts';
import { readSteps } from '../sessions/steps.ts';
import { examplesBuilt } from './events.ts';
import { buildExample, Example, type SkipReason } from './example.ts';

const rowsPerInsert = 200;

/** Makes examples of the steps of a session, in place of those it had. */
export async function buildExamples(app: App, ids: SessionIds, job: JobRun): Promise<void> {
  await runStage(app, ids, job, 'EXAMPLES', async (session, report) => {
    const access = await openSession(app, ids.sessionId);
    const steps = await readSteps(app, ids);
    const pageOf = await openPages(app, ids.sessionId);
    const built: { sequence: number; example: Example }[] = [];
    const skipped = new Map<SkipReason, number>();
    for (const [index, step] of steps.entries()) {
      job.signal.throwIfAborted();
      const made = buildExample({
        task: session.task,
        history: steps.slice(0, index),
        page: await pageOf(step.before?.snapshotId),
        targetRef: step.target?.ref ?? null,
        interaction: step,
        seed: `${ids.sessionId}/${step.sequence}`,
      });
      if ('skipped' in made) skipped.set(made.skipped, (skipped.get(made.skipped) ?? 0) + 1);
      else built.push({ sequence: step.sequence, example: made });
      await report((index + 1) / steps.length, `${built.length} examples of ${index + 1} steps`);
    }
    const rows = built.flatMap(({ sequence, example }) => {
      if (!access) return [];
      const id = newId();
      return [
        {
          id,
          ...ids,
          sequence,
          operation: example.answer.operation,
          candidateCount: example.candidates.length,
          sealed: sealExample(access.key, id, example),
        },
      ];
    });
    return async (tx) => {
      await tx.example.deleteMany({ where: { sessionId: ids.sessionId } });
      for (let from = 0; from < rows.length; from += rowsPerInsert)
        await tx.example.createMany({ data: rows.slice(from, from + rowsPerInsert) });
      await app.queue.emit(tx, examplesBuilt, ids);
      return `${rows.length} examples of ${steps.length} steps${listOf(skipped)}`;
    };
  });
}

/** Opens an example. */
export function openExample(
  key: DataKey,
  { id, sealed }: { id: string; sealed: Uint8Array },
): Example {
  const json = zstdDecompressSync(unseal(key, sealed, contextOf(id))).toString('utf8');
  return Example.parse(JSON.parse(json));
}

function sealExample(key: DataKey, id: string, example: Example): Uint8Array<ArrayBuffer> {
  return new Uint8Array(seal(key, zstdCompressSync(JSON.stringify(example)), contextOf(id)));
}

function contextOf(id: string): string {
  return `example/${id}`;
}

function listOf(skipped: Map<SkipReason, number>): string {
  const parts = [...skipped]
    .sort((a, b) => b[1] - a[1])
    .map(([reason, count]) => `${count} ${reason}`);
  return parts.length > 0 ? `; left out: ${parts.join(', ')}` : '';
}
