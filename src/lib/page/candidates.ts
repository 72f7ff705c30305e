import type { Page, PageElement } from './element.ts';
import { isContainer, labelOf } from './outline.ts';
import { controlOf, visibleElements } from './parse.ts';
import { shuffled } from './random.ts';

/** Elements that attract their likes; the target is one of them, and in nothing unlike the others. */
const PIVOTS = 4;

/** Share of things that nobody can act on, in every choice, so that one as the target is no sign. */
const STATIC_SHARE = 0.25;

/**
 * Elements of the page to choose from, the target among them, in random order.
 *
 * A target whose rivals were chosen around it could be read off as their middle. So the target and
 * three others, drawn at random, are pivots; each pivot brings rivals by the same rules (a window of
 * the page that begins anywhere before it, others of its kind and name, others of its role), and
 * nothing in the outcome tells which pivot it all began with. A page with no more elements than
 * `limit` gives them all.
 *
 * @param target must pass {@link canBeOffered}
 * @param random decides everything; the same stream gives the same choice
 */
export function chooseCandidates(
  page: Page,
  target: PageElement,
  { limit, random }: { limit: number; random: () => number },
): PageElement[] {
  const visible = visibleElements(page);
  const active = visible.filter((element) => element.interactive);
  const still = visible.filter((element) => isStill(page, element));
  const stillCount = Math.min(still.length, Math.floor(limit * STATIC_SHARE));
  const chosen = [
    ...choose(active, target, limit - stillCount, random),
    ...choose(still, target, stillCount, random),
  ];
  return shuffled(chosen, random);
}

function choose(
  pool: readonly PageElement[],
  target: PageElement,
  limit: number,
  random: () => number,
): PageElement[] {
  if (pool.length <= limit) return [...pool];
  const others = shuffled(
    pool.filter((element) => element !== target),
    random,
  );
  const pivots = [...(pool.includes(target) ? [target] : []), ...others].slice(
    0,
    Math.min(PIVOTS, limit),
  );
  const chosen = new Set(pivots);
  const add = (element: PageElement) => chosen.size < limit && chosen.add(element);
  const groups = shuffled(pivots, random).map((pivot) => rivals(pool, pivot, limit, random));
  for (let rank = 0; groups.some((group) => rank < group.length); rank++) {
    for (const group of groups) if (group[rank]) add(group[rank] as PageElement);
  }
  others.forEach(add);
  return [...chosen];
}

/** What a pivot is easily mistaken for, the three kinds taking turns. */
function rivals(
  pool: readonly PageElement[],
  pivot: PageElement,
  limit: number,
  random: () => number,
): PageElement[] {
  const share = Math.max(1, Math.ceil(limit / PIVOTS / 3));
  const key = keyOf(pivot);
  const kinds = [
    windowAround(pool, pivot, share + 1, random),
    shuffled(
      pool.filter((element) => keyOf(element) === key),
      random,
    ),
    shuffled(
      pool.filter((element) => element.role === pivot.role),
      random,
    ),
  ];
  const found: PageElement[] = [];
  for (const kind of kinds) {
    found.push(
      ...kind.filter((element) => element !== pivot && !found.includes(element)).slice(0, share),
    );
  }
  return found;
}

/** `size` neighbours in page order with the pivot anywhere among them, not in their middle. */
function windowAround(
  pool: readonly PageElement[],
  pivot: PageElement,
  size: number,
  random: () => number,
): PageElement[] {
  const at = pool.indexOf(pivot);
  const start = at - Math.floor(random() * size);
  const first = Math.max(0, Math.min(start, pool.length - size));
  return pool.slice(first, first + size);
}

/** An equivalence, so that all that share it stand alike: role and first word of the name. */
function keyOf(element: PageElement): string {
  return `${element.role} ${element.name.toLowerCase().split(' ', 1)[0]}`;
}

/** Whether an element may stand among candidates at all: a control, or something with a label. */
export function canBeOffered(page: Page, element: PageElement): boolean {
  return element.visible && (element.interactive || isStill(page, element));
}

/** A part of a control is left out: it would be a wrong answer that is right. */
function isStill(page: Page, element: PageElement): boolean {
  if (isContainer(element) || element.tag === 'option') return false;
  return controlOf(page, element) === null && labelOf(element) !== '';
}
