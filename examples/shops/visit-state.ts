import type { FieldId, Good, Shop } from './shop.ts';

type PageName = 'home' | 'list' | 'product' | 'cart' | 'order' | 'review' | 'done';

/** What a visitor has done so far, as far as pages show it. */
export interface Visit {
  page: PageName;
  /** In the search field. */
  typed: string;
  query: string;
  group: string | null;
  order: 'rated' | 'cheapest' | 'newest' | null;
  isMenuOpen: boolean;
  isDialogOpen: boolean;
  isNoticed: boolean;
  isConsented: boolean;
  good: Good | null;
  chosen: Record<string, string>;
  quantity: number;
  inCart: number;
  /** What fields show: masked as the recorder masks it. */
  form: Partial<Record<FieldId, string>>;
  delivery: string | null;
  payment: string | null;
  isAgreed: boolean;
}

export function beginVisit(shop: Shop): Visit {
  return {
    page: 'home',
    typed: '',
    query: '',
    group: null,
    order: null,
    isMenuOpen: false,
    isDialogOpen: false,
    isNoticed: false,
    isConsented: !shop.parts.consent,
    good: null,
    chosen: {},
    quantity: 1,
    inCart: 0,
    form: {},
    delivery: null,
    payment: null,
    isAgreed: false,
  };
}

/** Goods that the list shows, in its order. */
export function listed(shop: Shop, { group, order, query }: Visit): Good[] {
  const words = query.toLowerCase().split(' ').filter(Boolean);
  const isFound = ({ name, group: of }: Good) =>
    words.every((word) => `${name} ${of}`.toLowerCase().includes(word.replace(/s$/, '')));
  const found = shop.goods.filter((good) => (!group || good.group === group) && isFound(good));
  if (order === 'rated') return found.toSorted((a, b) => b.rating - a.rating);
  if (order === 'cheapest') return found.toSorted((a, b) => a.price - b.price);
  return order === 'newest' ? found.toReversed() : found;
}

export function groupsOf(shop: Shop): string[] {
  return [...new Set(shop.goods.map(({ group }) => group))];
}

export function addressOf(shop: Shop, visit: Visit): string {
  const at = `https://${shop.host}`;
  const slug = (visit.good?.name ?? '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const query = new URLSearchParams();
  if (visit.query) query.set('q', visit.query);
  if (visit.group) query.set('group', visit.group.toLowerCase());
  if (visit.order) query.set('sort', visit.order);
  switch (visit.page) {
    case 'home':
      return `${at}/`;
    case 'list':
      return `${at}/list${query.size > 0 ? `?${query}` : ''}`;
    case 'product':
      return `${at}/item/${slug}`;
    default:
      return `${at}/${visit.page}`;
  }
}
