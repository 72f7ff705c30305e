import { newId } from '../../lib/ids.ts';
import type { Tx } from '../../platform/db.ts';
import type { Turn } from './life-cycle.ts';

/** Brings locked issues into new states and writes their history, in one statement for all. */
export async function applyTurns(
  tx: Tx,
  turns: { issue: { id: string }; turn: Turn }[],
  now = new Date(),
): Promise<void> {
  if (turns.length === 0) return;
  await tx.$executeRaw`
    WITH "turned" AS (
      UPDATE "ErrorIssue" i SET "state" = g."state"::"ErrorIssueState", "stateSince" = ${now}, "version" = i."version" + 1,
        "resolvedIn" = NULL, "resolvedRelease" = NULL, "resolvedAt" = NULL,
        "archivedUntil" = NULL, "archivedUntilAt" = NULL, "archivedUntilCount" = NULL, "archivedUntilUsers" = NULL
      FROM unnest(${turns.map(({ issue }) => issue.id)}::uuid[], ${turns.map(({ turn }) => turn.state)}::text[],
        ${turns.map(({ turn }) => turn.reason)}::text[], ${turns.map(() => newId())}::uuid[])
        AS g("id", "state", "reason", "changeId")
      WHERE i."id" = g."id"
      RETURNING i."id", i."state", i."version", g."reason", g."changeId"
    )
    INSERT INTO "ErrorIssueChange" ("id", "issueId", "state", "version", "reason", "at")
    SELECT t."changeId", t."id", t."state", t."version", t."reason", ${now} FROM "turned" t`;
}
