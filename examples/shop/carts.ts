import { createHash } from 'node:crypto';

import { colourOf, findProduct, type Product } from './catalogue.ts';
import type { Colour } from './colours.ts';
import type { Details } from './details.ts';

export interface Line {
  /** Names the product, colour and size; one line of a cart per sku. */
  sku: string;
  product: Product;
  colour: Colour;
  size: string;
  quantity: number;
}

export interface Cart {
  id: string;
  lines: Line[];
  details: Details | null;
  orderCount: number;
}

export interface Order {
  number: string;
  cartId: string;
  lines: Line[];
  details: Details;
}

export interface Store {
  carts: Map<string, Cart>;
  orders: Map<string, Order>;
  /** Carts made so far, dropped ones too: the next id. */
  cartCount: number;
}

export interface Totals {
  subtotal: number;
  delivery: number;
  tax: number;
  total: number;
}

export const MAX_QUANTITY = 9;
const MAX_CARTS = 500;
const FREE_DELIVERY_FROM = 10000;
const TAX_RATE = 0.0825;

export function openStore(): Store {
  return { carts: new Map(), orders: new Map(), cartCount: 0 };
}

/** A cart nobody else has. The oldest is dropped at 500, so that a long demo stays small. */
export function makeCart(store: Store): Cart {
  const oldest = store.carts.keys().next().value;
  if (store.carts.size >= MAX_CARTS && oldest) store.carts.delete(oldest);
  store.cartCount += 1;
  const cart: Cart = { id: `c${store.cartCount}`, lines: [], details: null, orderCount: 0 };
  store.carts.set(cart.id, cart);
  return cart;
}

function skuOf(product: Product, colour: Colour, size: string): string {
  return `${product.slug}.${colour.id}.${size.toLowerCase().replaceAll(' ', '-')}`;
}

/**
 * Adds to the line of the same sku, up to nine pieces.
 *
 * @returns what the visitor should mend, or `null` when it is in the cart
 */
export function addToCart(
  cart: Cart,
  wish: { slug: string; colour: string; size: string; quantity: string },
): string | null {
  const product = findProduct(wish.slug);
  if (!product) return 'This product is no longer sold.';
  if (!product.sizes.includes(wish.size)) return 'Choose a size.';
  if (product.soldOut.includes(wish.size)) return `Size ${wish.size} is sold out.`;

  const colour = colourOf(product, wish.colour);
  const sku = skuOf(product, colour, wish.size);
  const quantity = clampQuantity(wish.quantity) || 1;
  const line = cart.lines.find((each) => each.sku === sku);
  if (line) line.quantity = Math.min(MAX_QUANTITY, line.quantity + quantity);
  else cart.lines.push({ sku, product, colour, size: wish.size, quantity });
  return null;
}

/** Sets how many of a line; none removes it. An unknown sku changes nothing. */
export function setQuantity(cart: Cart, sku: string, text: string): void {
  const quantity = clampQuantity(text);
  cart.lines = cart.lines
    .map((line) => (line.sku === sku ? { ...line, quantity } : line))
    .filter((line) => line.quantity > 0);
}

export function countPieces(lines: Line[]): number {
  return lines.reduce((sum, line) => sum + line.quantity, 0);
}

/** In US cents. Standard delivery is free from $100; the tax is an invented 8.25 %. */
export function totalsOf(lines: Line[], delivery: 'standard' | 'express'): Totals {
  const subtotal = lines.reduce((sum, line) => sum + line.quantity * line.product.price, 0);
  const standard = subtotal >= FREE_DELIVERY_FROM ? 0 : 600;
  const cost = delivery === 'express' ? 1400 : standard;
  const tax = Math.round(subtotal * TAX_RATE);
  return { subtotal, delivery: cost, tax, total: subtotal + cost + tax };
}

/** Turns the cart into an order and empties it; the same cart always gets the same numbers. */
export function placeOrder(store: Store, cart: Cart, details: Details): Order {
  cart.orderCount += 1;
  const digest = createHash('sha256').update(`${cart.id}/${cart.orderCount}`).digest();
  const number = `TF-${String(100000 + (digest.readUInt32BE(0) % 900000))}`;
  const order = { number, cartId: cart.id, lines: cart.lines, details };
  store.orders.set(number, order);
  cart.lines = [];
  cart.details = null;
  return order;
}

function clampQuantity(text: string): number {
  const wanted = Number.parseInt(text, 10) || 0;
  return Math.min(MAX_QUANTITY, Math.max(0, wanted));
}
