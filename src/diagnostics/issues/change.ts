import { createHash } from 'node:crypto';
import type { ErrorIssue, Prisma } from '../../generated/prisma/client.ts';
import type { Viewer } from '../../graphql/context.ts';
import { canonicalJson } from '../../lib/canonical.ts';
import { OperationReusedError } from '../../lib/errors.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { sameBytes } from '../../platform/keys.ts';
import {
  ErrorIssueConflictError,
  ErrorIssueMergedError,
  ErrorIssueNotFoundError,
} from './errors.ts';

/** What every change of an issue carries. */
export type IssueChangeInput = {
  issueId: string;
  /** Made by the client, new for each change; a repeat of the same change does nothing more. */
  operationId: string;
  /** Version the client last saw; `null` to change whatever is there. */
  expectedVersion: number | null;
};

/** What a change sets, with the reason for the history. */
export type IssueChange = {
  data: Prisma.ErrorIssueUncheckedUpdateInput;
  reason: string;
};

/** Nothing that ends a rest or a resolution. */
export const atWork = {
  resolvedIn: null,
  resolvedRelease: null,
  resolvedAt: null,
  archivedUntil: null,
  archivedUntilAt: null,
  archivedUntilCount: null,
  archivedUntilUsers: null,
} as const;

/**
 * Changes an issue for a client: locks it, looks the operation up before the version is compared,
 * applies and writes the history, all in one transaction. Of several changes at once one comes first,
 * and only it states signals.
 *
 * @param others ids of issues that the change needs locked, too
 * @param decide gets the locked issues, refuses by throwing, answers with what to set on the first; what
 *   else it writes through `tx` shares the transaction
 * @throws {ErrorIssueNotFoundError}
 * @throws {ErrorIssueMergedError}
 * @throws {ErrorIssueConflictError}
 * @throws {OperationReusedError}
 */
export async function changeIssue(
  app: Pick<App, 'db'>,
  viewer: Viewer,
  input: IssueChangeInput & Record<string, unknown>,
  decide: (tx: Tx, issue: ErrorIssue, others: ErrorIssue[]) => Promise<IssueChange>,
  others: string[] = [],
): Promise<void> {
  const { issueId, operationId, expectedVersion, ...what } = input;
  const inputHash = createHash('sha256')
    .update(canonicalJson({ issueId, ...what }))
    .digest();
  await app.db.$transaction(async (tx) => {
    const found = await lockIssues(tx, viewer.projectId, [issueId, ...others]);
    const issue = requireIssue(found, issueId);
    const before = await tx.errorIssueOperation.findUnique({
      where: { issueId_operationId: { issueId, operationId } },
      select: { inputHash: true },
    });
    if (before) {
      if (!sameBytes(before.inputHash, inputHash)) throw new OperationReusedError(operationId);
      return;
    }
    if (issue.mergedIntoId) throw new ErrorIssueMergedError(issueId, issue.mergedIntoId);
    if (expectedVersion !== null && expectedVersion !== issue.version)
      throw new ErrorIssueConflictError(issueId, expectedVersion, issue.version);
    const { data, reason } = await decide(
      tx,
      issue,
      others.map((id) => requireIssue(found, id)),
    );
    const version = await writeChange(tx, issue, { data, reason }, viewer.id);
    await tx.errorIssueOperation.create({
      data: { issueId, operationId, inputHash: new Uint8Array(inputHash), version },
      select: { version: true },
    });
  });
}

/** Sets the fields of a locked issue, raises its version and appends to the history. */
export async function writeChange(
  tx: Tx,
  issue: Pick<ErrorIssue, 'id' | 'version' | 'state'>,
  { data, reason }: IssueChange,
  actorId: string | null,
): Promise<number> {
  const version = issue.version + 1;
  const { state } = await tx.errorIssue.update({
    where: { id: issue.id },
    data: { ...data, version, ...(data.state ? { stateSince: new Date() } : {}) },
    select: { state: true },
  });
  await tx.errorIssueChange.create({
    data: { id: newId(), issueId: issue.id, state, version, reason, actorId },
    select: { id: true },
  });
  return version;
}

/** Takes issues for this transaction, in the order of their ids: reports and other changes wait. */
async function lockIssues(
  tx: Tx,
  projectId: string,
  ids: string[],
): Promise<Map<string, ErrorIssue>> {
  await tx.$queryRaw`SELECT 1 FROM "ErrorIssue" WHERE "id" = ANY(${ids}::uuid[]) ORDER BY "id" FOR UPDATE`;
  const rows = await tx.errorIssue.findMany({ where: { projectId, id: { in: ids } } });
  return new Map(rows.map((row) => [row.id, row]));
}

function requireIssue(found: Map<string, ErrorIssue>, id: string): ErrorIssue {
  const issue = found.get(id);
  if (!issue) throw new ErrorIssueNotFoundError(id);
  return issue;
}
