import * as Automerge from '@automerge/automerge';
import { describe, expect, test } from 'vitest';
import * as Yjs from 'yjs';
import { automergeAdapter } from './automerge.ts';
import {
  CorruptUpdateError,
  type CrdtAdapter,
  compareReplicas,
  pendingPatienceMs,
  versionOf,
  watchMissing,
} from './crdt.ts';
import { yjsAdapter } from './yjs.ts';

const yjs = yjsAdapter(Yjs);
type Notes = { title?: string; list?: number[]; count?: Automerge.Counter };
const automerge = automergeAdapter<Automerge.Doc<Notes>>(Automerge);

function compare<Doc>(adapter: CrdtAdapter<Doc>, a: Doc, b: Doc) {
  return compareReplicas(versionOf(adapter, a), versionOf(adapter, b));
}

function openYjs(clientID: number, ...updates: Uint8Array[]): Yjs.Doc {
  const doc = new Yjs.Doc();
  doc.clientID = clientID;
  for (const update of updates) Yjs.applyUpdate(doc, update);
  return doc;
}

/** The updates of some edits of all kinds of types, one by one. */
function writeYjs(): { doc: Yjs.Doc; updates: Uint8Array[] } {
  const doc = openYjs(1);
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => void updates.push(update));
  doc.getText('text').insert(0, 'hello world');
  doc.getText('text').format(0, 5, { bold: true });
  doc.getMap('map').set('a', 1);
  doc.getMap('map').set('nested', new Yjs.Array());
  doc.getArray('list').push([1, { x: 2 }, new Uint8Array([3])]);
  doc.getText('text').insert(5, ', big');
  doc.getText('text').delete(0, 2);
  doc.getMap('map').delete('a');
  return { doc, updates };
}

const begun = Automerge.save(
  Automerge.from<Notes>({ title: '', list: [], count: new Automerge.Counter(0) }, { actor: 'aa' }),
);
const openAutomerge = (actor: string) => Automerge.load<Notes>(begun, { actor });

/** Three changes after the same beginning, each as its own update. */
function writeAutomerge() {
  const begin = openAutomerge('aaaa');
  let doc = begin;
  const updates: Uint8Array[] = [];
  for (const edit of [
    (notes: Notes) => {
      notes.title = 'hello';
    },
    (notes: Notes) => void notes.list?.push(1, 2, 3),
    (notes: Notes) => void notes.count?.increment(2),
  ]) {
    doc = Automerge.change(doc, edit);
    updates.push(Automerge.getLastLocalChange(doc) ?? new Uint8Array());
  }
  return { doc, updates };
}

describe('Yjs', () => {
  test('replicas that exchanged everything are the same, opened types or not', () => {
    const { doc, updates } = writeYjs();
    const other = openYjs(2, ...updates);
    const whole = openYjs(3, yjs.stateOf(doc));
    other.getMap('only opened');

    expect(compare(yjs, doc, other)).toBe('same');
    expect(compare(yjs, doc, whole)).toBe('same');
  });

  test('updates in another order, and twice, are fine', () => {
    const { doc, updates } = writeYjs();

    expect(compare(yjs, doc, openYjs(2, ...updates.toReversed(), ...updates))).toBe('same');
  });

  test('concurrent changes are a lag, and an exchange settles them', () => {
    const [a, b] = [openYjs(1), openYjs(2)];
    a.getText('text').insert(0, 'a');
    b.getText('text').insert(0, 'b');
    const before = compare(yjs, a, b);

    yjs.merge(a, yjs.stateOf(b));
    yjs.merge(b, yjs.stateOf(a));

    expect(before).toBe('lag');
    expect(compare(yjs, a, b)).toBe('same');
  });

  test('every dropped update is found, and missing data once it is pending for 5 s', () => {
    const { doc, updates } = writeYjs();
    for (const index of updates.keys()) {
      const other = openYjs(2, ...updates.toSpliced(index, 1));
      const seen = compare(yjs, doc, other);
      const missing = yjs.missingOf(other);
      const at0 = watchMissing(new Map(), missing, 0);
      const at5 = watchMissing(at0.missed, yjs.missingOf(other), pendingPatienceMs);
      const later = watchMissing(at5.missed, yjs.missingOf(other), pendingPatienceMs + 1);

      expect(seen).not.toBe('same');
      // What nothing follows on is a lag; a deletion that never came is a divergence.
      expect(missing.length > 0 || seen === 'divergent' || index === 5).toBe(true);
      expect([...at0.overdue, ...at5.overdue]).toEqual([]);
      expect(later.overdue).toEqual(missing);
    }
  });

  test('what is missing no more is forgotten', () => {
    const { updates } = writeYjs();
    const other = openYjs(2, ...updates.slice(1));
    const { missed } = watchMissing(new Map(), yjs.missingOf(other), 0);
    yjs.merge(other, updates[0] ?? new Uint8Array());

    expect(missed.size).toBeGreaterThan(0);
    expect(watchMissing(missed, yjs.missingOf(other), 60_000)).toEqual({
      missed: new Map(),
      overdue: [],
    });
  });

  test('a deletion that was dropped leaves the same state vector, and other content', () => {
    const { doc, updates } = writeYjs();
    const other = openYjs(2, ...updates.slice(0, -1)); // without the last: a deletion

    expect(yjs.vectorOf(other)).toEqual(yjs.vectorOf(doc));
    expect(compare(yjs, doc, other)).toBe('divergent');
  });

  test('a client id that two use at once gives the same state vector with different content', () => {
    const [a, forged] = [openYjs(7), openYjs(7)];
    a.getText('text').insert(0, 'mine');
    forged.getText('text').insert(0, 'fake');
    yjs.merge(a, yjs.stateOf(forged));

    expect(yjs.vectorOf(forged)).toEqual(yjs.vectorOf(a));
    expect(compare(yjs, a, forged)).toBe('divergent');
  });

  test('every corrupted byte of an update is refused, harmless, or found by the content', () => {
    const { doc, updates } = writeYjs();
    const [first, ...rest] = updates;
    if (!first) throw new Error('expected an update');
    let [refused, found] = [0, 0];
    for (const index of first.keys()) {
      const corrupt = first.with(index, (first[index] ?? 0) ^ 0x01);
      const other = openYjs(2);
      try {
        yjs.merge(other, corrupt);
        for (const update of rest) yjs.merge(other, update);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptUpdateError);
        refused += 1;
        continue;
      }
      if (compare(yjs, doc, other) === 'same') {
        expect(other.getText('text').toDelta()).toEqual(doc.getText('text').toDelta());
        continue; // a byte that says nothing
      }
      found += 1;
    }
    expect(found).toBeGreaterThan(5);
    expect(refused + found).toBeGreaterThan(first.length * 0.9);
  });

  test('a corrupt update leaves the document as it was', () => {
    const { doc } = writeYjs();
    const before = versionOf(yjs, doc);

    expect(() => yjs.merge(doc, new Uint8Array([1, 1, 1, 255, 255]))).toThrow(CorruptUpdateError);
    expect(versionOf(yjs, doc)).toEqual(before);
  });
});

describe('Automerge', () => {
  const into = (doc: Automerge.Doc<Notes>, updates: Uint8Array[]) =>
    updates.reduce((held, update) => automerge.merge(held, update), doc);

  test('replicas that exchanged everything are the same, in whatever order', () => {
    const { doc, updates } = writeAutomerge();

    expect(compare(automerge, doc, into(openAutomerge('bbbb'), updates))).toBe('same');
    expect(
      compare(automerge, doc, into(openAutomerge('bbbb'), [...updates.toReversed(), ...updates])),
    ).toBe('same');
    expect(compare(automerge, doc, into(openAutomerge('bbbb'), [automerge.stateOf(doc)]))).toBe(
      'same',
    );
  });

  test('concurrent changes are a lag, and an exchange settles them', () => {
    let a = Automerge.change(openAutomerge('aaaa'), (notes) => {
      notes.title = 'a';
    });
    let b = Automerge.change(openAutomerge('bbbb'), (notes) => {
      notes.title = 'b';
    });
    const before = compare(automerge, a, b);

    a = automerge.merge(a, automerge.stateOf(b));
    b = automerge.merge(b, automerge.stateOf(a));

    expect(before).toBe('lag');
    expect(compare(automerge, a, b)).toBe('same');
  });

  test('every dropped update is found, and missing data once it is pending for 5 s', () => {
    const { doc, updates } = writeAutomerge();
    for (const index of updates.keys()) {
      const other = into(openAutomerge('bbbb'), updates.toSpliced(index, 1));
      const missing = automerge.missingOf(other);
      const { missed } = watchMissing(new Map(), missing, 0);

      expect(compare(automerge, doc, other)).not.toBe('same');
      expect(missing.length).toBe(index === updates.length - 1 ? 0 : 1);
      expect(watchMissing(missed, missing, pendingPatienceMs + 1).overdue).toEqual(missing);
    }
  });

  test('an actor id that two use at once is found: refused, or the same vector with different content', () => {
    const a = Automerge.change(openAutomerge('aaaa'), (notes) => {
      notes.title = 'mine';
    });
    const forged = Automerge.change(openAutomerge('aaaa'), (notes) => {
      notes.title = 'fake';
    });

    expect(automerge.vectorOf(forged)).toEqual(automerge.vectorOf(a));
    expect(compare(automerge, a, forged)).toBe('divergent');
    expect(() => automerge.merge(a, automerge.stateOf(forged))).toThrow(CorruptUpdateError);
  });

  test('every corrupted byte of an update is refused, or leaves the document as it was', () => {
    const { updates } = writeAutomerge();
    const [first] = updates;
    if (!first) throw new Error('expected an update');
    const before = versionOf(automerge, openAutomerge('bbbb'));
    for (const index of first.keys()) {
      const other = openAutomerge('bbbb');
      try {
        const merged = automerge.merge(other, first.with(index, (first[index] ?? 0) ^ 0x01));
        expect(versionOf(automerge, merged)).toEqual(before);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptUpdateError);
        expect(versionOf(automerge, other)).toEqual(before);
      }
    }
  });
});
