import { seededRandom } from '../../src/lib/page/random.ts';
import { deliveries, payments } from './pages.ts';
import type { FieldId, Shop, Wish } from './shop.ts';
import { beginVisit, type Visit } from './visit-state.ts';

/** One thing that a visitor does, and what it changes. */
export interface Act {
  /** `data-do` of what is acted on. */
  on: string;
  type: 'CLICK' | 'CHANGE' | 'INPUT' | 'SELECT' | 'KEY_PRESS';
  /** Typed or chosen; as the recorder masks it. */
  value?: string;
  key?: string;
  changes: (visit: Visit) => Partial<Visit>;
}

/** Somebody's errand in a shop: the task in words and the acts that do it. */
export interface Errand {
  task: string;
  acts: Act[];
  visit: Visit;
}

const people = ['Ada Fenn', 'Bo Larkin', 'Cleo Marsh', 'Dara Quill', 'Eli Stone', 'Fay Winter'];
const places = ['Ashford', 'Brightwell', 'Colby', 'Denholm', 'Everly', 'Foxton'];

/** What recorders write in place of personal values. */
const masked: Record<FieldId, string> = {
  name: '[NAME]',
  first: '[NAME]',
  last: '[NAME]',
  email: '[EMAIL]',
  phone: '[PHONE]',
  street: '[ADDRESS]',
  city: '[ADDRESS]',
  zip: '[ADDRESS]',
};

/** How far an errand goes: to the order, to the product's page, or until it is in the basket. */
const ends = ['order', 'look', 'basket'] as const;
type End = (typeof ends)[number];

/** Of so many errands in a row, the first is an order. */
export const ordersEvery = ends.length;

/**
 * The `number`-th errand of a shop; the same one every time. Every third one is an order of about twenty acts,
 * the others are short: some three to six, and some five to ten.
 */
export function errandOf(shop: Shop, number: number): Errand {
  const random = seededRandom(`${shop.host}/${number}`);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const good = pick(shop.goods);
  const wish: Wish = {
    good,
    options: Object.fromEntries(shop.axes.map(({ id, values }) => [id, pick(values)])),
    quantity: pick([1, 1, 2, 3]),
    delivery: pick(['fast', 'normal', 'pickup']),
    payment: pick(['invoice', 'transfer', 'onDelivery']),
    isConsenting: random() < 0.5,
    isFiltered: random() < 0.6,
    order: pick(['rated', 'cheapest', null]),
    query:
      random() < 0.5 ? good.group.toLowerCase() : (good.name.split(' ').at(-1) ?? '').toLowerCase(),
  };
  const end = ends[number % ends.length] ?? 'order';
  return {
    task: taskOf(shop, wish, end, pick),
    acts: actsOf(shop, wish, end),
    visit: beginVisit(shop),
  };
}

function taskOf(shop: Shop, wish: Wish, end: End, pick: <T>(list: readonly T[]) => T): string {
  const { good, quantity } = wish;
  const what = `${quantity > 1 ? `${quantity} times ` : ''}the ${good.name}`;
  const options = shop.axes
    .map(({ id, said }) => said.replace('{}', wish.options[id] ?? ''))
    .join(' and ');
  const how = {
    fast: ['by express', 'as fast as possible', 'with the fastest delivery'],
    normal: ['by standard delivery', 'without paying for speed', 'by the normal parcel'],
    pickup: ['to be picked up by me', 'for collection, no delivery', 'so that I can collect it'],
  }[wish.delivery];
  const pay = {
    invoice: ['I pay by invoice', 'let them send a bill'],
    transfer: ['I pay by bank transfer', 'payment by transfer'],
    onDelivery: ['I pay in cash', 'payment in cash when I get it'],
  }[wish.payment];
  const cookies = wish.isConsenting
    ? pick(['Accept the cookies.', 'All cookies are fine.'])
    : pick(['Refuse cookies that are not needed.', 'Only the necessary cookies.']);
  const steps = [
    wish.isFiltered && shop.parts.filter !== 'none'
      ? `Look only at ${good.group.toLowerCase()}.`
      : '',
    wish.order && shop.parts.sort !== 'none'
      ? wish.order === 'rated'
        ? pick(['Sort by rating.', 'Put the best rated first.'])
        : pick(['Sort by price, cheapest first.', 'Put the lowest price first.'])
      : '',
  ].filter(Boolean);
  const search =
    shop.parts.search === 'none'
      ? pick([`Go to ${good.group.toLowerCase()}.`, `Open the ${good.group.toLowerCase()}.`])
      : pick([`Search for “${wish.query}”.`, `Look for “${wish.query}”.`]);
  const terms = shop.parts.payment === 'none' ? '' : `; ${pick(pay)}`;
  const order = pick([
    `Then order ${what} ${options}`,
    `Then buy ${what} ${options}`,
    `Get ${what} ${options}`,
  ]);
  const first = shop.parts.consent ? [cookies, search] : [search];
  const begin = [...first, ...steps].join(' ');
  if (end === 'look')
    return `${begin} ${pick(['Then open', 'Then show me', 'Go to'])} the ${good.name}; I only want to read about it.`;
  if (end === 'basket')
    return `${begin} ${pick(['Then put', 'Put'])} ${what} ${options} into the basket; I order later.`;
  return `${begin} ${order}, ${pick(how)}${terms}. It is for ${pick(people)} in ${pick(places)}.`;
}

function actsOf(shop: Shop, wish: Wish, end: End): Act[] {
  return [
    ...consentActs(shop, wish),
    ...findActs(shop, wish),
    ...listActs(shop, wish),
    ...(end === 'look' ? [] : productActs(shop, wish)),
    ...(end === 'order' ? [...cartActs(shop), ...orderActs(shop, wish)] : []),
  ];
}

function consentActs({ parts }: Shop, { isConsenting }: Wish): Act[] {
  const on = isConsenting ? 'consent.all' : 'consent.some';
  return parts.consent ? [click(on, () => ({ isConsented: true }))] : [];
}

function findActs({ parts }: Shop, { query, good }: Wish): Act[] {
  if (parts.search === 'none')
    return [click(`group:${good.group}`, () => ({ page: 'list', group: good.group }))];
  const arrive: Act['changes'] = () => ({ page: 'list', query });
  return [
    { on: 'search', type: 'INPUT', value: query, changes: () => ({ typed: query }) },
    parts.send === 'enter'
      ? { on: 'search', type: 'KEY_PRESS', key: 'Enter', changes: arrive }
      : click('search.go', arrive),
  ];
}

function listActs(shop: Shop, wish: Wish): Act[] {
  const { parts, words } = shop;
  const acts: Act[] = [];
  const narrow: Act['changes'] = () => ({ group: wish.good.group });
  if (wish.isFiltered && parts.filter !== 'none' && parts.search !== 'none') {
    const on = `filter:${wish.good.group}`;
    const isBox = parts.filter === 'boxes' || parts.filter === 'menu';
    if (parts.filter === 'menu') acts.push(click('filter.open', () => ({ isMenuOpen: true })));
    acts.push(isBox ? tick(on, narrow) : click(on, narrow));
  }
  const order = wish.order;
  if (order && parts.sort !== 'none') {
    const label = words[order];
    const picker = parts.sort === 'tabs' ? 'buttons' : parts.sort;
    acts.push(choose('sort', picker, label, () => ({ order: order })));
  }
  acts.push(
    click(`open:${wish.good.name}`, () => ({ page: 'product', good: wish.good, typed: '' })),
  );
  return acts;
}

function productActs({ parts, axes }: Shop, wish: Wish): Act[] {
  const acts = axes.map(({ id, picker }) => {
    const value = wish.options[id] ?? '';
    return choose(`axis.${id}`, picker, value, ({ chosen }) => ({
      chosen: { ...chosen, [id]: value },
    }));
  });
  const set =
    (quantity: number): Act['changes'] =>
    () => ({ quantity });
  if (wish.quantity > 1) {
    const value = String(wish.quantity);
    if (parts.quantity === 'number')
      acts.push({ on: 'quantity', type: 'INPUT', value, changes: set(wish.quantity) });
    if (parts.quantity === 'select')
      acts.push({ on: 'quantity', type: 'SELECT', value, changes: set(wish.quantity) });
    if (parts.quantity === 'stepper')
      for (let number = 2; number <= wish.quantity; number += 1)
        acts.push(click('quantity', set(number)));
  }
  acts.push(
    click('add', () => ({
      inCart: wish.quantity,
      isDialogOpen: parts.added === 'dialog',
      isNoticed: parts.added === 'notice',
      ...(parts.added === 'page' ? { page: 'cart' as const } : {}),
    })),
  );
  return acts;
}

function cartActs({ parts }: Shop): Act[] {
  const acts: Act[] = [];
  if (parts.added !== 'page')
    acts.push(
      click(parts.added === 'dialog' ? 'view' : 'cart', () => ({
        page: 'cart',
        isDialogOpen: false,
      })),
    );
  acts.push(click('checkout', () => ({ page: 'order' })));
  return acts;
}

function orderActs({ parts, words }: Shop, wish: Wish): Act[] {
  const acts: Act[] = parts.fields.map((id) => ({
    on: `field:${id}`,
    type: 'INPUT',
    value: masked[id],
    changes: ({ form }) => ({ form: { ...form, [id]: masked[id] } }),
  }));
  const delivery = deliveries(words)[wish.delivery];
  acts.push(choose('delivery', parts.delivery, delivery, () => ({ delivery: delivery })));
  const payment = payments(words)[wish.payment];
  if (parts.payment !== 'none')
    acts.push(choose('payment', parts.payment, payment, () => ({ payment: payment })));
  if (parts.review) acts.push(click('next', () => ({ page: 'review' })));
  if (parts.terms) acts.push(tick('terms', () => ({ isAgreed: true })));
  acts.push(click('place', () => ({ page: 'done' })));
  return acts;
}

function choose(key: string, picker: string, value: string, changes: Act['changes']): Act {
  if (picker === 'select') return { on: key, type: 'SELECT', value, changes };
  return picker === 'radios' ? tick(`${key}:${value}`, changes) : click(`${key}:${value}`, changes);
}

function click(on: string, changes: Act['changes']): Act {
  return { on, type: 'CLICK', changes };
}

/** A native box or radio: recorders tell of its change alone. */
function tick(on: string, changes: Act['changes']): Act {
  return { on, type: 'CHANGE', value: 'true', changes };
}
