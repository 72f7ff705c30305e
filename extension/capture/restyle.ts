import { outdateBoxes } from './boxes.ts';
import { type Piece, pieceOf, rootPiece, soil, soilQuietly } from './pieces.ts';
import { isLate } from './slice.ts';
import { writeMarks } from './write.ts';

/** What may have been shown or hidden with all that is in it. */
const restyled = new Set<Piece>();
/** Those of them, and what is in them, that are still to be looked at. */
const marking: Piece[] = [];

/** Styles may show, hide and place everything anew. */
export function restyle(): void {
  const root = rootPiece();
  if (root) restyled.add(root);
  outdateBoxes();
}

/** The piece may be shown or hidden, with all that is in it. */
export function mayRestyle(piece: Piece): void {
  restyled.add(piece);
}

/** Whether something waits for `checkRestyled`. */
export function isRestyled(): boolean {
  return restyled.size + marking.length > 0;
}

/** Looks what is shown now. Goes on where it stopped. @returns whether nothing is left to do */
export function checkRestyled(): boolean {
  for (const top of restyled) marking.push(top);
  restyled.clear();
  for (let piece = marking.pop(); piece; piece = marking.pop()) {
    for (const kid of piece.kids) if (typeof kid !== 'string') marking.push(kid);
    for (const kid of piece.shadow ?? []) if (typeof kid !== 'string') marking.push(kid);
    // A custom element that was defined late: no record tells of its root.
    if (piece.shadow === null && piece.open !== null && piece.element.shadowRoot)
      soil(piece, 'own');
    if (!piece.isMarkOld && piece.element.isConnected) {
      const { marks, isHidden } = piece;
      writeMarks(piece);
      if (piece.isHidden !== isHidden) soil(piece, 'html');
      else if (piece.marks !== marks) soilQuietly(piece, 'html');
    }
    if (isLate()) return marking.length === 0;
  }
  return true;
}

/** Corrects marks that a style changed unseen, such as those of a menu that came up under the pointer. */
export function reveal(element: Element): void {
  let top: Piece | null = null;
  for (let at = pieceOf(element) ?? null; at; at = at.parent) {
    if (at.isHidden && at.element.checkVisibility({ visibilityProperty: true })) top = at;
    if (at.shadow === null && at.element.shadowRoot) soil(at, 'own');
  }
  let most = 300;
  const visit = (piece: Piece): void => {
    soil(piece, 'marks');
    for (const kid of piece.kids) if (typeof kid !== 'string' && --most > 0) visit(kid);
  };
  if (top) visit(top);
}
