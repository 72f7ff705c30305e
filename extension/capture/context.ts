import { closestOf, collapse, isInView, isVisible, parentOf, textOf } from './dom.ts';
import { nameOf, roleOfElement } from './names.ts';
import { group, type Piece, pieceOf } from './pieces.ts';
import { cleanText } from './privacy.ts';
import { nameOfPiece } from './search.ts';

const SURROUNDING =
  /^(?:main|navigation|complementary|search|region|form|dialog|alertdialog|list|listbox|menu|table|grid|tree|tablist|row|listitem|article)$/;
const LIST =
  'ul,ol,[role=list],[role=listbox],[role=menu],table,[role=grid],[role=tree],[role=tablist]';
const NEARBY = 6;
/** Looked at in vain before a list is cut short. */
const MOST_LOOKS = 60;

/** What is around the element and on the page: of what is shown, the first of each. */
export function contextOf(element: Element | null) {
  return {
    landmarks: shown('landmark', 8).map(brief),
    headings: shown('heading', 8).map(({ element }) => cleanText(textOf(element, 120))),
    forms: firstForms(4).map((form) => ({
      name: cleanText(nameOf(form)).slice(0, 120) || null,
      fields: form.elements.length,
    })),
    fields: group('field').size,
    links: group('link').size,
    buttons: group('role:button').size,
    dialogs: [...shown('role:dialog', 4), ...shown('role:alertdialog', 4)].map(brief),
    surroundings: element ? surroundingsOf(element) : [],
    list: element ? listAround(element) : null,
    nearby: element ? nearby(element) : [],
  };
}

function shown(name: string, most: number): Piece[] {
  const found: Piece[] = [];
  let looks = 0;
  for (const piece of group(name)) {
    if (found.length === most || ++looks > MOST_LOOKS) break;
    if (piece.element.isConnected && !piece.isHidden && isVisible(piece.element)) found.push(piece);
  }
  return found;
}

/** `document.forms` searches the whole page after every change of it. */
function firstForms(most: number): HTMLFormElement[] {
  return [...group('form')]
    .flatMap(({ element }) => (element instanceof HTMLFormElement ? [element] : []))
    .filter((form) => form.isConnected)
    .sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_PRECEDING ? 1 : -1))
    .slice(0, most);
}

/** From the inside out. */
function surroundingsOf(element: Element): unknown[] {
  const found: unknown[] = [];
  for (let at = parentOf(element); at && found.length < 8; at = parentOf(at)) {
    const role = roleOfElement(at);
    if (role && SURROUNDING.test(role)) found.push({ tag: at.localName, role, name: nameFor(at) });
  }
  return found;
}

/** Which of how many it is, in the list or table around it. */
function listAround(element: Element): { role: string | null; items: number; item: number } | null {
  const parent = parentOf(element);
  const list = parent && closestOf(parent, LIST);
  if (!list) return null;
  const holder = list.localName === 'table' ? (element.closest('tbody,thead,table') ?? list) : list;
  let item = element;
  for (let at = parentOf(element); at && at !== holder; at = parentOf(at)) item = at;
  let place = 1;
  for (let at = item.previousElementSibling; at; at = at.previousElementSibling) place += 1;
  return { role: roleOfElement(list), items: holder.childElementCount, item: place };
}

/** By the places that were measured last; those that are told are measured again. */
function nearby(element: Element): unknown[] {
  const box = element.getBoundingClientRect();
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  const close: { piece: Piece; distance: number }[] = [];
  const { scrollX: right, scrollY: down } = window;
  let farthest = Math.hypot(innerWidth, innerHeight); // what is shown is no farther
  for (const piece of group('act')) {
    const known = piece.box;
    if (!known) continue;
    const dy = known.y - down + known.height / 2 - y;
    if (dy > farthest || dy < -farthest) continue;
    const { isHidden, role } = piece;
    if (known.width === 0 || isHidden || role === null || role === 'option') continue;
    const dx = known.x - right + known.width / 2 - x;
    const distance = Math.hypot(dx, dy);
    if (distance >= farthest) continue;
    close.push({ piece, distance });
    if (close.length < NEARBY * 4) continue;
    close.sort((a, b) => a.distance - b.distance).splice(NEARBY * 2);
    farthest = close.at(-1)?.distance ?? farthest;
  }
  return close
    .sort((a, b) => a.distance - b.distance)
    .slice(0, NEARBY * 2)
    .filter(({ piece: { element: each } }) => {
      return (
        each.isConnected && each !== element && !each.contains(element) && !element.contains(each)
      );
    })
    .map(({ piece }) => ({ piece, at: piece.element.getBoundingClientRect() }))
    .filter(({ at }) => isInView(at))
    .slice(0, NEARBY)
    .map(({ piece, at }) => ({
      ...brief(piece),
      dx: Math.round(at.x + at.width / 2 - x),
      dy: Math.round(at.y + at.height / 2 - y),
    }));
}

function brief(piece: Piece) {
  const { element, role } = piece;
  const name = cleanText(collapse(nameOfPiece(piece))).slice(0, 120) || null;
  return { tag: element.localName, role, name };
}

function nameFor(element: Element): string | null {
  const piece = pieceOf(element);
  return cleanText(piece ? nameOfPiece(piece) : nameOf(element)).slice(0, 120) || null;
}
