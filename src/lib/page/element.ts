import type { Rectangle } from '../../contract/interaction.ts';

/** A string is text. */
export type PageNode = PageElement | string;

export type PageElement = {
  /** `data-cs-ref`, unique in the snapshot; `null` where the recorder gave none. */
  ref: string | null;
  /** Lower case. */
  tag: string;
  attributes: Record<string, string>;
  /** `null` for an element without a role of its own, such as a plain `div`. */
  role: string | null;
  /** Accessible name with single spaces; empty when it has none. */
  name: string;
  /** 1 to 6 for headings, else `null`. */
  level: number | null;
  states: States;
  /** What a field holds, masked where the recorder masked it; `null` for what is no field. */
  value: string | null;
  /** Whether a person could see it, as far as the recorder's marks tell. */
  visible: boolean;
  /** Whether a person can act on it: a control, or measured as one by the recorder. */
  interactive: boolean;
  /** CSS pixels of the viewport; `null` where the recorder did not measure. */
  box: Rectangle | null;
  /** The host for what stands at the top of its shadow tree. */
  parent: PageElement | null;
  children: PageNode[];
  /** Top of the open shadow tree; empty when there is none. */
  shadow: PageNode[];
  /** The list in which it stands: children of the parent, or its shadow tree, or the page. */
  siblings: PageNode[];
  /** The element whose shadow tree it is in. */
  host: PageElement | null;
};

export type Page = {
  /** Of the first `title`; empty when there is none. */
  title: string;
  top: PageNode[];
  /** All, hidden ones included, in the order of the HTML. */
  elements: PageElement[];
  /** The first element of each ref. */
  byRef: ReadonlyMap<string, PageElement>;
  /** The field of each label: a click on the one acts on the other. */
  fieldOf: ReadonlyMap<PageElement, PageElement>;
  /** Whether the HTML was deeper than can be read, so that its end is missing here. */
  cutShort: boolean;
};

/** Only what the page says; an absent key means that the question does not arise. */
export type States = {
  checked?: boolean | 'mixed';
  selected?: boolean;
  disabled?: boolean;
  expanded?: boolean;
  pressed?: boolean | 'mixed';
};

/** Children as they are laid out: the shadow tree for a host, the assigned nodes for its slots. */
export function laidOut(element: PageElement): PageNode[] {
  if (element.tag === 'slot' && element.host) {
    const slot = element.attributes.name ?? '';
    const assigned = element.host.children.filter((node) => slotOf(node) === slot);
    return assigned.length > 0 ? assigned : element.children;
  }
  return element.shadow.length > 0 ? element.shadow : element.children;
}

function slotOf(node: PageNode): string {
  return typeof node === 'string' ? '' : (node.attributes.slot ?? '');
}
