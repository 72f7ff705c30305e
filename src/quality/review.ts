import type { Viewer } from '../graphql/context.ts';
import type { App } from '../platform/app.ts';
import { type ChangeInput, changeSession } from '../sessions/change.ts';
import { SessionStateError } from '../sessions/errors.ts';
import { sessionScored } from './events.ts';

/**
 * A person decides about a session that was scored.
 *
 * @throws {SessionStateError} it does not wait for a decision
 */
export async function reviewSession(
  app: App,
  viewer: Viewer,
  input: ChangeInput & { verdict: 'APPROVE' | 'REJECT' },
): Promise<void> {
  await changeSession(app, viewer, { ...input, change: 'review' }, async (tx, session) => {
    const { state, projectId, id: sessionId } = session;
    if (input.verdict === 'REJECT') {
      if (!['NEEDS_REVIEW', 'READY'].includes(state))
        throw new SessionStateError(state, 'NEEDS_REVIEW or READY');
      await tx.sessionExport.deleteMany({ where: { sessionId } });
      await tx.example.deleteMany({ where: { sessionId } });
      return { state: 'REJECTED', reason: 'A reviewer rejected it.' };
    }
    if (!['NEEDS_REVIEW', 'REJECTED'].includes(state))
      throw new SessionStateError(state, 'NEEDS_REVIEW or REJECTED');
    if (session.hold) throw new SessionStateError(state, 'released by its participant');
    await app.queue.emit(tx, sessionScored, { projectId, sessionId });
    return { state: 'PROCESSING', reason: 'A reviewer approved it.' };
  });
}
