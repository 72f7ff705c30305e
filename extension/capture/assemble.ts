import { watch } from './changes.ts';
import type { Kid, Piece } from './pieces.ts';
import { isLate } from './slice.ts';
import {
  closeOf,
  headOf,
  SHADOW_CLOSE,
  SHADOW_OPEN,
  VOID,
  writeKids,
  writeMarks,
  writeOwn,
  writeShadow,
} from './write.ts';

/** Deeper elements are left out; the parser itself stops at 512. */
const DEEPEST = 1_000;

const last = { depth: 0, written: 0 };

/**
 * Writes what is to be written again of the piece and of all that is in it.
 *
 * @returns whether all of it is written; what is not goes on where it stopped
 */
export function assemble(piece: Piece): boolean {
  if (piece.html !== null) return true;
  if (isLate() || last.depth > DEEPEST) return last.depth > DEEPEST;
  last.depth += 1;
  try {
    return assembleAnew(piece);
  } finally {
    last.depth -= 1;
  }
}

function assembleAnew(piece: Piece): boolean {
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
  if (piece.areKidsOld || piece.spots) piece.kids = writeKids(piece);
  if (piece.shadow && piece.isShadowOld && element.shadowRoot) {
    piece.shadow = writeShadow(piece, element.shadowRoot);
  }
  let html = headOf(piece);
  if (!VOID.test(piece.tag)) {
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
  piece.isRenamed = false;
  last.written += 1;
  piece.written = last.written;
  return true;
}

function joined(kids: Kid[]): string | null {
  let html = '';
  for (const kid of kids) {
    if (typeof kid === 'string') html += kid;
    else if (kid.html !== null || assemble(kid)) html += kid.html ?? '';
    else return null;
  }
  return html;
}
