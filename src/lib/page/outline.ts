import { laidOut, type Page, type PageElement, type PageNode } from './element.ts';
import { optionsOf, wordsOfStates } from './state.ts';
import { inlineTags, tidy } from './text.ts';

export type OutlineOptions = {
  /** UTF-16 units. The kept elements stay even where they alone need more. */
  maxChars?: number;
  /** Ref to print before an element; `null` prints none. By default the snapshot's own. */
  refOf?: (element: PageElement) => string | null;
  /**
   * Elements that stay whatever is cut. Room that is left goes to lines near any of them, by distance
   * alone, so that no kept element has a larger surrounding than another.
   */
  keep?: ReadonlySet<PageElement>;
};

type Line = { depth: number; element: PageElement | null; text: (maxName: number) => string };

/** About 3,000 tokens: a page with 24 candidates, their surroundings and room for the history. */
export const OUTLINE_CHARS = 12_000;

const NAME_CHARS = 120;
const VALUE_CHARS = 80;
const OPTIONS = 12;

/** Names of kept lines shrink in these steps when they alone are too long. */
const NAME_STEPS = [NAME_CHARS, 60, 30, 15];

/** Roles that give lines an indentation, and vanish when nothing stands in them. */
const containers = new Set(
  `alert alertdialog article banner complementary contentinfo dialog feed figure form grid group list
  listbox listitem log main marquee menu menubar navigation radiogroup region row search status table
  tablist tabpanel toolbar tooltip tree treegrid`.split(/\s+/),
);

/** Roles that have a line of their own. */
const leaves = new Set(
  `button checkbox columnheader combobox gridcell heading img link menuitem menuitemcheckbox
  menuitemradio meter option progressbar radio rowheader scrollbar searchbox slider spinbutton switch
  tab textbox treeitem`.split(/\s+/),
);

/**
 * The page as indented lines, as a person would read it aloud:
 *
 *     heading 1 "Jackets"
 *     [e12] button "Add to cart" disabled
 *     [e3] searchbox "Search" value "rain"
 *     text "Free returns"
 *
 * Everything that comes from the page is in quotes and on one line, so that no page can forge a line.
 * What is left out is marked where it is missing: `… 37 lines left out`.
 */
export function renderOutline(page: Page, options: OutlineOptions = {}): string {
  const { maxChars = OUTLINE_CHARS, keep = new Set() } = options;
  const lines = readLines(page, options.refOf ?? (({ ref }) => ref), keep);
  const whole = lines.map((line) => print(line, NAME_CHARS));
  if (charsOf(whole) <= maxChars) return whole.join('\n');
  const kept = lines.flatMap((line, at) => (line.element && keep.has(line.element) ? [at] : []));
  const isKept = new Set(kept);
  const maxName = nameStep(lines, kept, maxChars);
  const printed = lines.map((line, at) => (isKept.has(at) ? print(line, maxName) : whole[at]));
  const shown = chooseLines(lines, printed as string[], kept, maxChars);
  return withMarks(printed as string[], shown).join('\n');
}

/** One element as a line without indentation: `[e12] button "Add to cart" disabled`. */
export function describeElement(
  element: PageElement,
  { ref = null, maxName = NAME_CHARS }: { ref?: string | null; maxName?: number } = {},
): string {
  const parts: string[] = ref === null ? [] : [`[${ref}]`];
  parts.push(element.role ?? 'generic');
  if (element.level !== null) parts.push(String(element.level));
  const name = labelOf(element);
  if (name !== '') parts.push(quote(name, maxName));
  if (element.value) parts.push(`value ${quote(element.value, VALUE_CHARS)}`);
  parts.push(...wordsOfStates(element.states));
  if (element.tag === 'select') parts.push(...choices(element));
  return parts.join(' ');
}

/** Text in quotes on one line, cut with `…`; never splits a surrogate pair. */
export function quote(text: string, maxChars: number): string {
  const tidy = text.replace(/[\s\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  const clipped =
    tidy.length <= maxChars ? tidy : `${dropHalf(tidy.slice(0, maxChars - 1)).trimEnd()}…`;
  return JSON.stringify(clipped.toWellFormed());
}

/** What stands in quotes for an element: its name, else the text it shows itself. */
export function labelOf(element: PageElement): string {
  return element.name || (isContainer(element) ? '' : ownText(element));
}

/** Whether it gives an outline its shape and is itself nothing to look at or act on. */
export function isContainer({ role }: PageElement): boolean {
  return role !== null && containers.has(role);
}

function ownText(element: PageElement): string {
  const parts: string[] = [];
  for (const child of laidOut(element)) {
    if (typeof child === 'string') parts.push(child);
    else if (child.visible && inlineTags.has(child.tag) && child.role === null)
      parts.push(ownText(child));
  }
  return tidy(parts.join(''));
}

function readLines(
  page: Page,
  refOf: (element: PageElement) => string | null,
  keep: ReadonlySet<PageElement>,
): Line[] {
  const lines: Line[] = [];
  const words: string[] = [];
  /** Names of the elements around that already say their content. */
  const said: string[] = [];

  const flush = (depth: number) => {
    const text = tidy(words.join(''));
    words.length = 0;
    if (text === '' || said.some((name) => name.includes(text))) return;
    lines.push({ depth, element: null, text: (max) => `text ${quote(text, max * 2)}` });
  };

  const read = (nodes: readonly PageNode[], depth: number, shown = true): void => {
    for (const node of nodes) {
      if (typeof node === 'string') {
        if (shown) words.push(node);
        continue;
      }
      // A kept element that is drawn by its label is visible by that alone; see `parsePage`.
      if (!node.visible && !hasVisible(node)) continue;
      readElement(node, depth);
    }
  };

  const readElement = (element: PageElement, depth: number): void => {
    const { role, tag } = element;
    const isAround = element.visible && isContainer(element);
    const isLeaf =
      element.visible &&
      (keep.has(element) || (role !== null && leaves.has(role) && isTold(element)));
    if (!isLeaf && !isAround) {
      const isBlock = !inlineTags.has(tag);
      if (isBlock) flush(depth);
      if (tag !== 'textarea' && tag !== 'select') read(laidOut(element), depth, element.visible);
      if (isBlock) flush(depth);
      return;
    }
    flush(depth);
    const at = lines.length;
    const ref = refOf(element);
    lines.push({
      depth,
      element,
      text: (maxName) => describeElement(element, { ref, maxName }),
    });
    if (tag === 'select' || tag === 'textarea') return;
    const saysContent = isLeaf && !isAround;
    if (saysContent) said.push(`${labelOf(element)} ${element.value ?? ''}`);
    read(laidOut(element), depth + 1);
    flush(depth + 1);
    if (saysContent) said.pop();
    if (!isLeaf && lines.length === at + 1) lines.pop();
  };

  read(page.top, 0);
  flush(0);
  return lines;
}

/** A picture without a name and a generic box tell nothing. */
function isTold({ role, name, interactive }: PageElement): boolean {
  return interactive || name !== '' || role !== 'img';
}

const shownBelow = new WeakMap<PageElement, boolean>();

/** Whether something in a hidden element is visible all the same. */
function hasVisible(element: PageElement): boolean {
  const known = shownBelow.get(element);
  if (known !== undefined) return known;
  const answer = laidOut(element).some(
    (child) => typeof child !== 'string' && (child.visible || hasVisible(child)),
  );
  shownBelow.set(element, answer);
  return answer;
}

function print(line: Line, maxName: number): string {
  return `${'  '.repeat(Math.min(line.depth, 20))}${line.text(maxName)}`;
}

function nameStep(lines: readonly Line[], kept: readonly number[], maxChars: number): number {
  const fits = (maxName: number) =>
    charsOf(kept.map((at) => print(lines[at] as Line, maxName))) <= maxChars * 0.75;
  return NAME_STEPS.find(fits) ?? (NAME_STEPS.at(-1) as number);
}

/** Kept lines, then the containers around them, then neighbours by distance; all within the room. */
function chooseLines(
  lines: readonly Line[],
  printed: readonly string[],
  kept: readonly number[],
  maxChars: number,
): Set<number> {
  const shown = new Set(kept);
  // A mark takes a line; there is at most one between two shown lines that do not touch.
  const markChars = '… 10000 lines left out\n'.length;
  let room =
    maxChars - charsOf(kept.map((at) => printed[at] as string)) - markChars * (kept.length + 1);
  const add = (at: number): boolean => {
    if (shown.has(at)) return true;
    const cost = (printed[at] as string).length + 1;
    if (cost > room) return false;
    room -= cost;
    shown.add(at);
    return true;
  };
  const around = [...new Set(kept.flatMap((at) => containersAround(lines, at)))];
  if (charsOf(around.map((at) => printed[at] as string)) + markChars * around.length <= room / 2) {
    room -= markChars * around.length;
    around.forEach(add);
  }
  for (const at of byDistance(lines.length, kept)) if (!add(at)) break;
  return shown;
}

function containersAround(lines: readonly Line[], at: number): number[] {
  const found: number[] = [];
  let depth = lines[at]?.depth ?? 0;
  for (let above = at - 1; above >= 0 && depth > 0; above--) {
    const line = lines[above] as Line;
    if (line.depth >= depth) continue;
    found.push(above);
    depth = line.depth;
  }
  return found;
}

/** Indices by their distance to the nearest of `kept`; the start of the page when nothing is kept. */
function byDistance(length: number, kept: readonly number[]): number[] {
  const order = Array.from({ length }, (_, at) => at);
  if (kept.length === 0) return order;
  const distance = new Array<number>(length).fill(Number.POSITIVE_INFINITY);
  for (const at of kept) distance[at] = 0;
  for (let at = 1; at < length; at++) {
    distance[at] = Math.min(distance[at] as number, (distance[at - 1] as number) + 1);
  }
  for (let at = length - 2; at >= 0; at--) {
    distance[at] = Math.min(distance[at] as number, (distance[at + 1] as number) + 1);
  }
  return order.sort((a, b) => (distance[a] as number) - (distance[b] as number) || a - b);
}

function withMarks(printed: readonly string[], shown: ReadonlySet<number>): string[] {
  const out: string[] = [];
  let missing = 0;
  const mark = () => {
    if (missing > 0) out.push(`… ${missing} ${missing === 1 ? 'line' : 'lines'} left out`);
    missing = 0;
  };
  for (const [at, line] of printed.entries()) {
    if (!shown.has(at)) missing++;
    else {
      mark();
      out.push(line);
    }
  }
  mark();
  return out;
}

function choices(select: PageElement): string[] {
  const options = optionsOf(select);
  if (options.length === 0) return [];
  const shown = options.slice(0, OPTIONS).map((option) => quote(option, 40));
  const more = options.length - shown.length;
  return [`options ${shown.join(', ')}${more > 0 ? `, … ${more} more` : ''}`];
}

function charsOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

function dropHalf(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}
