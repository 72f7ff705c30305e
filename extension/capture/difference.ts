import type { Part } from '../../src/lib/splice.ts';
import type { Kid, Piece } from './pieces.ts';
import { closeOf, headOf, SHADOW_CLOSE, SHADOW_OPEN } from './write.ts';

/** How a piece was told last, and where it stands in the page that was told before. */
export type Told = {
  /** `Piece.written` then. */
  written: number;
  length: number;
  head: string;
  kids: readonly Kid[];
  shadow: readonly Kid[] | null;
  /** `at` and `index` count in the round of this number, among these kids of its parent. */
  round: number;
  at: number;
  index: number;
  among: readonly Kid[];
};

const last = { round: 0 };
let parts: Part[] = [];
let touched: Piece[] = [];

/**
 * How the page differs from what it was at the last call, as stretches of the old text and new text
 * between them; `isFirst`: all of it is new. Takes as long as what changed is, not as the page is. The
 * whole page must be written.
 */
export function differenceOf(root: Piece, isFirst: boolean): Part[] {
  last.round += 1;
  parts = [];
  touched = [];
  if (root.told && !isFirst) place(root.told, 0, 0, []);
  tellPiece(root);
  for (const piece of touched) remember(piece);
  touched = [];
  return parts;
}

function tellPiece(piece: Piece): void {
  const { told } = piece;
  if (told?.round !== last.round) {
    say(piece.html ?? '');
    touchAll(piece);
    return;
  }
  if (told.written === piece.written) {
    copy(told.at, told.length);
    return;
  }
  touched.push(piece);
  const head = headOf(piece);
  sayOrCopy(head, told.head, told.at);
  let at = told.at + told.head.length;
  if (told.shadow) {
    const end = placeKids(told.shadow, at + SHADOW_OPEN.length);
    if (piece.shadow) copy(at, SHADOW_OPEN.length);
    tellKids(piece.shadow ?? [], told.shadow, at + SHADOW_OPEN.length);
    if (piece.shadow) copy(end, SHADOW_CLOSE.length);
    at = end + SHADOW_CLOSE.length;
  } else if (piece.shadow) {
    say(SHADOW_OPEN);
    tellKids(piece.shadow, [], 0);
    say(SHADOW_CLOSE);
  }
  const end = placeKids(told.kids, at);
  tellKids(piece.kids, told.kids, at);
  copy(end, closeOf(piece).length);
}

/** @returns where they end */
function placeKids(kids: readonly Kid[], start: number): number {
  let at = start;
  for (let index = 0; index < kids.length; index++) {
    const kid = kids[index] ?? '';
    if (typeof kid === 'string') at += kid.length;
    else if (kid.told) {
      place(kid.told, at, index, kids);
      at += kid.told.length;
    }
  }
  return at;
}

function place(told: Told, at: number, index: number, among: readonly Kid[]): void {
  told.round = last.round;
  told.at = at;
  told.index = index;
  told.among = among;
}

/** @param start of the old kids in the page before */
function tellKids(kids: readonly Kid[], old: readonly Kid[], start: number): void {
  let at = start;
  let index = 0;
  for (const kid of kids) {
    if (typeof kid === 'string') {
      const before = old[index];
      if (before !== kid) {
        say(kid);
        continue;
      }
      copy(at, kid.length);
      at += kid.length;
      index += 1;
      continue;
    }
    tellPiece(kid);
    const { told } = kid;
    if (told?.round !== last.round || told.among !== old) continue;
    at = told.at + told.length;
    index = told.index + 1;
  }
}

function sayOrCopy(text: string, before: string, at: number): void {
  if (text === before) copy(at, text.length);
  else say(text);
}

function say(text: string): void {
  if (text === '') return;
  const before = parts.at(-1);
  if (typeof before === 'string') parts[parts.length - 1] = before + text;
  else parts.push(text);
}

function copy(at: number, length: number): void {
  if (length === 0) return;
  const before = parts.at(-1);
  if (typeof before === 'object' && before[0] + before[1] === at) before[1] += length;
  else parts.push([at, length]);
}

function touchAll(piece: Piece): void {
  touched.push(piece);
  for (const kid of piece.kids) if (typeof kid !== 'string') touchAll(kid);
  for (const kid of piece.shadow ?? []) if (typeof kid !== 'string') touchAll(kid);
}

function remember(piece: Piece): void {
  piece.told = {
    written: piece.written,
    length: piece.html?.length ?? 0,
    head: headOf(piece),
    kids: piece.kids,
    shadow: piece.shadow,
    round: 0,
    at: 0,
    index: 0,
    among: [],
  };
}
