/** A shop that only exists as pages: what it sells, how it words things, and of which parts it is built. */
export interface Shop {
  host: string;
  name: string;
  /** Things sold, as tasks call one of them. */
  thing: string;
  goods: Good[];
  /** Choices on a product's page, in the order of the page. */
  axes: Axis[];
  words: Words;
  parts: Parts;
}

export interface Good {
  name: string;
  /** Whole dollars. */
  price: number;
  /** 0 to 5. */
  rating: number;
  group: string;
}

interface Axis {
  id: string;
  /** As the page calls it. */
  label: string;
  /** As a task calls it; `{}` is the value. */
  said: string;
  values: string[];
  picker: Picker;
}

export type Picker = 'select' | 'radios' | 'buttons' | 'listbox' | 'tiles' | 'links';

/** What the shop says where, in its own words. */
export interface Words {
  search: string;
  find: string;
  groups: string;
  rated: string;
  cheapest: string;
  sort: string;
  newest: string;
  filter: string;
  quantity: string;
  add: string;
  view: string;
  cart: string;
  checkout: string;
  save: string;
  name: string;
  first: string;
  last: string;
  email: string;
  phone: string;
  street: string;
  city: string;
  zip: string;
  delivery: string;
  fast: string;
  normal: string;
  pickup: string;
  payment: string;
  invoice: string;
  transfer: string;
  onDelivery: string;
  terms: string;
  next: string;
  place: string;
  thanks: string;
  help: string;
  account: string;
  letter: string;
  join: string;
  all: string;
  some: string;
}

/** How each part is built; no two shops agree in all of them. */
interface Parts {
  search: 'form' | 'bare' | 'combobox' | 'none';
  /** How a search is sent. */
  send: 'enter' | 'button';
  filter: 'boxes' | 'chips' | 'links' | 'menu' | 'none';
  sort: 'select' | 'radios' | 'tabs' | 'links' | 'none';
  card: 'heading' | 'button' | 'whole' | 'row';
  quantity: 'number' | 'stepper' | 'select' | 'none';
  /** What happens after something was added. */
  added: 'page' | 'dialog' | 'notice';
  /** Fields of the address, in order. */
  fields: FieldId[];
  labels: 'for' | 'around' | 'aria' | 'placeholder';
  delivery: Picker;
  payment: Picker | 'none';
  terms: boolean;
  /** Whether the order is looked over on a page of its own. */
  review: boolean;
  consent: boolean;
  nav: 'top' | 'side' | 'bottom';
}

export type FieldId = 'name' | 'first' | 'last' | 'email' | 'phone' | 'street' | 'city' | 'zip';

/** What the visitor is after. */
export interface Wish {
  good: Good;
  /** By axis. */
  options: Record<string, string>;
  quantity: number;
  delivery: 'fast' | 'normal' | 'pickup';
  payment: 'invoice' | 'transfer' | 'onDelivery';
  /** Whether all cookies are accepted, or the needed ones only. */
  isConsenting: boolean;
  /** Whether the list is filtered by the good's group, and how it is ordered. */
  isFiltered: boolean;
  order: 'rated' | 'cheapest' | null;
  query: string;
}
