import { icon, picture } from '../art.ts';
import { type Cart, MAX_QUANTITY } from '../carts.ts';
import { categories, colourOf, type Product, products } from '../catalogue.ts';
import { type Html, html, price } from '../html.ts';
import { priceTag, productCard, stars } from './card.ts';
import { breadcrumbs, layout } from './layout.ts';
import { sizeGuide } from './size-guide.ts';

export interface Choice {
  colour: string | null;
  size?: string;
  quantity?: string;
  /** Why the last attempt to add it was refused. */
  error?: string;
}

export function productPage(cart: Cart, product: Product, choice: Choice): Html {
  const category = categories.find(({ id }) => id === product.category);
  const alike = products.filter((each) => each.category === product.category && each !== product);
  return layout(
    { title: product.name, cart, category: product.category },
    html`<div class="wrap">
${breadcrumbs(['Home', '/'], [category?.name ?? 'Shop', `/shop?category=${product.category}`], [product.name])}
<article class="product">
<div class="gallery">${product.colours.map(
      (colour) =>
        html`<figure data-picture="${colour.id}"${
          colour !== colourOf(product, choice.colour) && html` hidden`
        }>${picture({ kind: product.kind, colour }, `${product.name} in ${colour.name}`)}</figure>`,
    )}
<p class="small">Illustration; the real thing does not exist.</p></div>
<div class="product-text">
<h1>${product.name}</h1>
${stars(product)}
${priceTag(product)}
<p class="lead">${product.blurb}</p>
${buyForm(product, choice)}
<p class="small with-icon">${icon('truck')} ${
      product.price >= 10000 ? 'Free standard delivery' : 'Standard delivery $6, free over $100'
    }</p>
</div></article>
<div class="more">${tabs(product)}${questions()}</div>
<section aria-labelledby="alike"><h2 id="alike">You may also like</h2>
<ul class="grid four">${alike.slice(0, 4).map((each) => productCard(each))}</ul></section>
</div>
${product.sizes.length > 1 && sizeGuide(product)}`,
  );
}

function buyForm(product: Product, choice: Choice): Html {
  const chosen = colourOf(product, choice.colour);
  return html`<form class="buy" action="/cart" method="post" data-add data-testid="buy-form">
<input type="hidden" name="slug" value="${product.slug}">
${choice.error && html`<p class="alert" role="alert">${choice.error}</p>`}
<fieldset class="swatches"><legend>Colour: <span data-colour-name>${chosen.name}</span></legend>
${product.colours.map(
  (colour) => html`<label class="swatch" title="${colour.name}"><input type="radio" name="colour"
 value="${colour.id}" data-name="${colour.name}"${colour === chosen && html` checked`}>
<span class="dot" style="background:${colour.hex}"></span><span class="hidden">${colour.name}</span></label>
`,
)}</fieldset>
<div class="row wide">${sizeField(product, choice.size)}
<div class="field"><label for="quantity">Quantity</label>
<div class="stepper" data-stepper><button type="button" aria-label="Decrease quantity" data-step="-1">${icon('minus')}</button>
<input id="quantity" name="quantity" type="number" inputmode="numeric" min="1" max="${MAX_QUANTITY}" value="${choice.quantity ?? '1'}">
<button type="button" aria-label="Increase quantity" data-step="1">${icon('plus')}</button></div></div></div>
<div class="row"><button class="button large" data-testid="add-to-cart">Add to cart</button>
<button class="icon-button save large" type="button" aria-label="Save for later" aria-pressed="false"
 data-save="${product.slug}">${icon('heart')}</button></div>
</form>`;
}

function sizeField(product: Product, chosen: string | undefined): Html {
  const [only, ...others] = product.sizes;
  if (others.length === 0) return html`<input type="hidden" name="size" value="${only}">`;
  return html`<div class="field grow"><div class="label-row"><label for="size">Size</label>
<button class="link with-icon" type="button" data-open="size-guide">${icon('ruler')} Size guide</button></div>
<select id="size" name="size" required><option value="">Choose a size</option>
${product.sizes.map((size) => {
  const sold = product.soldOut.includes(size);
  return html`<option value="${size}"${sold && html` disabled`}${
    size === chosen && html` selected`
  }>${size}${sold && ' (sold out)'}</option>`;
})}</select></div>`;
}

function tabs(product: Product): Html {
  const panels: [string, string, Html][] = [
    ['details', 'Details', details(product)],
    [
      'care',
      'Care and repair',
      html`<p>Close every zip, wash at 30 °C with soap flakes and hang it where there is a draught. No
softener: it clogs the fabric and the water stays.</p><p>Tears, tired zips and lost toggles are mended in
our own workshop for as long as you own it. <a href="/help#repairs">How repairs work</a>.</p>`,
    ],
    [
      'delivery',
      'Delivery and returns',
      html`<p>Standard delivery takes three working days and costs $6, or nothing from $100. Express arrives
the next working day for $14.</p><p>Send it back within 60 days, worn or not.</p>`,
    ],
  ];
  return html`<section class="tabs" data-tabs aria-label="About this product">
<div role="tablist" aria-label="About this product">${panels.map(
    (
      [id, name],
      index,
    ) => html`<button role="tab" type="button" id="tab-${id}" aria-controls="panel-${id}"
 aria-selected="${index === 0 ? 'true' : 'false'}"${index > 0 && html` tabindex="-1"`}>${name}</button>`,
  )}</div>
${panels.map(
  ([id, , content], index) =>
    html`<div role="tabpanel" id="panel-${id}" aria-labelledby="tab-${id}" tabindex="0"${
      index > 0 && html` hidden`
    }>${content}</div>`,
)}</section>`;
}

function questions(): Html {
  return html`<section class="questions" aria-labelledby="questions"><h2 id="questions">Asked often</h2>
<details><summary>Does it run large?</summary><p>True to size. Between two sizes, take the smaller for a
close fit and the larger to wear over a fleece.</p></details>
<details><summary>Where is it made?</summary><p>Sewn in Porto, Portugal, in a workshop of forty people
that we visit twice a year.</p></details>
<details><summary>Can I see it before it ships?</summary><p>There is no it. This is a demonstration.</p></details>
</section>`;
}

function details(product: Product): Html {
  return html`<dl class="facts">
<div><dt>Weight</dt><dd>${product.weightGrams} g</dd></div>
<div><dt>Features</dt><dd>${product.features.join(', ') || 'Plain and simple'}</dd></div>
<div><dt>Colours</dt><dd>${product.colours.map(({ name }) => name).join(', ')}</dd></div>
<div><dt>Sizes</dt><dd>${product.sizes.join(', ')}</dd></div>
<div><dt>Price per year</dt><dd>About ${price(Math.round(product.price / 8))}, if it lasts the eight it should</dd></div>
</dl>`;
}
