import type { Prisma } from '../generated/prisma/client.ts';
import type { Viewer } from '../graphql/context.ts';

/** The sessions a viewer may read: the project's with READ, else the ones of the key's participant. */
export function visibleTo({ projectId, participantId, scopes }: Viewer): Prisma.SessionWhereInput {
  if (scopes.has('READ') || scopes.has('ADMIN')) return { projectId };
  // A key that belongs to nobody must not see the sessions that belong to nobody.
  return { projectId, participantId: participantId ?? '00000000-0000-0000-0000-000000000000' };
}
