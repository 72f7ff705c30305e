import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import type { DataKey } from '../platform/keys.ts';

/** The project's own data key, made at its first use: seals secrets that its members enter. */
export async function projectKey(
  { keys }: Pick<App, 'keys'>,
  db: Pick<Tx, 'projectKey'>,
  projectId: string,
): Promise<DataKey> {
  const known = await db.projectKey.findUnique({ where: { projectId } });
  if (known) return keys.open(projectId, known);
  const { generation, wrapped } = keys.create(projectId);
  await db.projectKey.createMany({
    data: [{ projectId, generation, wrapped: new Uint8Array(wrapped) }],
    skipDuplicates: true, // of two that make it together one wins
  });
  return keys.open(projectId, await db.projectKey.findUniqueOrThrow({ where: { projectId } }));
}
