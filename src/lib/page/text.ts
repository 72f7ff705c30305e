import { laidOut, type PageElement } from './element.ts';

/** As `limits.nameChars` of the contract, so that a recorded name and one read here compare. */
const MAX_CHARS = 1_024;

/** Bounds the work on hostile pages, where many names point to one large element. */
const MAX_NODES = 500;

/** Everything else begins and ends a word. */
export const inlineTags: ReadonlySet<string> = new Set(
  'a abbr b bdi bdo cite code em font i kbd label mark q s small span strong sub sup time u var'.split(
    ' ',
  ),
);

/** Visible text with single spaces, as a person reads it; up to 1,024 characters or 500 nodes. */
export function textOf(element: PageElement): string {
  return readText(element, { instead: () => null });
}

/** Text of what an element holds; `instead` gives what is read in place of a child's content. */
export function readText(
  root: PageElement,
  {
    evenHidden = false,
    except,
    instead,
  }: {
    evenHidden?: boolean;
    except?: PageElement;
    instead: (child: PageElement) => string | null;
  },
): string {
  const parts: string[] = [];
  let nodes = 0;
  let chars = 0;
  const add = (text: string) => {
    parts.push(text);
    chars += text.length;
  };
  const read = (element: PageElement): void => {
    for (const child of laidOut(element)) {
      if (++nodes > MAX_NODES || chars > MAX_CHARS) return;
      if (typeof child === 'string') {
        add(child);
        continue;
      }
      if (child === except || (!evenHidden && !child.visible)) continue;
      const isBlock = !inlineTags.has(child.tag);
      if (isBlock) parts.push(' ');
      const other = instead(child);
      if (other === null) read(child);
      else add(other);
      if (isBlock) parts.push(' ');
    }
  };
  read(root);
  const text = tidy(parts.join(''));
  return text.length <= MAX_CHARS ? text : text.slice(0, MAX_CHARS).toWellFormed();
}

/** Single spaces inside, none around. */
export function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
