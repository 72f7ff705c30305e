import type { Colour } from './colours.ts';
import type { Kind } from './garments.ts';
import { rows } from './stock.ts';

export interface Product {
  slug: string;
  name: string;
  kind: Kind;
  category: string;
  /** In US cents, tax not included. */
  price: number;
  /** Price before a reduction, in US cents. */
  was?: number;
  /** 0 to 5. */
  rating: number;
  reviews: number;
  blurb: string;
  colours: [Colour, ...Colour[]];
  sizes: [string, ...string[]];
  soldOut: string[];
  features: string[];
  weightGrams: number;
}

export const categories = [
  { id: 'jackets', name: 'Jackets', line: 'Shells, down and wind layers', kind: 'shell' },
  { id: 'layers', name: 'Layers', line: 'Fleece, merino and vests', kind: 'fleece' },
  { id: 'trousers', name: 'Trousers', line: 'For bogs, scree and pubs', kind: 'trousers' },
  { id: 'footwear', name: 'Footwear', line: 'Boots and trail shoes', kind: 'boot' },
  { id: 'extras', name: 'Packs & extras', line: 'Carried, worn, drunk from', kind: 'pack' },
] as const;

export const features = ['Waterproof', 'Insulated', 'Packable', 'Recycled fabric'];

const body: [string, ...string[]] = ['XS', 'S', 'M', 'L', 'XL'];
const feet: [string, ...string[]] = ['7', '8', '9', '10', '11', '12'];
const one: [string, ...string[]] = ['One size'];

const reductions: Record<string, number> = {
  'cairn-down-jacket': 22900,
  'gale-wind-jacket': 8500,
  'fellrun-trail-shoe': 14500,
};

export const products: Product[] = rows.map((row, index) => {
  const [name, kind, category, dollars, rating, reviews, colours, traits, soldOut, blurb] = row;
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const was = reductions[slug];
  const [first, ...others] = colours;
  if (!first) throw new Error(`expected a colour for ${name}, got none`);
  return {
    slug,
    name,
    kind,
    category,
    price: dollars * 100,
    ...(was ? { was } : {}),
    rating,
    reviews,
    blurb,
    colours: [first, ...others],
    sizes: category === 'footwear' ? feet : category === 'extras' ? one : body,
    soldOut,
    features: traits,
    weightGrams: 180 + ((index * 137) % 610),
  };
});

export function findProduct(slug: string): Product | undefined {
  return products.find((product) => product.slug === slug);
}

export function colourOf(product: Product, id: string | null): Colour {
  return product.colours.find((colour) => colour.id === id) ?? product.colours[0];
}

/** The size a card's "Add to cart" takes: the middle one that is in stock. */
export function usualSize(product: Product): string {
  const left = product.sizes.filter((size) => !product.soldOut.includes(size));
  return left[Math.floor((left.length - 1) / 2)] ?? product.sizes[0];
}
