import { adopt, type Kid, type Piece, pieceOf } from './pieces.ts';

/** Shorter lists are read anew at once. */
const LONG = 100;
/** After more changes a long list is read anew, too. */
const MOST_SPOTS = 200;

/**
 * Keeps in mind where the children of a long list changed, so that only these are read anew.
 *
 * @returns whether it was noted; else all children are to be read
 */
export function noteSpot(piece: Piece, record: MutationRecord): boolean {
  if (piece.areKidsOld || piece.kids.length < LONG || piece.textGroups.length > 0) return false;
  piece.spots ??= [];
  return piece.spots.push(record) <= MOST_SPOTS;
}

/**
 * The children with these changes. What no record added stands still, so that between two such neighbours
 * all that changed there is found in the document itself.
 *
 * @param write of a blank text
 * @returns `null` when it cannot be told from the records
 */
export function mend(
  piece: Piece,
  spots: readonly MutationRecord[],
  write: (blank: string) => string,
): { kids: Kid[]; gone: Piece[] } | null {
  const { element } = piece;
  const fresh = new Set<Node>();
  for (const { addedNodes } of spots) for (const node of addedNodes) fresh.add(node);
  const kids = piece.kids.slice();
  const gone: Piece[] = [];

  const isFixed = (node: Node): boolean =>
    node.nodeType === Node.ELEMENT_NODE && node.parentNode === element && !fresh.has(node);

  /** Place of the nearest that stands still, beside the list at its end; `null` when it is lost. */
  const fixedFrom = (beside: Node | null, step: -1 | 1): number | null => {
    let node = beside;
    while (node?.parentNode === element && !isFixed(node)) {
      node = step < 0 ? node.previousSibling : node.nextSibling;
    }
    if (!node) return step < 0 ? -1 : kids.length;
    let at = placeOf(kids, node);
    if (at < 0) return null;
    for (let kid = kids[at]; kid !== undefined; at += step, kid = kids[at]) {
      if (typeof kid !== 'string' && isFixed(kid.element)) break;
    }
    return at;
  };

  for (const { previousSibling, nextSibling } of spots) {
    const from = fixedFrom(previousSibling, -1);
    const to = fixedFrom(nextSibling, 1);
    if (from === null || to === null || from >= to) return null;
    const read = readBetween(piece, elementAt(kids, from), elementAt(kids, to), write);
    if (!read) return null;
    for (const kid of kids.splice(from + 1, to - from - 1, ...read)) {
      if (typeof kid !== 'string') gone.push(kid);
    }
  }
  const count = kids.reduce((sum, kid) => sum + (typeof kid === 'string' ? 0 : 1), 0);
  return count === element.childElementCount ? { kids, gone } : null;
}

function placeOf(kids: readonly Kid[], node: Node): number {
  const piece = node instanceof Element ? pieceOf(node) : undefined;
  return piece ? kids.indexOf(piece) : -1;
}

function elementAt(kids: readonly Kid[], place: number): Element | null {
  const kid = kids[place];
  return typeof kid === 'object' ? kid.element : null;
}

/** Both ends excluded; `null`: from the beginning, to the end. */
function readBetween(
  piece: Piece,
  from: Element | null,
  to: Element | null,
  write: (blank: string) => string,
): Kid[] | null {
  const read: Kid[] = [];
  let node: Node | null = from ? from.nextSibling : piece.element.firstChild;
  for (; node !== to; node = node.nextSibling) {
    if (!node) return null;
    if (node instanceof Element) read.push(adopt(node, piece));
    else if (node instanceof Text) {
      if (node.data.trim() !== '') return null;
      read.push(write(node.data));
    }
  }
  return read;
}
