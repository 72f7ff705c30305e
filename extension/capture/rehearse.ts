import { contextOf } from './context.ts';
import { analyse, targetOf } from './describe.ts';
import { isInView } from './dom.ts';
import { afterFrame } from './frames.ts';
import { group } from './pieces.ts';
import { selectorsOf } from './selectors.ts';

const PARTS = [contextOf, targetOf, selectorsOf, (element: Element) => analyse(element, true)];

const rehearsal = { isOver: false };

/**
 * Describes something that may be acted on while nobody acts: once in a document, a part in each idle time.
 * The first description takes 9 to 13 ms on the page of hard cases, the second less than 5: the browser
 * compiles what runs for the first time. Whoever acts then does not wait for that.
 */
export function rehearse(): void {
  if (rehearsal.isOver) return;
  rehearsal.isOver = true;
  const element = likely();
  const parts = element ? PARTS.values() : [].values();
  const next = (): void => {
    const { value: part } = parts.next();
    if (!part || !element?.isConnected) return;
    part(element);
    soon();
  };
  const soon = (): void => void requestIdleCallback(() => afterFrame(next));
  soon();
}

function likely(): Element | null {
  for (const { element, isHidden } of group('act')) {
    if (!isHidden && isInView(element.getBoundingClientRect())) return element;
  }
  return null;
}
