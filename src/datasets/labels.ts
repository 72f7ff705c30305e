import * as z from 'zod';
import { shortText } from '../contract/text.ts';
import type { Viewer } from '../graphql/context.ts';
import { parseInput } from '../graphql/input.ts';
import type { App } from '../platform/app.ts';
import { redactWords } from '../privacy/redact.ts';
import { lockSession } from '../sessions/change.ts';
import { SessionNotFoundError, SessionStateError } from '../sessions/errors.ts';
import { labelOf } from './filter.ts';

export const LabelSessionInput = z.object({
  sessionId: z.uuid().toLowerCase(),
  labels: z.array(z.string().trim().min(1).max(100).pipe(shortText)).max(50),
  licence: z.string().trim().min(1).max(200).pipe(shortText).nullish(),
});

/**
 * Says what a session is, in place of what was said before. A repeat changes nothing; datasets that are
 * frozen keep what they were frozen with.
 *
 * @throws {InvalidInputError} @throws {SessionNotFoundError} @throws {SessionStateError} it was removed
 */
export async function labelSession(
  app: Pick<App, 'db' | 'pubsub'>,
  { projectId }: Pick<Viewer, 'projectId'>,
  input: z.input<typeof LabelSessionInput>,
): Promise<void> {
  const { sessionId, ...said } = parseInput(LabelSessionInput, input, 'input');
  const words = said.labels.map((label) => labelOf(redactWords(label)));
  const labels = [...new Set(words)].sort();
  const licence = redactWords(said.licence ?? null);
  await app.db.$transaction(async (tx) => {
    const session = await lockSession(tx, sessionId);
    if (session?.projectId !== projectId) throw new SessionNotFoundError(sessionId);
    if (session.state === 'DISCARDED' || session.state === 'ERASED')
      throw new SessionStateError(session.state, 'not removed');
    const data = { labels, licence, updatedAt: new Date() };
    await tx.sessionLabel.upsert({
      where: { sessionId },
      create: { sessionId, projectId, ...data },
      update: data,
      select: { sessionId: true },
    });
    await app.pubsub.notify(tx, { topic: 'session', projectId, subjectId: sessionId, sessionId });
  });
}
