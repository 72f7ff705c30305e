import type { Told } from './difference.ts';
import type { Sensitivity } from './privacy.ts';

/** A stretch of text is kept as it is written: masked and escaped. */
export type Kid = Piece | string;

/** What is known of an element of the page, and how it is written into a snapshot. */
export interface Piece {
  readonly element: Element;
  /** Its local name. */
  readonly tag: string;
  /** `data-cs-ref` is `e` and this; counts up in the order in which elements were met. */
  readonly number: number;
  /** The host for what stands at the top of an open shadow root. */
  parent: Piece | null;
  /** The start tag without marks and `>`; `null`: to be written again. */
  open: string | null;
  marks: string;
  isMarkOld: boolean;
  kids: Kid[];
  areKidsOld: boolean;
  /** Where the kids of a long list changed, when not all of them are to be read anew. */
  spots: MutationRecord[] | null;
  /** Top of the open shadow root; `null` without one. */
  shadow: Kid[] | null;
  isShadowOld: boolean;
  /** All of it; `null` while anything in it is to be written again. */
  html: string | null;
  /** Soiled, not only quietly, since `html` was written. */
  isRenamed: boolean;
  /** Counts up with every writing of `html`. */
  written: number;
  told: Told | null;
  isActionable: boolean;
  isHidden: boolean;
  /** Assistive technology is told of nothing in it, by its own attributes. */
  isConcealing: boolean;
  /** Among `shown`. */
  isCounted: boolean;
  /** Assistive technology is not told of it. */
  isConcealed: boolean;
  /** Of the page, not of the viewport; CSS pixels. `null` before it was measured. */
  box: { x: number; y: number; width: number; height: number } | null;

  role: string | null;
  /** `undefined`: to be worked out again. */
  name: string | undefined;
  nameAge: number;
  /** What a field holds, as far as changes of it are to be noticed. */
  state: string | null;
  sensitivity: Sensitivity | null;
  /** `age.labels` when it was found out. */
  sensitivityAge: number;
  groups: string[];
  textGroups: string[];
  stamp: number;
}

/** The in-page mark is no part of the page; it stands below the root. */
const MARK = 'CODESIGHT-MARK';

const pieces = new WeakMap<Element, Piece>();
const groups = new Map<string, Set<Piece>>();
const nobody: ReadonlySet<Piece> = new Set();
const last = { number: 0, stamp: 0 };

/** Elements that could be seen. */
export const shown = { count: 0 };

/** Counts changes of anything that names something else: names from before are worth nothing. */
export const age = { labels: 0, content: 0 };

/** The number of the last element that was met. */
export function lastNumber(): number {
  return last.number;
}

/** `undefined` before the element was met. */
export function pieceOf(element: Element): Piece | undefined {
  return pieces.get(element);
}

/** Of the document; `null` while it has no element. */
export function rootPiece(): Piece | null {
  const element = document.documentElement;
  return element && adopt(element, null);
}

/** The pieces of a kind; those of elements that have gone may be among them. */
export function group(name: string): ReadonlySet<Piece> {
  return groups.get(name) ?? nobody;
}

/** The piece of an element under this parent, made if need be. */
export function adopt(element: Element, parent: Piece | null): Piece {
  const known = pieces.get(element);
  if (known) {
    if (known.parent !== parent) {
      known.parent = parent;
      soilMarks(known);
    }
    return known;
  }
  last.number += 1;
  const piece: Piece = {
    element,
    tag: element.localName,
    number: last.number,
    parent,
    open: null,
    marks: '',
    isMarkOld: true,
    kids: [],
    areKidsOld: true,
    spots: null,
    shadow: null,
    isShadowOld: true,
    html: null,
    isRenamed: true,
    written: 0,
    told: null,
    isActionable: false,
    isHidden: false,
    isCounted: false,
    isConcealing: false,
    isConcealed: false,
    box: null,
    role: null,
    name: undefined,
    nameAge: 0,
    state: null,
    sensitivity: null,
    sensitivityAge: 0,
    groups: [],
    textGroups: [],
    stamp: 0,
  };
  pieces.set(element, piece);
  return piece;
}

/** `html`: only what is around its parts. */
export type SoiledPart = 'own' | 'kids' | 'shadow' | 'marks' | 'html';

/** Has a part of the piece written again, and with it all that holds it. What they are called may have changed. */
export function soil(piece: Piece, part: SoiledPart): void {
  soilPart(piece, part);
  // What is above a soiled piece is soiled already.
  for (let at: Piece | null = piece; at; at = at.parent) {
    if (at.tag === 'label') age.labels += 1;
    if (at !== piece && at.html === null && at.isRenamed) break;
    at.html = null;
    at.name = undefined;
    at.isRenamed = true;
  }
}

/** As `soil`, after a change of a value or of a place: nothing is called otherwise for it. */
export function soilQuietly(piece: Piece, part: SoiledPart): void {
  soilPart(piece, part);
  for (let at: Piece | null = piece; at; at = at.parent) {
    if (at !== piece && at.html === null) break;
    at.html = null;
  }
}

function soilPart(piece: Piece, part: SoiledPart): void {
  if (part === 'own') piece.open = null;
  else if (part === 'kids') piece.areKidsOld = true;
  else if (part === 'shadow') piece.isShadowOld = true;
  else if (part === 'marks') piece.isMarkOld = true;
  age.content += 1;
}

/** It stands elsewhere, with all that is in it. */
function soilMarks(piece: Piece): void {
  soil(piece, 'marks');
  for (const kid of piece.kids) if (typeof kid !== 'string') soilMarks(kid);
  for (const kid of piece.shadow ?? []) if (typeof kid !== 'string') soilMarks(kid);
}

/** Reads the children of an element or shadow root anew. */
export function exchange(
  old: Kid[],
  parent: ParentNode,
  owner: Piece,
  write: (text: Text) => string,
): Kid[] {
  last.stamp += 1;
  const { stamp } = last;
  const kids: Kid[] = [];
  const mayMark = owner.parent === null;
  for (let child = parent.firstChild; child; child = child.nextSibling) {
    const type = child.nodeType;
    if (type === Node.TEXT_NODE) kids.push(write(child as Text));
    if (type !== Node.ELEMENT_NODE || (mayMark && child.nodeName === MARK)) continue;
    const kid = adopt(child as Element, owner);
    kid.stamp = stamp;
    kids.push(kid);
  }
  for (const kid of old) {
    if (typeof kid !== 'string' && kid.stamp !== stamp && !kid.element.isConnected) forget(kid);
  }
  return kids;
}

export function regroup(piece: Piece, which: 'groups' | 'textGroups', names: string[]): void {
  const before = piece[which];
  if (before.length === names.length && names.every((name, index) => before[index] === name))
    return;
  for (const name of before) {
    if (names.includes(name)) continue;
    const members = groups.get(name);
    members?.delete(piece);
    if (members?.size === 0) groups.delete(name);
  }
  for (const name of names) {
    const members = groups.get(name);
    if (members) members.add(piece);
    else groups.set(name, new Set([piece]));
  }
  piece[which] = names;
}

export function countAsShown(piece: Piece, isShown: boolean): void {
  if (isShown !== piece.isCounted) shown.count += isShown ? 1 : -1;
  piece.isCounted = isShown;
}

/** The element is gone. If it comes back, it is the same one. */
export function forget(piece: Piece): void {
  regroup(piece, 'groups', []);
  regroup(piece, 'textGroups', []);
  countAsShown(piece, false);
  piece.open = null;
  piece.html = null;
  piece.areKidsOld = true;
  for (const kid of piece.kids) if (typeof kid !== 'string') forget(kid);
  for (const kid of piece.shadow ?? []) if (typeof kid !== 'string') forget(kid);
}
