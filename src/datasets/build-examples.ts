import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Prisma } from '../generated/prisma/client.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { type DataKey, seal, unseal } from '../platform/keys.ts';
import type { JobRun } from '../platform/queue.ts';
import { runStage } from '../processing/stage.ts';
import type { SessionIds } from '../sessions/events.ts';
import { openPages } from '../sessions/pages.ts';
import { openSession } from '../sessions/session-keys.ts';
import { streamSteps } from '../sessions/steps.ts';
import { examplesBuilt } from './events.ts';
import { buildExample, Example, exampleSeed, type SkipReason } from './example.ts';
import { History } from './history.ts';

const rowsPerInsert = 200;

/** Makes examples of the steps of a session, in place of those it had. */
export async function buildExamples(app: App, ids: SessionIds, job: JobRun): Promise<void> {
  await runStage(app, ids, job, 'EXAMPLES', async (session, report) => {
    const access = await openSession(app, ids.sessionId);
    const interactions = await app.db.interaction.count({ where: { ...ids, dropped: null } });
    const pageOf = await openPages(app, ids.sessionId);
    const history = new History();
    const rows: Prisma.ExampleCreateManyInput[] = [];
    const skipped = new Map<SkipReason, number>();
    let read = 0;
    for await (const step of streamSteps(app, ids)) {
      job.signal.throwIfAborted();
      const made = buildExample({
        task: session.task,
        history: history.past(),
        page: await pageOf(step.before?.snapshotId),
        targetRef: step.target?.ref ?? null,
        interaction: step,
        seed: exampleSeed(step.occurredAt.toISOString(), step.sequence, session.task),
      });
      history.add(step);
      read += 1;
      if ('skipped' in made) skipped.set(made.skipped, (skipped.get(made.skipped) ?? 0) + 1);
      else if (access) {
        const id = newId();
        rows.push({
          id,
          ...ids,
          sequence: step.sequence,
          operation: made.answer.operation,
          candidateCount: made.candidates.length,
          sealed: sealExample(access.key, id, made),
        });
      }
      await report(read / interactions, `${rows.length} examples of ${read} steps`);
    }
    return async (tx) => {
      await tx.example.deleteMany({ where: { sessionId: ids.sessionId } });
      for (let from = 0; from < rows.length; from += rowsPerInsert)
        await tx.example.createMany({ data: rows.slice(from, from + rowsPerInsert) });
      await app.queue.emit(tx, examplesBuilt, ids);
      return `${rows.length} examples of ${read} steps${listOf(skipped)}`;
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

/** Seals an example as its row keeps it. */
export function sealExample(key: DataKey, id: string, example: Example): Uint8Array<ArrayBuffer> {
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
