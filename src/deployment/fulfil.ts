import type { App } from '../platform/app.ts';
import type { JobRun } from '../platform/queue.ts';
import type { SessionIds } from '../sessions/events.ts';
import { openRequestsFor } from './collected.ts';
import { tellRequest } from './requests.ts';

/**
 * Counts a session that became READY for the requests it helps: each is told to its subscribers, and the ones
 * that have enough are FULFILLED. A repeat finds them closed.
 */
export async function fulfilRequests(app: App, ids: SessionIds, job: JobRun): Promise<void> {
  const { projectId } = ids;
  await app.db.$transaction(async (tx) => {
    for (const { id, sessions, collected } of await openRequestsFor(tx, ids)) {
      if (collected >= sessions)
        await tx.dataRequest.update({
          where: { id },
          data: { state: 'FULFILLED', closedAt: new Date() },
          select: { id: true },
        });
      await tellRequest(app, tx, { id, projectId });
    }
    await job.finish(tx);
  });
}
