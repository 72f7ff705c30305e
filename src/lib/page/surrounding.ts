import type { PageElement } from './element.ts';
import { labelOf, quote } from './outline.ts';
import { textOf } from './text.ts';

const LABEL_CHARS = 60;

/** Worth naming even without a label of their own. */
const landmarks = new Set(
  'banner complementary contentinfo dialog navigation search toolbar menu'.split(' '),
);

/** Their own text says which they are. */
const items = new Set(['article', 'listitem', 'row']);

const named = new Set('alertdialog figure form group radiogroup region table tabpanel'.split(' '));

/**
 * What an element stands in, to tell it from its twins: `listitem "Blue jacket 59 €"`, `navigation`;
 * `null` when nothing around it has a name. The same rule for every element.
 */
export function surroundingOf(element: PageElement): string | null {
  const own = labelOf(element);
  for (let around = element.parent; around; around = around.parent) {
    const { role } = around;
    if (role === null || !(landmarks.has(role) || items.has(role) || named.has(role))) continue;
    const label = around.name || headingIn(around) || (items.has(role) ? textOf(around) : '');
    if (label !== '' && label !== own) return `${role} ${quote(label, LABEL_CHARS)}`;
    if (label === '' && landmarks.has(role)) return role;
  }
  return null;
}

function headingIn(element: PageElement): string {
  for (const child of [...element.shadow, ...element.children]) {
    if (typeof child === 'string' || !child.visible) continue;
    const heading = child.role === 'heading' ? child.name : headingIn(child);
    if (heading !== '') return heading;
  }
  return '';
}
