import { CorruptUpdateError, type CrdtAdapter } from './crdt.ts';
import { contentHash } from './digest.ts';
import type { VersionVector } from './vectors.ts';

/** What the adapter uses of the library `@automerge/automerge` 3. */
export type AutomergeLibrary<Doc> = {
  clone(doc: Doc): Doc;
  decodeChange(change: Uint8Array): { actor: string; seq: number };
  getAllChanges(doc: Doc): Uint8Array[];
  getMissingDeps(doc: Doc, heads: string[]): string[];
  loadIncremental(doc: Doc, bytes: Uint8Array): Doc;
  save(doc: Doc): Uint8Array;
  toJS(doc: Doc): unknown;
};

/** Sync of Automerge documents. */
export function automergeAdapter<Doc>(library: AutomergeLibrary<Doc>): CrdtAdapter<Doc> {
  return {
    format: 'AUTOMERGE',
    vectorOf(doc) {
      const vector = new Map<string, number>();
      for (const change of library.getAllChanges(doc)) {
        const { actor, seq } = library.decodeChange(change);
        vector.set(actor, Math.max(seq, vector.get(actor) ?? 0));
      }
      return Object.fromEntries(vector) satisfies VersionVector;
    },
    hashOf: (doc) => contentHash(JSON.parse(JSON.stringify(library.toJS(doc)))), // counters and dates as words
    missingOf: (doc) => library.getMissingDeps(doc, []),
    stateOf: (doc) => library.save(doc),
    merge(doc, update) {
      try {
        library.loadIncremental(library.clone(doc), update); // what fails half-way leaves its document unusable
      } catch (error) {
        throw new CorruptUpdateError('AUTOMERGE', error);
      }
      return library.loadIncremental(doc, update);
    },
  };
}
