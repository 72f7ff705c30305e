import type { SyncIssueType } from '../generated/prisma/enums.ts';
import { newId } from '../lib/ids.ts';
import type { Tx } from '../platform/db.ts';

/**
 * Keeps that two copies disagree; the same disagreement again only raises its count. The message says
 * what was seen and never holds content.
 */
export async function recordSyncIssue(
  tx: Pick<Tx, 'syncIssue'>,
  {
    projectId,
    type,
    entityType,
    entityId,
    message,
  }: {
    projectId: string;
    type: SyncIssueType;
    entityType: string;
    entityId: string;
    message: string;
  },
): Promise<void> {
  await tx.syncIssue.upsert({
    where: { projectId_type_entityType_entityId: { projectId, type, entityType, entityId } },
    create: { id: newId(), projectId, type, entityType, entityId, message },
    update: { seenCount: { increment: 1 }, lastSeenAt: new Date() },
    select: { id: true },
  });
}
