import { group, type Piece, soilQuietly } from './pieces.ts';
import { isLate } from './slice.ts';
import { measure, writeBox } from './write.ts';

/** A pass over the boxes, which goes on in the next slice. */
type Pass = {
  pieces: Iterator<Piece>;
  y: number;
  isOfAll: boolean;
  /** Two stretches of the page, from top to bottom, where boxes are measured: what is fixed was in view before. */
  from: number;
  to: number;
  fromBefore: number;
  toBefore: number;
  scrolled: Element[];
};

const old = {
  /** Boxes in view or near it. */
  isNear: true,
  isFar: false,
  /** Where the page stood when they were measured. */
  y: 0,
};
/** Parts of the page that scrolled by themselves. */
const scrolled = new Set<Element>();
let pass: Pass | null = null;

/** Everything may stand elsewhere. */
export function outdateBoxes(): void {
  old.isNear = true;
  old.isFar = true;
}

/** The page scrolled, or the scroller in it: what does not move with the page stands elsewhere. */
export function moved(scroller: Element): void {
  old.isNear = true;
  // A field scrolls its text; nothing stands in it.
  if (scroller !== document.scrollingElement && scroller.firstElementChild) scrolled.add(scroller);
}

export function areBoxesOld(): boolean {
  return old.isNear;
}

export function areFarBoxesOld(): boolean {
  return old.isFar;
}

/** Whether a pass has begun and is not over. */
export function isMeasuring(): boolean {
  return pass !== null;
}

/**
 * Measures what is in view or near it, and what its scroller has moved. Goes on where it stopped.
 *
 * @param isOfAll all the rest, too
 * @returns whether nothing is left to do
 */
export function checkBoxes(isOfAll: boolean): boolean {
  if (!pass && !old.isNear && !isOfAll) return true;
  pass ??= beginPass(isOfAll);
  for (let next = pass.pieces.next(); !next.done; next = pass.pieces.next()) {
    const { value: piece } = next;
    if (!piece.box || piece.isHidden || piece.isMarkOld || !isDue(piece, pass)) continue;
    if (measure(piece)) {
      const { marks } = piece;
      writeBox(piece);
      if (piece.marks !== marks) soilQuietly(piece, 'html');
    }
    if (isLate()) return false;
  }
  old.y = pass.y;
  pass = null;
  return true;
}

function beginPass(isOfAll: boolean): Pass {
  const { scrollY: y, innerHeight: height } = window;
  const begun = {
    pieces: group('act').values(),
    y,
    isOfAll,
    from: y - height,
    to: y + 2 * height,
    fromBefore: old.y - height,
    toBefore: old.y + 2 * height,
    scrolled: [...scrolled],
  };
  old.isNear = false;
  if (isOfAll) old.isFar = false;
  scrolled.clear();
  return begun;
}

/** Asked of every piece that one can act on. */
function isDue({ box, tag, element }: Piece, due: Pass): boolean {
  if (tag === 'option') return false;
  const top = box?.y ?? 0;
  if (top > due.from && top < due.to) return true;
  if (due.isOfAll || (top > due.fromBefore && top < due.toBefore)) return true;
  return due.scrolled.length > 0 && due.scrolled.some((each) => each.contains(element));
}
