import type { Part } from '../../src/lib/splice.ts';
import { differenceOf } from './difference.ts';
import { adopt, age, group, type Kid, lastNumber, type Piece, pieceOf, soil } from './pieces.ts';
import {
  closeOf,
  headOf,
  measure,
  SHADOW_CLOSE,
  SHADOW_OPEN,
  stateOf,
  VOID,
  writeBox,
  writeKids,
  writeMarks,
  writeOwn,
  writeShadow,
} from './write.ts';

/** The whole page as it was written last. */
export type Whole = {
  html: string;
  /** `age.content` then. */
  content: number;
  /** Elements with a higher number came later. */
  number: number;
  at: number;
};

/** Deeper elements are left out; the parser itself stops at 512. */
const DEEPEST = 1_000;
/** So long after the last change what is far out of view is measured again, too; milliseconds. */
const RESTED = 1_000;
/** Attributes that styles look at; what they hide may be anywhere below. */
const STYLED = /^(?:class|style|hidden|open|inert|aria-|data-)/;

const STYLES = /^(?:style|link)$/;

const observer = new MutationObserver(note);
const listeners = new Set<(records: readonly MutationRecord[]) => void>();
/** What may have been shown or hidden with all that is in it. */
const restyled = new Set<Piece>();
/** Those of them, and what is in them, that are still to be looked at. */
const marking: Piece[] = [];
/** When nodes came into the document by a change of it. */
const addedAt = new WeakMap<Node, number>();
/** Parts of the page that scrolled by themselves. */
const scrolled = new Set<Element>();
const state = {
  changedAt: performance.now(),
  /** Of what is in view or near it. */
  areBoxesOld: true,
  areFarBoxesOld: false,
  /** Where the page stood when they were measured. */
  boxesY: 0,
  depth: 0,
  until: 0,
  count: 0,
  written: 0,
};
/** A pass over the boxes, which goes on in the next slice. */
type Pass = {
  pieces: Iterator<Piece>;
  y: number;
  isOfAll: boolean;
  /** Stretches of the page, from top to bottom, where boxes are measured: what is fixed was in view before. */
  near: [from: number, to: number][];
  scrolled: Element[];
};
let pass: Pass | null = null;
let whole: Whole | null = null;

/** Watches the page from now on. What it learns costs the page little, and only while it rests. */
export function beginSurvey(): void {
  watch(document);
  for (const { element } of group('host')) if (element.shadowRoot) watch(element.shadowRoot);
  const root = rootPiece();
  if (root) soilAll(root);
}

export function endSurvey(): void {
  observer.disconnect();
  listeners.clear();
  whole = null;
}

/** Hears of every change of the document, after the task that made it. */
export function onChange(listener: (records: readonly MutationRecord[]) => void): void {
  listeners.add(listener);
}

/** Milliseconds since the document last changed. */
export function unchangedMs(): number {
  return performance.now() - state.changedAt;
}

/** The page scrolled, or the scroller in it: what does not move with the page stands elsewhere. */
export function moved(scroller: Element): void {
  state.areBoxesOld = true;
  if (scroller !== document.scrollingElement) scrolled.add(scroller);
}

/** Styles may show, hide and place everything anew. */
export function restyle(): void {
  const root = rootPiece();
  if (root) restyled.add(root);
  state.areBoxesOld = true;
  state.areFarBoxesOld = true;
}

function isFarDue(): boolean {
  return state.areFarBoxesOld && unchangedMs() >= RESTED;
}

/** Whether something waits for `survey`. */
export function isStale(): boolean {
  return !isWritten() || restyled.size + marking.length > 0 || state.areBoxesOld || isFarDue();
}

/**
 * Brings what is known of the page up to date, as far as the time allows.
 *
 * @returns whether all of the page is known as it is now
 */
export function survey(budgetMs: number): boolean {
  note(observer.takeRecords());
  state.until = performance.now() + budgetMs;
  checkFields();
  const root = rootPiece();
  if (!root || !write(root)) return false;
  if (whole?.content !== age.content) {
    whole = { html: root.html ?? '', content: age.content, number: lastNumber(), at: Date.now() };
  }
  return true;
}

/** As `survey`, after what no action waits for. @returns whether nothing is left to do */
export function surveyAtLeisure(budgetMs: number): boolean {
  const until = performance.now() + budgetMs;
  state.until = until;
  note(observer.takeRecords());
  // Rules such as `:empty + p` show and hide what no attribute tells of: at rest all of it is looked at.
  const root = isFarDue() && !pass ? rootPiece() : null;
  if (root) restyled.add(root);
  return checkBoxes() && checkRestyled() && survey(until - performance.now());
}

/** Resolves when all of the page is known; never blocks it for long. */
export async function surveyed(): Promise<void> {
  while (!survey(8)) await scheduler.yield();
}

/** The page as it was written last, with everything in it; `null` before. */
export function lastWhole(): Whole | null {
  return whole;
}

/**
 * How this page differs from the one of the last call; `isFirst`: all of it is new.
 *
 * @returns `null` when the page has changed since it was written
 */
export function changeOf({ content }: Whole, isFirst: boolean): Part[] | null {
  const root = rootPiece();
  return root && content === age.content && isWritten() ? differenceOf(root, isFirst) : null;
}

/** Whether the page is written as it is now. */
export function isWritten(): boolean {
  return whole?.content === age.content && rootPiece()?.html != null;
}

/** Whether the element came into the document after this instant (`performance.now()`). */
export function wasAddedSince(element: Element, instant: number): boolean {
  note(observer.takeRecords());
  for (let at: Element | null = element, n = 0; at && n < 6; at = at.parentElement, n++) {
    if ((addedAt.get(at) ?? 0) >= instant) return true;
  }
  return false;
}

/** Corrects marks that a style changed unseen, such as those of a menu that came up under the pointer. */
export function reveal(element: Element): void {
  let top: Piece | null = null;
  for (let at = pieceOf(element) ?? null; at; at = at.parent) {
    if (at.isHidden && at.element.checkVisibility({ visibilityProperty: true })) top = at;
    if (at.element.shadowRoot && at.shadow === null) soil(at, 'own');
  }
  let most = 300;
  const visit = (piece: Piece): void => {
    soil(piece, 'marks');
    for (const kid of piece.kids) if (typeof kid !== 'string' && --most > 0) visit(kid);
  };
  if (top) visit(top);
}

/** The document and its open shadow roots, as far as they were met. */
export function openRoots(): (Document | ShadowRoot)[] {
  const roots: (Document | ShadowRoot)[] = [document];
  for (const { element } of group('host')) {
    if (element.isConnected && element.shadowRoot) roots.push(element.shadowRoot);
  }
  return roots;
}

/**
 * Writes again what may hold one of these words, in lower case: something personal became known. What
 * was written with them is used no more.
 */
export function forgetWords(words: string[]): void {
  whole = null;
  const root = rootPiece();
  if (root) soilHolding(root, (html) => words.some((word) => html.toLowerCase().includes(word)));
}

function rootPiece(): Piece | null {
  const element = document.documentElement;
  return element && adopt(element, null);
}

function watch(root: Document | ShadowRoot): void {
  observer.observe(root, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
}

function note(records: MutationRecord[]): void {
  let hasChanged = false;
  for (const { type, target, attributeName, addedNodes, removedNodes } of records) {
    const holder = type === 'characterData' ? target.parentNode : target;
    const isShadow = holder instanceof ShadowRoot;
    const element = isShadow ? holder.host : holder;
    if (!(element instanceof Element) || element.localName === 'codesight-mark') continue;
    hasChanged = true;
    for (const node of addedNodes) addedAt.set(node, performance.now());
    const piece = pieceOf(element);
    if (!piece) continue; // not met yet: its parent is to be read again
    if (type === 'attributes') noteAttribute(piece, attributeName ?? '');
    else soil(piece, isShadow ? 'shadow' : 'kids');
    if (STYLES.test(element.localName) || [...addedNodes, ...removedNodes].some(isStyles))
      restyle();
  }
  if (!hasChanged) return;
  state.changedAt = performance.now();
  state.areBoxesOld = true;
  state.areFarBoxesOld = true;
  for (const listener of listeners) listener(records);
}

function isStyles(node: Node): boolean {
  return node instanceof Element && STYLES.test(node.localName);
}

function noteAttribute(piece: Piece, name: string): void {
  soil(piece, name === 'style' ? 'marks' : 'own');
  if (!STYLED.test(name)) return;
  const { parent } = piece;
  // `.open + .menu`: the neighbours may have changed with it.
  restyled.add(parent && parent.kids.length <= 60 ? parent : piece);
}

function isLate(): boolean {
  state.count += 1;
  return state.count % 8 === 0 && performance.now() > state.until;
}

/** @returns whether all of it is written; what is not goes on where it stopped */
function write(piece: Piece): boolean {
  if (piece.html !== null) return true;
  if (isLate() || state.depth > DEEPEST) return state.depth > DEEPEST;
  state.depth += 1;
  try {
    return writeAnew(piece);
  } finally {
    state.depth -= 1;
  }
}

function writeAnew(piece: Piece): boolean {
  const { element } = piece;
  if (piece.open === null) {
    writeOwn(piece);
    if (element.shadowRoot && !piece.shadow) {
      piece.shadow = [];
      piece.isShadowOld = true;
      watch(element.shadowRoot);
    }
  }
  if (piece.isMarkOld) writeMarks(piece);
  if (piece.areKidsOld) piece.kids = writeKids(piece);
  if (piece.shadow && piece.isShadowOld && element.shadowRoot) {
    piece.shadow = writeShadow(piece, element.shadowRoot);
  }
  let html = headOf(piece);
  if (!VOID.test(element.localName)) {
    if (piece.shadow) {
      const shadow = joined(piece.shadow);
      if (shadow === null) return false;
      html += `${SHADOW_OPEN}${shadow}${SHADOW_CLOSE}`;
    }
    const kids = joined(piece.kids);
    if (kids === null) return false;
    html += kids + closeOf(piece);
  }
  piece.html = html;
  state.written += 1;
  piece.written = state.written;
  return true;
}

function joined(kids: Kid[]): string | null {
  let html = '';
  for (const kid of kids) {
    if (typeof kid === 'string') html += kid;
    else if (write(kid)) html += kid.html ?? '';
    else return null;
  }
  return html;
}

/** Values and ticks change without any change of the document. */
function checkFields(): void {
  for (const piece of group('field')) {
    const { element } = piece;
    if (piece.sensitivityAge !== age.labels) soil(piece, 'own');
    if (piece.state === null) continue;
    const now = stateOf(element);
    if (now === piece.state) continue;
    piece.state = now;
    soil(piece, element.localName === 'textarea' ? 'kids' : 'own');
    if (!(element instanceof HTMLSelectElement)) continue;
    for (const option of element.options) {
      const known = pieceOf(option);
      if (known) soil(known, 'own');
    }
  }
}

/** Goes on where it stopped. */
function checkRestyled(): boolean {
  for (const top of restyled) marking.push(top);
  restyled.clear();
  for (let piece = marking.pop(); piece; piece = marking.pop()) {
    for (const kid of piece.kids) if (typeof kid !== 'string') marking.push(kid);
    for (const kid of piece.shadow ?? []) if (typeof kid !== 'string') marking.push(kid);
    // A custom element that was defined late: no record tells of its root.
    if (piece.element.shadowRoot && piece.shadow === null && piece.open !== null)
      soil(piece, 'own');
    if (piece.element.isConnected && !piece.isMarkOld) {
      const { marks } = piece;
      writeMarks(piece);
      if (piece.marks !== marks) soil(piece, 'html');
    }
    if (isLate()) return marking.length === 0;
  }
  return true;
}

/**
 * Measures what is in view or near it, and what its scroller has moved; all the rest only when the page
 * has come to rest. Goes on where it stopped.
 */
function checkBoxes(): boolean {
  const isOfAll = isFarDue();
  if (!pass && !state.areBoxesOld && !isOfAll) return true;
  pass ??= beginPass(isOfAll);
  for (let next = pass.pieces.next(); !next.done; next = pass.pieces.next()) {
    const { value: piece } = next;
    if (!piece.box || piece.isHidden || piece.isMarkOld || !isDue(piece, pass)) continue;
    const { marks } = piece;
    measure(piece);
    writeBox(piece);
    if (piece.marks !== marks) soil(piece, 'html');
    if (isLate()) return false;
  }
  state.boxesY = pass.y;
  pass = null;
  return true;
}

function beginPass(isOfAll: boolean): Pass {
  const { scrollY: y, innerHeight: height } = window;
  const near = [y, state.boxesY].map((top): [number, number] => [top - height, top + 2 * height]);
  const begun = { pieces: group('act').values(), y, isOfAll, near, scrolled: [...scrolled] };
  state.areBoxesOld = false;
  if (isOfAll) state.areFarBoxesOld = false;
  scrolled.clear();
  return begun;
}

function isDue({ box, element }: Piece, { isOfAll, near, scrolled }: Pass): boolean {
  if (element.localName === 'option') return false;
  const top = box?.y ?? 0;
  return (
    isOfAll ||
    near.some(([from, to]) => top > from && top < to) ||
    scrolled.some((each) => each.contains(element))
  );
}

function soilAll(piece: Piece): void {
  piece.open = null;
  piece.html = null;
  piece.name = undefined;
  piece.isMarkOld = true;
  piece.areKidsOld = true;
  piece.isShadowOld = true;
  age.content += 1;
  for (const kid of piece.kids) if (typeof kid !== 'string') soilAll(kid);
  for (const kid of piece.shadow ?? []) if (typeof kid !== 'string') soilAll(kid);
}

function soilHolding(piece: Piece, holds: (html: string) => boolean): void {
  if (piece.html !== null && !holds(piece.html)) return;
  if (piece.open !== null && holds(piece.open)) soil(piece, 'own');
  for (const [part, kids] of [
    ['kids', piece.kids],
    ['shadow', piece.shadow ?? []],
  ] as const) {
    if (kids.some((kid) => typeof kid === 'string' && holds(kid))) soil(piece, part);
    for (const kid of kids) if (typeof kid !== 'string') soilHolding(kid, holds);
  }
}
