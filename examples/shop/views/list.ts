import { icon } from '../art.ts';
import type { Cart } from '../carts.ts';
import { categories, type Product } from '../catalogue.ts';
import { type Html, html } from '../html.ts';
import {
  facets,
  findListed,
  hasTrait,
  type Listing,
  listingUrl,
  orders,
  priceBands,
  searchProducts,
} from '../listing.ts';
import { productCard } from './card.ts';
import { breadcrumbs, layout } from './layout.ts';

export function listPage(cart: Cart, listing: Listing): Html {
  const title = titleOf(listing);
  const [only, ...others] = listing.category;
  return layout(
    { title, cart, q: listing.q, category: others.length ? '-' : (only ?? '') },
    html`<div class="wrap">
${title === 'Everything' ? breadcrumbs(['Home', '/'], [title]) : breadcrumbs(['Home', '/'], ['Everything', '/shop'], [title])}
<div class="list-layout" id="list" data-list>
<aside aria-label="Filters">${filters(listing)}</aside>
<section aria-labelledby="list-title">${results(listing, title)}</section>
</div></div>`,
  );
}

function filters(listing: Listing): Html {
  const reach = searchProducts(listing.q);
  return html`<form class="filters" id="filters" action="/shop" data-filters>
${listing.q && html`<input type="hidden" name="q" value="${listing.q}">`}
<h2>Filter</h2>
${facets.map(
  ({ id, name, options }) => html`<fieldset><legend>${name}</legend>
${options.map((option) => {
  const count = reach.filter((product) => hasTrait(product, id, option.id)).length;
  return html`<label class="check"><input type="checkbox" name="${id}" value="${option.id}"${
    listing[id].includes(option.id) && html` checked`
  }> <span>${option.name}</span> <span class="small" aria-hidden="true">${count}</span></label>
`;
})}</fieldset>
`,
)}
<div class="field"><label for="price">Price</label>
<select id="price" name="price">${priceBands.map((band) => choice(band, listing.price))}</select></div>
<button class="button without-script">Apply</button>
</form>`;
}

function results(listing: Listing, title: string): Html {
  const { found, total, pages } = findListed(listing);
  return html`<div class="heading-row"><div><h1 id="list-title">${title}</h1>
<p role="status" data-testid="result-count">${total === 1 ? '1 product' : `${total} products`}</p></div>
<div class="field inline"><label for="sort">Sort by</label>
<select id="sort" name="sort" form="filters">${orders.map((order) => choice(order, listing.sort))}</select></div></div>
${chips(listing)}
${
  total === 0
    ? html`<div class="empty"><h2>Nothing matches</h2><p>Try fewer filters or another word.</p>
<a class="button" href="/shop">See everything</a></div>`
    : html`<ul class="grid">${found.map((product) => productCard(product, shownColour(product, listing)))}</ul>`
}
${pages > 1 && pagination(listing, pages)}`;
}

function chips(listing: Listing): Html | null {
  const set = facets.flatMap(({ id, options }) =>
    options
      .filter((option) => listing[id].includes(option.id))
      .map((option) => ({
        name: option.name,
        href: listingUrl(listing, { [id]: listing[id].filter((each) => each !== option.id) }),
      })),
  );
  const band = priceBands.find((each) => each.id !== '' && each.id === listing.price);
  if (band) set.push({ name: band.name, href: listingUrl(listing, { price: '' }) });
  if (set.length === 0) return null;
  return html`<ul class="chips" aria-label="Active filters">${set.map(
    ({ name, href }) =>
      html`<li><a class="chip" href="${href}" aria-label="Remove filter ${name}" data-soft>${name} ${icon('close')}</a></li>`,
  )}<li><a href="${listing.q ? `/shop?q=${encodeURIComponent(listing.q)}` : '/shop'}" data-soft>Clear all</a></li></ul>`;
}

function pagination(listing: Listing, pages: number): Html {
  const current = Math.min(listing.page, pages);
  const link = (page: number, text: string, label: string) =>
    html`<li><a href="${listingUrl(listing, { page })}" aria-label="${label}" data-soft${
      page === current && html` aria-current="page"`
    }>${text}</a></li>`;
  return html`<nav class="pages" aria-label="Pages"><ul>
${current > 1 && link(current - 1, '←', 'Previous page')}
${Array.from({ length: pages }, (_, index) => link(index + 1, String(index + 1), `Page ${index + 1}`))}
${current < pages && link(current + 1, '→', 'Next page')}
</ul></nav>`;
}

/** A card shows the colour that was filtered for. */
function shownColour(product: Product, listing: Listing): Product['colours'][0] {
  return (
    product.colours.find((each) => listing.colour.includes(each.family.toLowerCase())) ??
    product.colours[0]
  );
}

function choice(option: { id: string; name: string }, chosen: string): Html {
  return html`<option value="${option.id}"${option.id === chosen && html` selected`}>${option.name}</option>`;
}

function titleOf(listing: Listing): string {
  if (listing.q) return `Results for “${listing.q}”`;
  const [only, ...others] = listing.category;
  if (others.length) return 'Selected categories';
  return categories.find(({ id }) => id === only)?.name ?? 'Everything';
}
