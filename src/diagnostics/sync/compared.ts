import { shortHash } from '../../lib/sync/digest.ts';
import type { Tx } from '../../platform/db.ts';
import { redactWords } from '../../privacy/redact.ts';

/** One word for an entity of a project. */
export function entityOf(
  projectId: string,
  { entityType, entityId }: { entityType: string; entityId: string },
): string {
  return `${projectId}/${entityType}/${entityId}`;
}

/** One word for all sequences of a client. */
export function sequencesOf(clientId: string): string {
  return `sequences/${clientId}`;
}

/** A name of the client's own that says something about a person is known by its hash. */
export function cleanName(name: string): string {
  return redactWords(name) === name ? name : shortHash(name);
}

/**
 * Two who report on the same entity or sequence at once do so one after the other, so that the second is
 * compared with the first, and neither undoes what the other told. Always in one order, so that nobody
 * waits in a ring.
 */
export async function lockCompared(tx: Pick<Tx, '$executeRaw'>, names: string[]): Promise<void> {
  if (names.length === 0) return;
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock("key") FROM (
      SELECT DISTINCT hashtextextended("name", 0) AS "key" FROM unnest(${names}::text[]) AS n("name") ORDER BY 1
    ) k`;
}
