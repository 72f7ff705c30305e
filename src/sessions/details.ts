import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import DataLoader from 'dataloader';
import type { InteractionRecord } from '../contract/interaction.ts';
import type { Context } from '../graphql/context.ts';
import type { App } from '../platform/app.ts';
import { unseal } from '../platform/keys.ts';
import { openSession } from './session-keys.ts';
import { chunkContext } from './writer.ts';

const decompress = promisify(zstdDecompress);

/** An interaction as it was stored: redacted, its free JSON in canonical order. */
export type StoredDetail = Omit<Partial<InteractionRecord>, 'occurredAt'>;

type Place = { sessionId: string; chunkId: string | null; chunkIndex: number | null };

/** Reads sealed details for one operation: all chunks of all interactions it touches in one statement. */
export function makeDetailLoader({
  app,
}: Pick<Context, 'app'>): DataLoader<string, StoredDetail[]> {
  return new DataLoader<string, StoredDetail[]>(async (chunkIds) => {
    const chunks = await app.db.interactionChunk.findMany({ where: { id: { in: [...chunkIds] } } });
    const opened = new Map(
      await Promise.all(
        chunks.map(async (chunk) => [chunk.id, await openChunk(app, chunk)] as const),
      ),
    );
    return chunkIds.map((id) => opened.get(id) ?? []);
  });
}

/** The detail at a place; empty for a tombstone and for a session whose key is gone. */
export async function detailAt(
  loader: DataLoader<string, StoredDetail[]>,
  { chunkId, chunkIndex }: Place,
): Promise<StoredDetail> {
  if (chunkId === null || chunkIndex === null) return {};
  return (await loader.load(chunkId))[chunkIndex] ?? {};
}

/** All details of a session by sequence, for jobs. */
export async function readDetails(
  app: Pick<App, 'db' | 'keys'>,
  { projectId, sessionId }: { projectId: string; sessionId: string },
): Promise<Map<number, StoredDetail>> {
  const chunks = await app.db.interactionChunk.findMany({ where: { sessionId } });
  const opened = new Map<string, StoredDetail[]>();
  for (const chunk of chunks) opened.set(chunk.id, await openChunk(app, chunk));
  const places = await app.db.interaction.findMany({
    where: { projectId, sessionId },
    orderBy: { sequence: 'asc' },
    select: { sequence: true, chunkId: true, chunkIndex: true },
  });
  return new Map(
    places.map(({ sequence, chunkId, chunkIndex }) => [
      sequence,
      opened.get(chunkId ?? '')?.[chunkIndex ?? -1] ?? {},
    ]),
  );
}

/** The details of a chunk; none when the session’s key is gone. */
export async function openChunk(
  app: Pick<App, 'db' | 'keys'>,
  { id, sessionId, sealed }: { id: string; sessionId: string; sealed: Uint8Array },
): Promise<StoredDetail[]> {
  const access = await openSession(app, sessionId);
  if (!access) return [];
  const json = await decompress(unseal(access.key, sealed, chunkContext(id)));
  return JSON.parse(json.toString('utf8')); // sealed by us after GraphQL had checked every type
}
