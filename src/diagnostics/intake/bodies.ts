import DataLoader from 'dataloader';
import type { Context } from '../../graphql/context.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { packJsonTexts, unpackJson } from '../../platform/packed-json.ts';
import type { BatchReport } from './batch.ts';

/** Bodies of one project's reports that were taken together. */
export type Chunk = { id: string; projectId: string; receivedAt: Date; packed: Buffer };

/** Where the body of a report lies. */
export type BodyPlace = { chunkId: string; chunkIndex: number };

/** Whoever reads one body reads its chunk: 32 of 2.3 KB are 75 KB as JSON, and a tenth of that packed. */
const bodiesPerChunk = 32;
const charsPerChunk = 256 * 1024;

/** Packs the bodies of reports, each project's by themselves. */
export function chunksOf(reports: readonly BatchReport[]): {
  chunks: Chunk[];
  /** For each report; `null` where it has no body. */
  places: (BodyPlace | null)[];
} {
  const all: Unpacked[] = [];
  const open = new Map<string, Unpacked>();
  const places = reports.map(({ prepared: { body }, source }): BodyPlace | null => {
    if (body === null) return null;
    const { projectId, receivedAt } = source;
    let chunk = open.get(projectId);
    if (!chunk || chunk.bodies.length === bodiesPerChunk || chunk.chars > charsPerChunk) {
      chunk = { id: newId(), projectId, receivedAt, bodies: [], chars: 0 };
      open.set(projectId, chunk);
      all.push(chunk);
    }
    chunk.chars += body.length;
    return { chunkId: chunk.id, chunkIndex: chunk.bodies.push(body) - 1 };
  });
  const chunks = all.map(({ id, projectId, receivedAt, bodies }) => ({
    id,
    projectId,
    receivedAt,
    packed: packJsonTexts(bodies),
  }));
  return { chunks, places };
}

type Unpacked = Omit<Chunk, 'packed'> & { bodies: string[]; chars: number };

export type BodyLoader = DataLoader<BodyPlace, unknown, string>;

const plain = '['.charCodeAt(0);

/** Reads bodies for one operation: all chunks that it touches in one statement. */
export function makeBodyLoader({ app }: Pick<Context, 'app'>): BodyLoader {
  return new DataLoader((places) => bodiesAt(app, places), {
    cacheKeyFn: ({ chunkId, chunkIndex }) => `${chunkId} ${chunkIndex}`,
  });
}

/** The bodies at places, in their order; `null` where a chunk is gone. */
export async function bodiesAt(
  { db }: Pick<App, 'db'>,
  places: readonly BodyPlace[],
): Promise<unknown[]> {
  const found = await db.reportChunk.findMany({
    where: { id: { in: [...new Set(places.map(({ chunkId }) => chunkId))] } },
  });
  const bodies: unknown[] = places.map(() => null);
  for (const { id, packed } of found) {
    const all = await bodiesOf(packed); // one after the other: only what is asked for stays in memory
    places.forEach(({ chunkId, chunkIndex }, place) => {
      if (chunkId === id) bodies[place] = all[chunkIndex] ?? null;
    });
  }
  return bodies;
}

/** Chunks of before are not packed. */
async function bodiesOf(packed: Uint8Array): Promise<unknown[]> {
  const json =
    packed[0] === plain ? Buffer.from(packed).toString('utf8') : await unpackJson(packed);
  return JSON.parse(json);
}
