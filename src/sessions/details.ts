import DataLoader from 'dataloader';
import type { InteractionRecord } from '../contract/interaction.ts';
import type { Context } from '../graphql/context.ts';
import type { App } from '../platform/app.ts';
import { unseal } from '../platform/keys.ts';
import { unpack } from './packing.ts';
import { openSession } from './session-keys.ts';
import { chunkContext, ownContext } from './writer.ts';

/** An interaction as it was stored: redacted, its free JSON in canonical order. */
export type StoredDetail = Omit<Partial<InteractionRecord>, 'occurredAt'>;

/** The columns that tell where the detail of an interaction lies: with the row when it came alone, or in a chunk. */
export const place = {
  id: true,
  sessionId: true,
  sealed: true,
  chunkId: true,
  chunkIndex: true,
} as const;

type Place = {
  id: string;
  sessionId: string;
  sealed: Uint8Array | null;
  chunkId: string | null;
  chunkIndex: number | null;
};

/** Opened chunks by id. */
type Chunks = {
  get(id: string): StoredDetail[] | undefined;
  set(id: string, details: StoredDetail[]): unknown;
};

export type DetailLoader = DataLoader<Place, StoredDetail, string>;

/** Reads sealed details for one operation: all chunks of all interactions it touches in one statement. */
export function makeDetailLoader({ app }: Pick<Context, 'app'>): DetailLoader {
  return new DataLoader((places) => detailsAt(app, places, new Map()), {
    cacheKeyFn: ({ id }) => id,
  });
}

/**
 * The details at places, in their order; empty for a tombstone and for a session whose key is gone.
 *
 * @param opened chunks by id that were opened before; those that are opened now are added
 */
export async function detailsAt(
  app: Pick<App, 'db' | 'keys'>,
  places: readonly Place[],
  opened: Chunks,
): Promise<StoredDetail[]> {
  const needed = new Set(places.flatMap(({ chunkId }) => chunkId ?? []));
  const chunks = new Map([...needed].map((id) => [id, opened.get(id)]));
  const missing = [...chunks].filter(([, details]) => !details).map(([id]) => id);
  const found =
    missing.length > 0
      ? await app.db.interactionChunk.findMany({ where: { id: { in: missing } } })
      : [];
  await Promise.all(
    found.map(async (chunk) => chunks.set(chunk.id, await open(app, chunk, chunkContext))),
  );
  for (const [id, details] of chunks) if (details) opened.set(id, details);
  return Promise.all(
    places.map(async ({ id, sessionId, sealed, chunkId, chunkIndex }) => {
      const details = sealed
        ? await open(app, { id, sessionId, sealed }, ownContext)
        : chunks.get(chunkId ?? '');
      return details?.[chunkIndex ?? 0] ?? {};
    }),
  );
}

/** All details of a session by sequence, for jobs. */
export async function readDetails(
  app: Pick<App, 'db' | 'keys'>,
  { projectId, sessionId }: { projectId: string; sessionId: string },
): Promise<Map<number, StoredDetail>> {
  const rows = await app.db.interaction.findMany({
    where: { projectId, sessionId },
    orderBy: { sequence: 'asc' },
    select: { sequence: true, ...place },
  });
  const details = await detailsAt(app, rows, new Map());
  return new Map(rows.map(({ sequence }, index) => [sequence, details[index] ?? {}]));
}

/** What was sealed together; nothing when the session’s key is gone. */
async function open(
  app: Pick<App, 'db' | 'keys'>,
  { id, sessionId, sealed }: { id: string; sessionId: string; sealed: Uint8Array },
  contextOf: (id: string) => string,
): Promise<StoredDetail[]> {
  const access = await openSession(app, sessionId);
  if (!access) return [];
  const json = await unpack(unseal(access.key, sealed, contextOf(id)));
  return JSON.parse(json); // sealed by us after GraphQL had checked every type
}
