import { outdateBoxes } from './boxes.ts';
import { noteSpot } from './mend.ts';
import { type Piece, pieceOf, soil } from './pieces.ts';
import { mayRestyle, restyle } from './restyle.ts';

type Listener = (records: readonly MutationRecord[]) => void;

/** Attributes that styles look at; what they hide may be anywhere below. */
const STYLED = /^(?:class|style|hidden|open|inert|aria-|data-)/;
const STYLES = /^(?:style|link)$/;
/** The in-page mark is no part of the page. */
const MARK = 'codesight-mark';

const observer = new MutationObserver(note);
const listeners = new Set<Listener>();
/** When nodes came into the document by a change of it. */
const addedAt = new WeakMap<Node, number>();
const last = { changedAt: performance.now(), addedAt: Number.NEGATIVE_INFINITY };

/** Hears of the changes of a document or open shadow root until `endChanges`. */
export function watch(root: Document | ShadowRoot): void {
  observer.observe(root, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
}

export function endChanges(): void {
  observer.disconnect();
  listeners.clear();
}

/** Hears of every change of the document, after the task that made it. */
export function onChange(listener: Listener): void {
  listeners.add(listener);
}

/** Hears at once of what this task has changed so far. */
export function takeChanges(): void {
  note(observer.takeRecords());
}

/** Milliseconds since the document last changed. */
export function unchangedMs(): number {
  return performance.now() - last.changedAt;
}

/** Whether the element came into the document after this instant (`performance.now()`). */
export function wasAddedSince(element: Element, instant: number): boolean {
  takeChanges();
  if (last.addedAt < instant) return false;
  for (let at: Element | null = element, n = 0; at && n < 6; at = at.parentElement, n++) {
    if ((addedAt.get(at) ?? 0) >= instant) return true;
  }
  return false;
}

/** Called with a hundred records a second by a page that never rests. */
function note(records: MutationRecord[]): void {
  if (records.length === 0) return;
  const now = performance.now();
  let hasChanged = false;
  for (const record of records) {
    const { target } = record;
    if (record.type === 'attributes') {
      hasChanged = noteAttribute(target as Element, record.attributeName ?? '') || hasChanged;
    } else {
      const isText = record.type === 'characterData';
      const holder = isText ? target.parentNode : target;
      if (!holder || !noteKids(holder, record)) continue;
      hasChanged = true;
      if (!isText) noteNodes(record, now);
    }
  }
  if (!hasChanged) return;
  last.changedAt = now;
  outdateBoxes();
  for (const listener of listeners) listener(records);
}

/** @returns whether it counts as a change of the page */
function noteAttribute(element: Element, name: string): boolean {
  const piece = pieceOf(element);
  const tag = piece?.tag ?? element.localName;
  if (tag === MARK) return false;
  if (!piece) return true; // not met yet: its parent is to be read again
  soil(piece, name === 'style' ? 'marks' : 'own');
  if (STYLES.test(tag)) restyle();
  else if (STYLED.test(name)) mayRestyle(aroundOf(piece));
  return true;
}

/** `.open + .menu`: the neighbours may have changed with it. */
function aroundOf(piece: Piece): Piece {
  const { parent } = piece;
  return parent && parent.kids.length <= 60 ? parent : piece;
}

function noteKids(holder: Node, record: MutationRecord): boolean {
  const isShadow = holder instanceof ShadowRoot;
  const element = isShadow ? holder.host : holder;
  if (!(element instanceof Element) || element.localName === MARK) return false;
  const piece = pieceOf(element);
  if (!piece) return true;
  const isSpot = !isShadow && record.type === 'childList' && noteSpot(piece, record);
  soil(piece, isShadow ? 'shadow' : isSpot ? 'html' : 'kids');
  if (STYLES.test(piece.tag)) restyle();
  return true;
}

function noteNodes({ addedNodes, removedNodes }: MutationRecord, now: number): void {
  for (let index = 0; index < addedNodes.length; index++) {
    const node = addedNodes[index] as Node;
    addedAt.set(node, now);
    if (isStyles(node)) restyle();
  }
  if (addedNodes.length > 0) last.addedAt = now;
  for (let index = 0; index < removedNodes.length; index++) {
    if (isStyles(removedNodes[index] as Node)) restyle();
  }
}

function isStyles(node: Node): boolean {
  return node instanceof Element && STYLES.test(node.localName);
}
