import { parentOf } from './dom.ts';
import { looksGenerated } from './generated.ts';
import { nameOf, roleOfElement } from './names.ts';
import { countAll, quote } from './paths.ts';
import { withRoleAndName } from './search.ts';

const REPEATED =
  'li,tr,article,section,fieldset,form,[role=row],[role=listitem],[role=group],dialog';
const KEYS = /^data-(?!cs-|v-|react)[\w-]*(?:id|key|sku|slug|product|item|row|name)[\w-]*$/;
const MOST_LEVELS = 16;

/**
 * The nearest card or row around an element that has a key of its own: a `data-` attribute, a stable
 * id, role and name, or the link in it. `null` when nothing around it is the only one of its kind.
 */
export function scopeOf(element: Element): { element: Element; selector: string } | null {
  let level = 0;
  for (let at = parentOf(element); at && at !== document.body; at = parentOf(at)) {
    if (++level > MOST_LEVELS) return null;
    const selector = keyOf(at);
    if (selector) return { element: at, selector };
  }
  return null;
}

function keyOf(element: Element): string | null {
  for (const { name, value } of element.attributes) {
    if (!KEYS.test(name) || !value || value.length > 120) continue;
    const selector = `[${name}=${quote(value)}]`;
    if (countAll(selector) === 1) return selector;
  }
  if (element.id && !looksGenerated(element.id)) return `#${CSS.escape(element.id)}`;
  if (!element.matches(REPEATED)) return null;
  const role = roleOfElement(element);
  const name = role ? nameOf(element) : '';
  if (role && name && name.length <= 120 && withRoleAndName(role, name)?.length === 1) {
    return `${role}[name=${quote(name)}]`;
  }
  const href = element.querySelector('a[href]')?.getAttribute('href');
  if (!href || href.length > 200) return null;
  const selector = `${element.localName}:has(a[href=${quote(href)}])`;
  return countAll(selector) === 1 ? selector : null;
}
