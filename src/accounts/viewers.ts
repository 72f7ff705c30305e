import { LRUCache } from 'lru-cache';
import type { Viewer } from '../graphql/context.ts';
import type { App } from '../platform/app.ts';

type Memory = {
  viewers: LRUCache<string, Viewer>;
  /** Look-ups under way, so that calls that come together share one. */
  lookUps: Map<string, Promise<Viewer | null>>;
};

const ttlMs = 1_000; // a revoked key is refused within 5 s; the sockets' own poll comes on top
const memories = new WeakMap<App['config'], Memory>();

/**
 * The viewer of a secret, found at most once a second: ingest must not ask the database per call.
 * That there is nobody is not remembered, so that a new key is good at once.
 *
 * @param digest of the secret, in any form that is unique
 */
export async function rememberViewer(
  app: Pick<App, 'config'>,
  digest: string,
  now: Date,
  find: () => Promise<Viewer | null>,
): Promise<Viewer | null> {
  const { viewers, lookUps } = memoryOf(app);
  const known = viewers.get(digest);
  if (known && (known.expiresAt === null || known.expiresAt > now)) return known;
  const running = lookUps.get(digest);
  if (running) return running;
  const lookUp = find();
  lookUps.set(digest, lookUp);
  try {
    const viewer = await lookUp;
    if (viewer && lookUps.get(digest) === lookUp) viewers.set(digest, viewer);
    return viewer;
  } finally {
    if (lookUps.get(digest) === lookUp) lookUps.delete(digest);
  }
}

/**
 * Drops what this process remembers of a key or user whose rights changed. Other processes do within
 * a second.
 */
export function forgetViewer(app: Pick<App, 'config'>, viewerId: string): void {
  const { viewers, lookUps } = memoryOf(app);
  for (const [digest, viewer] of viewers.entries())
    if (viewer.id === viewerId) viewers.delete(digest);
  lookUps.clear(); // one of them may have read the row before it changed
}

function memoryOf({ config }: Pick<App, 'config'>): Memory {
  let memory = memories.get(config);
  if (!memory) {
    memory = { viewers: new LRUCache({ max: 20_000, ttl: ttlMs }), lookUps: new Map() };
    memories.set(config, memory);
  }
  return memory;
}
