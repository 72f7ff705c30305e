import { icon, landscape, picture } from '../art.ts';
import type { Cart } from '../carts.ts';
import { categories, products } from '../catalogue.ts';
import { colours } from '../colours.ts';
import { type Html, html } from '../html.ts';
import { productCard } from './card.ts';
import { layout } from './layout.ts';

const tileColours = [colours.tarn, colours.moss, colours.slate, colours.rust, colours.pine];

export function homePage(cart: Cart): Html {
  const favourites = products.filter(({ reviews }) => reviews > 290).slice(0, 4);
  return layout(
    { title: 'Outdoor clothing for ordinary weather', cart },
    html`<section class="hero">${landscape()}
<div class="wrap hero-text"><p class="eyebrow">The rain collection</p>
<h1>Dry is a<br>lovely feeling.</h1>
<p>Shells that keep the weather out, made to be mended and priced to be worn.</p>
<div class="row"><a class="button bright" href="/shop?q=rain">Shop rainwear</a>
<a class="button ghost" href="/shop">See everything</a></div></div>
</section>
<section class="wrap" aria-labelledby="by-category"><h2 id="by-category">Shop by category</h2>
<ul class="tiles">${categories.map(
      ({ id, name, line, kind }, index) => html`<li><a class="tile" href="/shop?category=${id}">
${picture({ kind, colour: tileColours[index] ?? colours.tarn })}
<span class="tile-text"><strong>${name}</strong><span class="small">${line}</span></span></a></li>
`,
    )}</ul></section>
<section class="wrap" aria-labelledby="favourites">
<div class="heading-row"><h2 id="favourites">Often worn out, always mended</h2>
<a href="/shop?sort=rating">See the top rated</a></div>
<ul class="grid four">${favourites.map((product) => productCard(product))}</ul></section>
<section class="wrap promises" aria-label="Why Tarnfell">
${promise('truck', 'Delivered in three days', 'Free over $100, by road, in a paper bag.')}
${promise('repair', 'Repaired for life', 'Send it back with its hole. We sew, you pay the stamp.')}
${promise('leaf', 'Fewer, better fabrics', 'Eight of our eighteen things began as something else.')}
</section>
<section class="wrap quote"><blockquote><p>“I wore the Stormline for four days of sideways rain and the only
wet thing was the sandwich I left outside.”</p><footer>Maud, postwoman and owner of two Stormlines</footer>
</blockquote></section>`,
  );
}

function promise(name: Parameters<typeof icon>[0], title: string, text: string): Html {
  return html`<div class="promise">${icon(name)}<div><h3>${title}</h3><p>${text}</p></div></div>
`;
}
