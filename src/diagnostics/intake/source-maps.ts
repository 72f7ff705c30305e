import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { TraceMap } from '@jridgewell/trace-mapping';
import { LRUCache } from 'lru-cache';
import type { Report } from '../../contract/report.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { seal, unseal } from '../../platform/keys.ts';
import { generatedFileOf, mapFrames } from '../grouping/map-frames.ts';

type Needs = Pick<App, 'db' | 'storage' | 'keys' | 'config' | 'log'>;

/** Largest source map, in bytes, unpacked. */
export const maxMapBytes = 32 * 1024 * 1024;
/** Of a project. One more takes the place of those of the release that had its last one longest ago. */
export const mostMaps = 5_000;
/** What opened maps may take in memory, by the size of their text. */
const cacheBytes = 128 * 1024 * 1024;
const listTtlMs = 5_000;

type Memory = {
  /** Generated files with a map, by release of a project. */
  lists: LRUCache<string, Promise<Map<string, string>>>;
  /** Releases that have no maps. */
  without: LRUCache<string, true>;
  maps: LRUCache<string, TraceMap>;
};

const memories = new WeakMap<App['config'], Memory>();

/**
 * Keeps the source map of one file of a release, sealed. A map that is there for the file is replaced.
 * Where the project has as many as it may, the oldest release loses its own.
 *
 * @param packed the map, gzipped
 * @throws {InvalidInputError} it is too large or no source map, or the release alone has as many as a project may
 */
export async function saveSourceMap(
  app: Needs,
  projectId: string,
  { release, file, packed }: { release: string; file: string; packed: Buffer },
): Promise<{ id: string }> {
  const text = unpack(packed);
  parseMap(text);
  const base = generatedFileOf({ file });
  if (!base) throw new InvalidInputError('input.file', 'Expected the name of a generated file.');
  const where = { projectId_release_file: { projectId, release, file: base } };
  const old = await app.db.sourceMap.findUnique({ where, select: { objectKey: true } });
  if (!old) await makeRoom(app, projectId, release);
  const id = newId();
  const { generation, wrapped } = app.keys.create(id);
  const objectKey = `${projectId}/source-maps/${id}`;
  const key = app.keys.open(id, { generation, wrapped });
  await app.storage.put(objectKey, seal(key, packed, objectKey));
  const data = {
    id,
    sha256: new Uint8Array(createHash('sha256').update(text).digest()),
    bytes: text.length,
    generation,
    wrapped: new Uint8Array(wrapped),
    objectKey,
  };
  await app.db.sourceMap.upsert({
    where,
    create: { ...data, projectId, release, file: base },
    update: { ...data, createdAt: new Date() },
  });
  forgetMaps(app, `${projectId} ${release}`);
  if (old) await app.storage.remove(old.objectKey);
  return { id };
}

/** Lets go of whole releases, the one that had its last map longest ago first: half of one maps half a stack. */
async function makeRoom(app: Needs, projectId: string, release: string): Promise<void> {
  for (;;) {
    if ((await app.db.sourceMap.count({ where: { projectId } })) < mostMaps) return;
    const [oldest] = await app.db.sourceMap.groupBy({
      by: ['release'],
      where: { projectId, release: { not: release } },
      _max: { createdAt: true },
      orderBy: { _max: { createdAt: 'asc' } },
      take: 1,
    });
    if (!oldest)
      throw new InvalidInputError(
        'input.release',
        `Expected at most ${mostMaps} source maps of one release for input.release, got one more.`,
      );
    const count = await deleteSourceMaps(app, projectId, oldest.release);
    app.log.info({ projectId, release: oldest.release, count }, 'source maps made room for newer');
  }
}

/** Deletes the maps of a release. Answers with how many there were. */
export async function deleteSourceMaps(
  app: Needs,
  projectId: string,
  release: string,
): Promise<number> {
  const rows = await app.db.sourceMap.findMany({
    where: { projectId, release },
    select: { id: true, objectKey: true },
  });
  await app.db.sourceMap.deleteMany({ where: { id: { in: rows.map(({ id }) => id) } } });
  for (const { objectKey } of rows) await app.storage.remove(objectKey);
  forgetMaps(app, `${projectId} ${release}`);
  return rows.length;
}

/**
 * The reports with the stacks of their sources, where maps of their releases are there. Maps are read
 * when the first frame needs them, and remembered. One that cannot be read leaves its frames as they are.
 * Most releases have none: then nothing waits.
 */
export function withSources(
  app: Needs,
  projectId: string,
  report: Report,
): Report | Promise<Report> {
  const release = report.environment?.release;
  if (!release || report.exceptions.every(({ frames }) => frames.length === 0)) return report;
  if (memoryOf(app).without.has(`${projectId} ${release}`)) return report;
  return mapped(app, projectId, report, release);
}

async function mapped(
  app: Needs,
  projectId: string,
  report: Report,
  release: string,
): Promise<Report> {
  const list = await listOf(app, projectId, release);
  if (list.size === 0) return report;
  const maps = new Map<string, TraceMap>();
  for (const { frames } of report.exceptions)
    for (const frame of frames) {
      const file = generatedFileOf(frame);
      const id = file ? list.get(file) : undefined;
      if (!file || !id || maps.has(file)) continue;
      const map = await openMap(app, id);
      if (map) maps.set(file, map);
    }
  if (maps.size === 0) return report;
  return {
    ...report,
    exceptions: report.exceptions.map((exception) => ({
      ...exception,
      frames: mapFrames(exception.frames, (file) => maps.get(file) ?? null),
    })),
  };
}

async function listOf(
  app: Needs,
  projectId: string,
  release: string,
): Promise<Map<string, string>> {
  const { lists, without } = memoryOf(app);
  const name = `${projectId} ${release}`;
  const known = lists.get(name);
  if (known) return known;
  const asked = app.db.sourceMap
    .findMany({ where: { projectId, release }, select: { id: true, file: true } })
    .then((rows) => new Map(rows.map(({ id, file }) => [file, id])));
  lists.set(name, asked);
  try {
    const list = await asked;
    // Not where a map was added meanwhile.
    if (list.size === 0 && lists.peek(name) === asked) without.set(name, true);
    return list;
  } catch (error) {
    lists.delete(name);
    throw error;
  }
}

function forgetMaps(app: Needs, name: string): void {
  const { lists, without } = memoryOf(app);
  lists.delete(name);
  without.delete(name);
}

async function openMap(app: Needs, id: string): Promise<TraceMap | null> {
  const { maps } = memoryOf(app);
  const known = maps.get(id);
  if (known) return known;
  const row = await app.db.sourceMap.findUnique({ where: { id } });
  if (!row) return null;
  try {
    const sealed = await app.storage.get(row.objectKey);
    const map = parseMap(unpack(unseal(app.keys.open(id, row), sealed, row.objectKey)));
    maps.set(id, map, { size: Math.max(1, row.bytes) });
    return map;
  } catch (error) {
    app.log.warn({ err: error, sourceMapId: id }, 'a source map could not be read');
    return null;
  }
}

/** @throws {InvalidInputError} */
function unpack(packed: Buffer): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: maxMapBytes });
  } catch (error) {
    throw new InvalidInputError(
      'input.contentGzip',
      `Expected a gzipped source map of at most ${maxMapBytes} bytes: ${error instanceof Error ? error.message : error}.`,
    );
  }
}

/** @throws {InvalidInputError} */
function parseMap(text: Buffer): TraceMap {
  try {
    return new TraceMap(text.toString());
  } catch (error) {
    throw new InvalidInputError(
      'input.contentGzip',
      `Expected a source map of version 3: ${error instanceof Error ? error.message : error}.`,
    );
  }
}

function memoryOf({ config }: Pick<App, 'config'>): Memory {
  let memory = memories.get(config);
  if (!memory) {
    memory = {
      lists: new LRUCache({ max: 2_000, ttl: listTtlMs }),
      without: new LRUCache({ max: 2_000, ttl: listTtlMs }),
      maps: new LRUCache({ maxSize: cacheBytes }),
    };
    memories.set(config, memory);
  }
  return memory;
}
