import { icon, picture } from '../art.ts';
import { type Product, usualSize } from '../catalogue.ts';
import type { Colour } from '../colours.ts';
import { type Html, html, price } from '../html.ts';

/** A product in a list. Its buttons are named alike on every card; the heading tells them apart. */
export function productCard(product: Product, colour: Colour = product.colours[0]): Html {
  const href = `/products/${product.slug}?colour=${colour.id}`;
  return html`<li><article class="card" data-testid="product-card">
<a class="card-picture" href="${href}" tabindex="-1" aria-hidden="true">${picture({ kind: product.kind, colour })}
${product.was && html`<span class="tag">Sale</span>`}</a>
<button class="icon-button save" type="button" aria-label="Save for later" aria-pressed="false"
 data-save="${product.slug}">${icon('heart')}</button>
<div class="card-body">
<h3><a href="${href}">${product.name}</a></h3>
${stars(product)}
<p class="dots" aria-label="Colours: ${product.colours.map((each) => each.name).join(', ')}" role="img">${product.colours.map(
    (each) => html`<span style="background:${each.hex}"></span>`,
  )}</p>
<div class="card-foot">${priceTag(product)}
<form action="/cart" method="post" data-add>
<input type="hidden" name="slug" value="${product.slug}">
<input type="hidden" name="colour" value="${colour.id}">
<input type="hidden" name="size" value="${usualSize(product)}">
<button class="button small-button">Add to cart</button>
</form></div>
</div></article></li>
`;
}

export function priceTag(product: Product): Html {
  if (!product.was) return html`<p class="price">${price(product.price)}</p>`;
  return html`<p class="price"><span class="hidden">Now </span>${price(product.price)}
<s><span class="hidden">was </span>${price(product.was)}</s></p>`;
}

export function stars({ rating, reviews }: Product): Html {
  return html`<p class="stars"><span class="stars-row" style="--rating:${rating}" role="img"
 aria-label="Rated ${rating.toFixed(1)} out of 5"></span>
<span class="small">${rating.toFixed(1)} (${reviews})</span></p>`;
}
