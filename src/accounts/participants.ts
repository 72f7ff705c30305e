import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { IdTakenError, LabelTakenError, ParticipantNotFoundError } from './errors.ts';

/**
 * Creates a participant; a repeat with the same id and label changes nothing.
 *
 * @throws {LabelTakenError} another participant of the project has the label
 * @throws {IdTakenError} the id is another participant's
 */
export async function createParticipant(
  { db }: Pick<App, 'db'>,
  { projectId, id, label }: { projectId: string; id: string; label: string },
): Promise<void> {
  const { count } = await db.participant.createMany({
    data: [{ id, projectId, label }],
    skipDuplicates: true,
  });
  if (count === 1) return;
  const namesake = await db.participant.findFirst({
    where: { projectId, label },
    select: { id: true },
  });
  if (!namesake) throw new IdTakenError(id);
  if (namesake.id !== id) throw new LabelTakenError(label, namesake.id);
}

/** The participant with this label, made when there is none. */
export async function participantByLabel(
  tx: Tx,
  projectId: string,
  label: string,
): Promise<string> {
  await tx.participant.createMany({
    data: [{ id: newId(), projectId, label }],
    skipDuplicates: true,
  });
  const { id } = await tx.participant.findFirstOrThrow({
    where: { projectId, label },
    select: { id: true },
  });
  return id;
}

/** @throws {ParticipantNotFoundError} it is absent or another project's */
export async function requireParticipant(tx: Tx, projectId: string, id: string): Promise<string> {
  const found = await tx.participant.findFirst({ where: { id, projectId }, select: { id: true } });
  if (!found) throw new ParticipantNotFoundError(id);
  return found.id;
}
