import { splice } from '../../src/lib/splice.ts';
import type { SentSnapshot } from '../page.ts';

/** Pages of a document that later ones may be told from. */
const perDocument = 3;
const mostDocuments = 12;

/** The last pages of the documents that spoke last. In memory: a worker that died asks for whole ones. */
export function openPages() {
  const documents = new Map<string, Map<string, string>>();

  return {
    /** The whole page; `null` when the page that it was told from is not known. */
    take(documentId: string, snapshot: SentSnapshot): string | null {
      const pages = documents.get(documentId) ?? new Map<string, string>();
      const html = wholeOf(pages, snapshot);
      if (html === null) return null;
      if ('base' in snapshot) touch(pages, snapshot.base, pages.get(snapshot.base) ?? '');
      touch(pages, snapshot.key, html);
      forgetFirst(pages, perDocument);
      touch(documents, documentId, pages);
      forgetFirst(documents, mostDocuments);
      return html;
    },
  };
}

function wholeOf(pages: Map<string, string>, snapshot: SentSnapshot): string | null {
  if ('html' in snapshot) return snapshot.html;
  const before = pages.get(snapshot.base);
  return before === undefined ? null : splice(before, snapshot.parts);
}

function touch<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
}

function forgetFirst(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) if (map.size > most) map.delete(key);
}
