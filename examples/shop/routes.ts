import { addToCart, type Cart, makeCart, placeOrder, type Store, setQuantity } from './carts.ts';
import { findProduct } from './catalogue.ts';
import { draftOf, parseDetails } from './details.ts';
import type { Html } from './html.ts';
import { parseListing, searchProducts } from './listing.ts';
import { cartDrawer, cartPage } from './views/cart.ts';
import { checkoutPage } from './views/checkout.ts';
import { helpPage, notFoundPage } from './views/help.ts';
import { homePage } from './views/home.ts';
import { listPage } from './views/list.ts';
import { orderPage, reviewPage } from './views/order.ts';
import { productPage } from './views/product.ts';

export interface Ask {
  method: string;
  url: URL;
  form: URLSearchParams;
  /** From the visitor's cookie; may be of another shop or invented. */
  cartId: string | null;
  /** The page's own script asks, and wants the cart drawer instead of a redirect. */
  wantsFragment: boolean;
}

export interface Reply {
  status: number;
  body: string;
  /** `text/html` when absent. */
  type?: string;
  headers?: Record<string, string>;
}

type Visit = Ask & { store: Store; cart: Cart };
type Route = [method: string, path: RegExp, (visit: Visit, name: string) => Reply];

const routes: Route[] = [
  ['GET', /^\/$/, ({ cart }) => page(homePage(cart))],
  ['GET', /^\/shop$/, ({ cart, url }) => page(listPage(cart, parseListing(url.searchParams)))],
  ['GET', /^\/products\/([\w-]+)$/, showProduct],
  ['GET', /^\/suggestions$/, suggest],
  ['GET', /^\/cart$/, ({ cart }) => page(cartPage(cart))],
  ['POST', /^\/cart$/, add],
  ['POST', /^\/cart\/([\w.-]+)$/, change],
  ['GET', /^\/checkout$/, showCheckout],
  ['POST', /^\/checkout$/, checkOut],
  ['GET', /^\/checkout\/review$/, review],
  ['POST', /^\/checkout\/place$/, place],
  ['GET', /^\/orders\/([\w-]+)$/, showOrder],
  ['GET', /^\/help$/, ({ cart }) => page(helpPage(cart))],
];

/** The whole shop: one request in, one reply out. Only a post makes a cart. */
export function answer(store: Store, ask: Ask): Reply {
  const known = store.carts.get(ask.cartId ?? '');
  const here = routes.filter(([, path]) => path.test(ask.url.pathname));
  const route = here.find(([method]) => method === ask.method);
  const cart =
    known ??
    (route && ask.method === 'POST'
      ? makeCart(store)
      : { id: '', lines: [], details: null, orderCount: 0 });
  if (here.length && !route) return { status: 405, type: 'text/plain', body: 'Error 405' };
  if (!route) return page(notFoundPage(cart), 404);

  const [, path, handle] = route;
  const reply = handle({ ...ask, store, cart }, path.exec(ask.url.pathname)?.[1] ?? '');
  if (known || !cart.id) return reply;
  const cookie = `cart=${cart.id}; Path=/; HttpOnly; SameSite=Lax`;
  return { ...reply, headers: { ...reply.headers, 'set-cookie': cookie } };
}

function showProduct({ cart, url }: Visit, slug: string): Reply {
  const product = findProduct(slug);
  if (!product) return page(notFoundPage(cart), 404);
  return page(productPage(cart, product, { colour: url.searchParams.get('colour') }));
}

function suggest({ url }: Visit): Reply {
  const q = (url.searchParams.get('q') ?? '').trim().slice(0, 100);
  const found = q.length > 1 ? searchProducts(q).slice(0, 5) : [];
  const body = JSON.stringify(found.map(({ slug, name }) => ({ slug, name })));
  return { status: 200, type: 'application/json', body };
}

function add({ cart, form, wantsFragment }: Visit): Reply {
  const slug = form.get('slug') ?? '';
  const wish = {
    slug,
    colour: form.get('colour') ?? '',
    size: form.get('size') ?? '',
    quantity: form.get('quantity') ?? '1',
  };
  const error = addToCart(cart, wish);
  const product = findProduct(slug);
  if (error && !product) return page(notFoundPage(cart), 404);
  if (error && product) return page(productPage(cart, product, { ...wish, error }), 422);
  return wantsFragment ? { status: 200, body: cartDrawer(cart).markup } : redirect('/cart');
}

function change({ cart, form }: Visit, sku: string): Reply {
  setQuantity(cart, sku, form.get('quantity') ?? '');
  return redirect('/cart');
}

function showCheckout({ cart }: Visit): Reply {
  if (cart.lines.length === 0) return redirect('/cart');
  return page(checkoutPage(cart, cart.details ? draftOf(cart.details) : {}, {}));
}

function checkOut({ cart, form }: Visit): Reply {
  if (cart.lines.length === 0) return redirect('/cart');
  const parsed = parseDetails(form);
  if ('errors' in parsed) return page(checkoutPage(cart, parsed.draft, parsed.errors), 422);
  cart.details = parsed.details;
  return redirect('/checkout/review');
}

function review({ cart }: Visit): Reply {
  if (cart.lines.length === 0) return redirect('/cart');
  if (!cart.details) return redirect('/checkout');
  return page(reviewPage(cart, cart.details, false));
}

function place({ store, cart, form }: Visit): Reply {
  if (cart.lines.length === 0) return redirect('/cart');
  if (!cart.details) return redirect('/checkout');
  if (!form.has('terms')) return page(reviewPage(cart, cart.details, true), 422);
  return redirect(`/orders/${placeOrder(store, cart, cart.details).number}`);
}

/** An order is shown to the cart that made it and to nobody else. */
function showOrder({ store, cart }: Visit, number: string): Reply {
  const order = store.orders.get(number);
  if (order?.cartId !== cart.id || !cart.id) return page(notFoundPage(cart), 404);
  return page(orderPage(cart, order));
}

function page(content: Html, status = 200): Reply {
  return { status, body: `<!doctype html>\n${content.markup}\n` };
}

function redirect(location: string): Reply {
  return { status: 303, body: '', headers: { location } };
}
