import { Prisma } from '../../generated/prisma/client.ts';
import { newId } from '../../lib/ids.ts';
import type { Tx } from '../../platform/db.ts';
import type { ContractContent } from './describe.ts';

/** A count is an `int4`: beyond it, all that is known is that it was many. */
export const maxCount = 2_147_483_647;

export type KnownContract = { id: string; hash: string; service: string; operation: string };

/** Stores those that are new and marks the others as seen. Two statements for any number. */
export async function keepContracts(
  tx: Pick<Tx, 'contract'>,
  projectId: string,
  contents: ContractContent[],
  { isOwn = false }: { isOwn?: boolean } = {},
): Promise<void> {
  await tx.contract.createMany({
    data: contents.map((content) => ({ id: newId(), projectId, isOwn, ...content })),
    skipDuplicates: true,
  });
  await tx.contract.updateMany({
    where: { projectId, hash: { in: contents.map(({ hash }) => hash) } },
    data: { lastSeenAt: new Date() },
  });
}

/**
 * The project's contracts among these, locked in one order until the transaction ends. Every project knows
 * CodeSight's own: it takes them over when it meets them.
 */
export async function lockContracts(
  tx: Pick<Tx, 'contract' | '$queryRaw'>,
  projectId: string,
  hashes: string[],
): Promise<KnownContract[]> {
  const find = () =>
    tx.$queryRaw<KnownContract[]>(Prisma.sql`
      SELECT c."id", c."hash", c."service", c."operation" FROM "Contract" c
      WHERE c."projectId" = ${projectId}::uuid AND c."hash" = ANY(${hashes}::text[])
      ORDER BY c."id" FOR NO KEY UPDATE`);
  const found = await find();
  const known = new Set(found.map(({ hash }) => hash));
  const missing = hashes.filter((hash) => !known.has(hash));
  if (missing.length === 0 || (await adoptOwn(tx, projectId, missing)) === 0) return found;
  return await find();
}

async function adoptOwn(
  tx: Pick<Tx, 'contract'>,
  projectId: string,
  hashes: string[],
): Promise<number> {
  const own = await tx.contract.findMany({
    where: { isOwn: true, hash: { in: hashes } },
    distinct: ['hash'],
    select: {
      hash: true,
      service: true,
      operation: true,
      version: true,
      kind: true,
      parameters: true,
      response: true,
      timeoutMs: true,
      documentHash: true,
      schemaHash: true,
      coordinates: true,
    },
  });
  if (own.length === 0) return 0;
  await tx.contract.createMany({
    data: own.map(({ parameters, response, ...content }) => ({
      id: newId(),
      projectId,
      ...content,
      parameters: parameters ?? {},
      response: response ?? {},
    })),
    skipDuplicates: true,
  });
  return own.length;
}
