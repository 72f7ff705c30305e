import { compareVectors, type Version, type VersionVector } from './vectors.ts';

/** What sync must know of one kind of CRDT. The library is the platform's own: adapters get it as an argument. */
export type CrdtAdapter<Doc> = {
  format: CrdtFormat;
  /** Changes seen, by replica. Says nothing of deletions in some libraries, nor of what the changes hold. */
  vectorOf(doc: Doc): VersionVector;
  /** 32 hexadecimal digits of the canonical content. */
  hashOf(doc: Doc): string;
  /** What arrived and cannot be shown until these arrive too, each named. */
  missingOf(doc: Doc): string[];
  /** The whole document. */
  stateOf(doc: Doc): Uint8Array;
  /**
   * The document with what the other one has; ever the same whatever the order. The first one is as it
   * was when the update is corrupt.
   *
   * @throws {CorruptUpdateError}
   */
  merge(doc: Doc, update: Uint8Array): Doc;
};

export type CrdtFormat = 'YJS' | 'AUTOMERGE';

/** The update is not what the library wrote. Nothing of it was applied. */
export class CorruptUpdateError extends Error {
  override name = 'CorruptUpdateError';
  constructor(format: CrdtFormat, cause: unknown) {
    super(`Expected an update of ${format}, got something else.`, { cause });
  }
}

/** Since when each missing structure is missed, in milliseconds. */
export type Missed = ReadonlyMap<string, number>;

/** From then on, what is pending is missing data. */
export const pendingPatienceMs = 5_000;

/** Takes note of what a document misses now. @returns what it has missed for longer than 5 s, too */
export function watchMissing(
  before: Missed,
  missing: string[],
  now: number,
): { missed: Missed; overdue: string[] } {
  const missed = new Map(missing.map((name) => [name, before.get(name) ?? now]));
  const overdue = missing.filter((name) => now - (missed.get(name) ?? now) > pendingPatienceMs);
  return { missed, overdue };
}

export function versionOf<Doc>(adapter: CrdtAdapter<Doc>, doc: Doc): Version {
  return { vector: adapter.vectorOf(doc), hash: adapter.hashOf(doc) };
}

/**
 * What two replicas of a document are to each other. Concurrent changes are no conflict: an exchange
 * settles them. The same changes with different content is what no exchange can settle.
 */
export function compareReplicas(a: Version, b: Version): 'same' | 'lag' | 'divergent' {
  const order = compareVectors(a.vector, b.vector);
  if (order !== 'equal') return 'lag';
  return a.hash === b.hash ? 'same' : 'divergent';
}
