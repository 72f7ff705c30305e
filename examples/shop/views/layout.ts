import { icon } from '../art.ts';
import { type Cart, countPieces } from '../carts.ts';
import { categories } from '../catalogue.ts';
import { type Html, html } from '../html.ts';

export interface Frame {
  title: string;
  cart: Cart;
  /** The category the page belongs to, marked in the navigation. */
  category?: string;
  /** What the search box shows. */
  q?: string;
}

export function layout({ title, cart, category, q }: Frame, main: Html): Html {
  return html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Tarnfell</title>
<link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/shop.css">
<script type="module" src="/assets/shop.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<p class="banner">Free standard delivery over $100 · 60 days to change your mind</p>
${header(cart, category, q)}
<main id="main">${main}</main>
${footer()}
<dialog class="drawer" id="cart-drawer" aria-label="Cart"></dialog>
</body>
</html>`;
}

/** The trail above a page's heading; the last entry is the page itself. */
export function breadcrumbs(...trail: [name: string, href?: string][]): Html {
  return html`<nav class="crumbs" aria-label="Breadcrumb"><ol>${trail.map(([name, href]) =>
    href
      ? html`<li><a href="${href}">${name}</a></li>`
      : html`<li aria-current="page">${name}</li>`,
  )}</ol></nav>`;
}

function header(cart: Cart, category: string | undefined, q: string | undefined): Html {
  const count = countPieces(cart.lines);
  return html`<header class="top">
<div class="wrap top-row">
<a class="logo" href="/"><img src="/assets/mark.svg" alt="" width="34" height="34">Tarnfell</a>
<form class="search" action="/shop" role="search" data-search>
<label class="hidden" for="q">Search products</label>
<input id="q" name="q" type="search" placeholder="Search jackets, boots, bottles…" value="${q ?? ''}"
 autocomplete="off" maxlength="100" role="combobox" aria-expanded="false" aria-controls="suggestions"
 aria-autocomplete="list">
<button class="icon-button" aria-label="Search">${icon('search')}</button>
<ul class="suggestions" id="suggestions" role="listbox" aria-label="Suggestions" hidden></ul>
</form>
<nav class="tools" aria-label="Shop">
<a href="/help">Help</a>
<a class="cart-link" href="/cart" data-testid="cart-link" aria-label="Cart, ${pieces(count)}">${icon('cart')}<span
 class="count" data-cart-count aria-hidden="true"${count === 0 && html` hidden`}>${count}</span></a>
</nav>
</div>
<nav class="wrap categories" aria-label="Categories"><ul>
<li><a href="/shop"${category === '' && html` aria-current="page"`}>Everything</a></li>
${categories.map(
  ({ id, name }) => html`<li><a href="/shop?category=${id}"${
    category === id && html` aria-current="page"`
  }>${name}</a></li>
`,
)}</ul></nav>
</header>`;
}

function footer(): Html {
  return html`<footer class="bottom">
<div class="wrap bottom-grid">
<section><p class="logo">Tarnfell</p>
<p>Outdoor clothing for ordinary weather. Designed in a town with 204 rainy days a year.</p>
<button class="button quiet" popovertarget="letters">Letters from the fell</button>
<div class="popover" id="letters" popover role="dialog" aria-labelledby="letters-title">
<h2 id="letters-title">Letters from the fell</h2>
<p>One walk, one repair tip and the odd discount, once a month.</p>
<form data-letters>
<label for="letters-email">Email for the newsletter</label>
<input id="letters-email" name="email" type="email" required autocomplete="email">
<div class="row"><button class="button">Sign up</button>
<button class="button quiet" type="button" popovertarget="letters" popovertargetaction="hide">No, thanks</button></div>
</form><p role="status" data-letters-done></p>
</div></section>
<nav aria-label="Categories, again"><h2>Shop</h2><ul>${categories.map(
    ({ id, name }) => html`<li><a href="/shop?category=${id}">${name}</a></li>`,
  )}</ul></nav>
<nav aria-label="Help topics"><h2>Help</h2><ul>
<li><a href="/help#delivery">Delivery</a></li>
<li><a href="/help#returns">Returns</a></li>
<li><a href="/help#repairs">Repairs</a></li>
<li><a href="/help#contact">Contact</a></li>
</ul></nav>
<section><h2>Not a real shop</h2>
<p>Tarnfell is a demonstration. Nothing is sold, nothing is charged and carts are forgotten when the
server stops. Please use invented data only.</p></section>
</div>
<p class="wrap small">© Tarnfell Outfitters, a demonstration of CodeSight.</p>
</footer>`;
}

export function pieces(count: number): string {
  return count === 1 ? '1 item' : `${count} items`;
}
