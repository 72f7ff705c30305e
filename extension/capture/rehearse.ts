import { contextOf } from './context.ts';
import { analyse, targetOf } from './describe.ts';
import { isInView } from './dom.ts';
import { afterFrame } from './frames.ts';
import { group, type Piece } from './pieces.ts';
import { selectorsOf } from './selectors.ts';

/**
 * Elements that are described for practice. The first description takes 9 to 13 ms on the page of hard cases, the
 * fourth less than 5, the hundredth 0.5: the browser compiles what runs, and runs faster what it knows.
 */
const REHEARSALS = 3;
const PARTS = [contextOf, targetOf, selectorsOf, (element: Element) => analyse(element, true)];

const rehearsal = { isOver: false };

/** Describes what may be acted on while nobody acts: once in a document, a part in each idle time. */
export function rehearse(): void {
  if (rehearsal.isOver) return;
  rehearsal.isOver = true;
  const steps = likely().flatMap(({ element }) => PARTS.map((part) => () => part(element)));
  const next = (): void => {
    const step = steps.shift();
    if (!step) return;
    step();
    soon();
  };
  const soon = (): void => void requestIdleCallback(() => afterFrame(next));
  soon();
}

function likely(): Piece[] {
  const found: Piece[] = [];
  for (const piece of group('act')) {
    if (found.length === REHEARSALS) break;
    if (!piece.isHidden && isInView(piece.element.getBoundingClientRect())) found.push(piece);
  }
  return found;
}
