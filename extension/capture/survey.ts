import type { Part } from '../../src/lib/splice.ts';
import { assemble } from './assemble.ts';
import { areBoxesOld, areFarBoxesOld, checkBoxes, isMeasuring } from './boxes.ts';
import { endChanges, takeChanges, unchangedMs, watch } from './changes.ts';
import { differenceOf } from './difference.ts';
import {
  age,
  group,
  lastNumber,
  type Piece,
  pieceOf,
  rootPiece,
  soil,
  soilQuietly,
} from './pieces.ts';
import { checkRestyled, isRestyled, mayRestyle } from './restyle.ts';
import { beginSlice, sliceLeft } from './slice.ts';
import { stateOf } from './write.ts';

/** The whole page as it was written last. */
export type Whole = {
  html: string;
  /** `age.content` then. */
  content: number;
  /** Elements with a higher number came later. */
  number: number;
  at: number;
};

/** So long after the last change what is far out of view is measured again, too; milliseconds. */
const RESTED = 1_000;

let whole: Whole | null = null;

/** Watches the page from now on. What it learns costs the page little, and only while it rests. */
export function beginSurvey(): void {
  watch(document);
  for (const { element } of group('host')) if (element.shadowRoot) watch(element.shadowRoot);
  const root = rootPiece();
  if (root) soilAll(root);
}

export function endSurvey(): void {
  endChanges();
  whole = null;
}

/** Whether something waits for `survey`. */
export function isStale(): boolean {
  return !isWritten() || isRestyled() || areBoxesOld() || isFarDue();
}

/**
 * Brings what is known of the page up to date, as far as the time allows.
 *
 * @returns whether all of the page is known as it is now
 */
export function survey(budgetMs: number): boolean {
  takeChanges();
  beginSlice(budgetMs);
  checkFields();
  const root = rootPiece();
  if (!root || !assemble(root)) return false;
  if (whole?.content !== age.content) {
    whole = { html: root.html ?? '', content: age.content, number: lastNumber(), at: Date.now() };
  }
  return true;
}

/** As `survey`, after what no action waits for. @returns whether nothing is left to do */
export function surveyAtLeisure(budgetMs: number): boolean {
  beginSlice(budgetMs);
  takeChanges();
  // Rules such as `:empty + p` show and hide what no attribute tells of: at rest all of it is looked at.
  const root = isFarDue() && !isMeasuring() ? rootPiece() : null;
  if (root) mayRestyle(root);
  return checkBoxes(isFarDue()) && checkRestyled() && survey(sliceLeft());
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

/**
 * Writes again what may hold one of these words, in lower case: something personal became known. What
 * was written with them is used no more.
 */
export function forgetWords(words: string[]): void {
  whole = null;
  const root = rootPiece();
  if (root) soilHolding(root, (html) => words.some((word) => html.toLowerCase().includes(word)));
}

function isFarDue(): boolean {
  return areFarBoxesOld() && unchangedMs() >= RESTED;
}

/** Values and ticks change without any change of the document. */
function checkFields(): void {
  for (const piece of group('field')) {
    const { element } = piece;
    if (piece.sensitivityAge !== age.labels) soilQuietly(piece, 'own');
    if (piece.state === null) continue;
    const now = stateOf(element);
    if (now === piece.state) continue;
    piece.state = now;
    if (isNamedByValue(element)) soil(piece, 'own');
    else soilQuietly(piece, piece.tag === 'textarea' ? 'kids' : 'own');
    if (!(element instanceof HTMLSelectElement)) continue;
    for (const option of element.options) {
      const known = pieceOf(option);
      if (known) soilQuietly(known, 'own');
    }
  }
}

function isNamedByValue(field: Element): boolean {
  return field instanceof HTMLInputElement && /^(?:submit|reset|button)$/.test(field.type);
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
