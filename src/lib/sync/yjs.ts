import { CorruptUpdateError, type CrdtAdapter } from './crdt.ts';
import { contentHash } from './digest.ts';

/** What the adapter uses of the library `yjs` 13. */
export type YjsLibrary<Doc extends YjsDoc> = {
  Doc: new () => Doc;
  applyUpdate(doc: Doc, update: Uint8Array): void;
  encodeStateAsUpdate(doc: Doc): Uint8Array;
  encodeStateVector(doc: Doc | Map<number, number>): Uint8Array;
  decodeStateVector(vector: Uint8Array): Map<number, number>;
};

export type YjsDoc = {
  share: Map<string, unknown>;
  store: {
    pendingStructs: { missing: Map<number, number> } | null;
    pendingDs: Uint8Array | null;
  };
  destroy(): void;
};

/** A shared type, as far as its content goes. Both parts are there whatever the type is. */
type SharedType = { _start: Piece | null; _map: Map<string, Piece> };
type Piece = { deleted: boolean; right: Piece | null; content: PieceContent };
type PieceContent = { getContent(): unknown[]; key?: unknown; value?: unknown };

/**
 * Sync of Yjs documents. The state vector does not count deletions, so content is read from the types
 * themselves, opened by the application or not.
 */
export function yjsAdapter<Doc extends YjsDoc>(library: YjsLibrary<Doc>): CrdtAdapter<Doc> {
  return {
    format: 'YJS',
    vectorOf(doc) {
      const vector = library.decodeStateVector(library.encodeStateVector(doc));
      return Object.fromEntries([...vector].map(([client, clock]) => [String(client), clock]));
    },
    hashOf(doc) {
      const types = [...doc.share]
        .map(([name, type]) => [name, contentOf(type as SharedType)] as const)
        .filter(([, { list, map }]) => list.length > 0 || Object.keys(map).length > 0);
      return contentHash(Object.fromEntries(types)); // a type that was only opened is none
    },
    missingOf({ store: { pendingStructs, pendingDs } }) {
      const missing = [...(pendingStructs?.missing ?? [])];
      const names = missing.map(([client, clock]) => `${client}/${clock}`);
      return pendingDs ? [...names, 'deletions'] : names;
    },
    stateOf: (doc) => library.encodeStateAsUpdate(doc),
    merge(doc, update) {
      const trial = new library.Doc();
      try {
        library.applyUpdate(trial, library.encodeStateAsUpdate(doc));
        library.applyUpdate(trial, update);
      } catch (error) {
        throw new CorruptUpdateError('YJS', error);
      } finally {
        trial.destroy();
      }
      library.applyUpdate(doc, update);
      return doc;
    },
  };
}

/** The elements in their order, and the fields. What is split differently inside reads the same. */
function contentOf({ _start, _map }: SharedType): {
  list: unknown[];
  map: Record<string, unknown>;
} {
  const list: unknown[] = [];
  for (let piece = _start; piece; piece = piece.right) {
    if (piece.deleted) continue;
    const { key, value } = piece.content;
    if (key !== undefined)
      list.push({ format: key, value }); // begins or ends a text's format
    else list.push(...piece.content.getContent().map(plain));
  }
  const fields = [..._map].flatMap(([name, { deleted, content }]) =>
    deleted ? [] : [[name, plain(content.getContent().at(-1))] as const],
  );
  return { list, map: Object.fromEntries(fields) };
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (isType(value)) return contentOf(value);
  if (isDocument(value)) return { document: value.guid };
  return value === undefined ? { undefined: true } : value;
}

function isType(value: unknown): value is SharedType {
  return typeof value === 'object' && value !== null && '_start' in value && '_map' in value;
}

function isDocument(value: unknown): value is { guid: string } {
  return typeof value === 'object' && value !== null && 'guid' in value && 'share' in value;
}
