import { categories, features, type Product, products } from './catalogue.ts';
import { colourFamilies } from './colours.ts';

/** What a visitor asks the list for; unknown values of the address are dropped. */
export interface Listing {
  q: string;
  category: string[];
  colour: string[];
  feature: string[];
  price: string;
  sort: string;
  page: number;
}

export type Facet = 'category' | 'colour' | 'feature';

export const priceBands = [
  { id: '', name: 'Any price', from: 0, below: Number.POSITIVE_INFINITY },
  { id: 'under-50', name: 'Under $50', from: 0, below: 5000 },
  { id: 'under-80', name: 'Under $80', from: 0, below: 8000 },
  { id: 'under-120', name: 'Under $120', from: 0, below: 12000 },
  { id: 'from-120', name: '$120 and over', from: 12000, below: Number.POSITIVE_INFINITY },
];

export const orders = [
  { id: '', name: 'Featured' },
  { id: 'rating', name: 'Top rated' },
  { id: 'price-up', name: 'Price: low to high' },
  { id: 'price-down', name: 'Price: high to low' },
  { id: 'name', name: 'Name' },
];

export const facets: { id: Facet; name: string; options: { id: string; name: string }[] }[] = [
  { id: 'category', name: 'Category', options: categories.map(({ id, name }) => ({ id, name })) },
  { id: 'colour', name: 'Colour', options: colourFamilies.map(option) },
  { id: 'feature', name: 'Features', options: features.map(option) },
];

const PAGE_SIZE = 6;

export function parseListing(query: URLSearchParams): Listing {
  const known = (id: Facet) => {
    const options = facets.find((facet) => facet.id === id)?.options ?? [];
    return options.map((each) => each.id).filter((each) => query.getAll(id).includes(each));
  };
  const one = (name: string, options: { id: string }[]) => {
    return options.find((each) => each.id === query.get(name))?.id ?? '';
  };
  return {
    q: (query.get('q') ?? '').trim().slice(0, 100),
    category: known('category'),
    colour: known('colour'),
    feature: known('feature'),
    price: one('price', priceBands),
    sort: one('sort', orders),
    page: Math.max(1, Number.parseInt(query.get('page') ?? '1', 10) || 1),
  };
}

/** The address of a listing. A changed filter goes back to the first page. */
export function listingUrl(listing: Listing, change: Partial<Listing> = {}): string {
  const next = { ...listing, page: 1, ...change };
  const query = new URLSearchParams();
  if (next.q) query.set('q', next.q);
  for (const id of ['category', 'colour', 'feature'] as const) {
    for (const value of next[id]) query.append(id, value);
  }
  if (next.price) query.set('price', next.price);
  if (next.sort) query.set('sort', next.sort);
  if (next.page > 1) query.set('page', String(next.page));
  return query.size ? `/shop?${query}` : '/shop';
}

/** Every word must begin a word of the product's name, category, features or colours. */
export function searchProducts(q: string): Product[] {
  const wanted = wordsOf(q);
  return products.filter((product) => {
    const words = wordsOf(
      [
        product.name,
        product.category,
        ...product.features,
        ...product.colours.flatMap(({ name, family }) => [name, family]),
      ].join(' '),
    );
    return wanted.every((word) => words.some((each) => each.startsWith(word)));
  });
}

/** One page of the list, with the number of matches on all pages. */
export function findListed(listing: Listing): { found: Product[]; total: number; pages: number } {
  const band = priceBands.find((each) => each.id === listing.price) ?? priceBands[0];
  const matches = searchProducts(listing.q).filter((product) => {
    if (band && (product.price < band.from || product.price >= band.below)) return false;
    return facets.every(({ id }) => {
      return listing[id].length === 0 || listing[id].some((value) => hasTrait(product, id, value));
    });
  });
  const pages = Math.max(1, Math.ceil(matches.length / PAGE_SIZE));
  const start = (Math.min(listing.page, pages) - 1) * PAGE_SIZE;
  return {
    found: sorted(matches, listing.sort).slice(start, start + PAGE_SIZE),
    total: matches.length,
    pages,
  };
}

export function hasTrait(product: Product, facet: Facet, value: string): boolean {
  if (facet === 'category') return product.category === value;
  if (facet === 'feature') return product.features.some((each) => option(each).id === value);
  return product.colours.some((each) => option(each.family).id === value);
}

function sorted(list: Product[], sort: string): Product[] {
  if (sort === 'rating') return list.toSorted((a, b) => b.rating - a.rating);
  if (sort === 'price-up') return list.toSorted((a, b) => a.price - b.price);
  if (sort === 'price-down') return list.toSorted((a, b) => b.price - a.price);
  if (sort === 'name') return list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return list;
}

function option(name: string): { id: string; name: string } {
  return { id: name.toLowerCase().replaceAll(' ', '-'), name };
}

/** Words without a plural s, so that "jackets" finds a jacket. */
function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.map((word) => (word.length > 3 ? word.replace(/s$/, '') : word));
}
