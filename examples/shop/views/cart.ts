import { icon, picture } from '../art.ts';
import {
  type Cart,
  countPieces,
  type Line,
  MAX_QUANTITY,
  type Totals,
  totalsOf,
} from '../carts.ts';
import { products } from '../catalogue.ts';
import { type Html, html, price } from '../html.ts';
import { productCard } from './card.ts';
import { breadcrumbs, layout, pieces } from './layout.ts';

export function cartPage(cart: Cart): Html {
  return layout(
    { title: 'Cart', cart },
    html`<div class="wrap">${breadcrumbs(['Home', '/'], ['Cart'])}
${cart.lines.length === 0 ? emptyCart() : fullCart(cart)}</div>`,
  );
}

/** What the page's script puts in the drawer after something was added. */
export function cartDrawer(cart: Cart): Html {
  const count = countPieces(cart.lines);
  return html`<div data-count="${count}">
<div class="heading-row"><h2>Added to your cart</h2>
<button class="icon-button" type="button" aria-label="Close cart" data-close>${icon('close')}</button></div>
<ul class="lines">${cart.lines.map(
    (
      line,
    ) => html`<li class="line">${thumbnail(line)}<div class="grow"><p><strong>${line.product.name}</strong></p>
<p class="small">${line.colour.name} · ${line.size} · ${pieces(line.quantity)}</p></div>
<p class="price">${price(line.quantity * line.product.price)}</p></li>`,
  )}</ul>
<p class="sum-row"><span>Subtotal</span><strong>${price(totalsOf(cart.lines, 'standard').subtotal)}</strong></p>
<a class="button large full" href="/cart">View cart</a>
<button class="button quiet full" type="button" data-close>Keep shopping</button></div>`;
}

export function summary(totals: Totals): Html {
  return html`<dl class="sums">
<div><dt>Subtotal</dt><dd>${price(totals.subtotal)}</dd></div>
<div><dt>Delivery</dt><dd data-testid="delivery-cost">${totals.delivery ? price(totals.delivery) : 'Free'}</dd></div>
<div><dt>Estimated tax</dt><dd>${price(totals.tax)}</dd></div>
<div class="sum-total"><dt>Total</dt><dd data-testid="total">${price(totals.total)}</dd></div></dl>`;
}

/** Lines as text, for pages on which they cannot be changed. */
export function plainLines(lines: Line[]): Html {
  return html`<ul class="lines">${lines.map(
    (line) => html`<li class="line">${thumbnail(line)}<div class="grow">
<p><strong>${line.product.name}</strong></p>
<p class="small">${line.colour.name} · ${line.size} · Quantity ${line.quantity}</p></div>
<p class="price">${price(line.quantity * line.product.price)}</p></li>`,
  )}</ul>`;
}

function fullCart(cart: Cart): Html {
  return html`<h1>Your cart <span class="count-note">${pieces(countPieces(cart.lines))}</span></h1>
<div class="two-columns">
<ul class="lines" aria-label="In your cart">${cart.lines.map(editableLine)}</ul>
<aside class="panel" aria-labelledby="summary"><h2 id="summary">Summary</h2>
${summary(totalsOf(cart.lines, 'standard'))}
<a class="button large full" href="/checkout" data-testid="checkout">Checkout</a>
<p class="small with-icon">${icon('lock')} Invented data only, please. Nothing is charged.</p></aside>
</div>
${suggestions(cart)}`;
}

/** Things worn with a jacket that are not in the cart yet, from all over the shop. */
function suggestions(cart: Cart): Html {
  const others = products.filter(
    ({ slug, price: cents }) =>
      cents < 9000 && !cart.lines.some((line) => line.product.slug === slug),
  );
  return html`<section aria-labelledby="others"><h2 id="others">While you are here</h2>
<ul class="grid four">${others.slice(3, 7).map((product) => productCard(product))}</ul></section>`;
}

function editableLine(line: Line): Html {
  const { product, quantity } = line;
  const post = (count: number, label: string, name: 'plus' | 'minus' | 'trash', off = false) =>
    html`<button${name === 'trash' && html` class="icon-button"`} name="quantity" value="${count}" aria-label="${label}"${
      off && html` disabled`
    }>${icon(name)}</button>`;
  return html`<li class="line big-line">${thumbnail(line)}
<div class="grow"><h2><a href="/products/${product.slug}?colour=${line.colour.id}">${product.name}</a></h2>
<p class="small">${line.colour.name} · Size ${line.size}</p>
<form class="row" action="/cart/${line.sku}" method="post">
<div class="stepper">${post(quantity - 1, 'Decrease quantity', 'minus', quantity === 1)}
<output aria-label="Quantity">${quantity}</output>
${post(quantity + 1, 'Increase quantity', 'plus', quantity === MAX_QUANTITY)}</div>
${post(0, 'Remove', 'trash')}</form></div>
<p class="price">${price(quantity * product.price)}</p></li>
`;
}

function emptyCart(): Html {
  return html`<div class="empty"><h1>Your cart is empty</h1><p>There is weather out there. Something should be in it.</p>
<a class="button" href="/shop?q=rain">Shop rainwear</a></div>
<section aria-labelledby="start"><h2 id="start">Good places to start</h2>
<ul class="grid four">${products.slice(6, 10).map((product) => productCard(product))}</ul></section>`;
}

function thumbnail({ product, colour }: Line): Html {
  return html`<span class="thumb">${picture({ kind: product.kind, colour })}</span>`;
}
