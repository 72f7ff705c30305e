import type { Cart } from '../carts.ts';
import { products } from '../catalogue.ts';
import { type Html, html } from '../html.ts';
import { productCard } from './card.ts';
import { breadcrumbs, layout } from './layout.ts';

const topics: [string, string, string][] = [
  [
    'delivery',
    'Delivery',
    'Standard delivery takes three working days and costs $6, or nothing for orders from $100. Express arrives the next working day before noon for $14. We deliver to ten states, chosen by where our aunts live.',
  ],
  [
    'returns',
    'Returns',
    'Send anything back within 60 days, worn or not, in whatever box it fits. The refund is made the day it arrives. Things with good stories attached are sometimes kept for the wall.',
  ],
  [
    'repairs',
    'Repairs',
    'Everything we make can be mended, and most of it by us. Wash it first, mark the hole with a bit of tape and post it to the workshop. It comes home within two weeks.',
  ],
  [
    'contact',
    'Contact',
    'There is no telephone and nobody to answer it. Should there ever be, it would be Maud, on weekdays, when it is not raining.',
  ],
  [
    'terms',
    'Terms of this demonstration',
    'Tarnfell is not a shop. Orders, carts and addresses live in the memory of the process that serves this page and are forgotten when it stops. Use invented data.',
  ],
];

export function helpPage(cart: Cart): Html {
  return layout(
    { title: 'Help', cart },
    html`<div class="wrap narrow">${breadcrumbs(['Home', '/'], ['Help'])}
<h1>Help</h1>
<nav class="jump" aria-label="On this page"><ul>${topics.map(
      ([id, name]) => html`<li><a href="#${id}">${name}</a></li>`,
    )}</ul></nav>
${topics.map(
  ([
    id,
    name,
    text,
  ]) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${name}</h2>
<p>${text}</p></section>
`,
)}</div>`,
  );
}

export function notFoundPage(cart: Cart): Html {
  return layout(
    { title: 'Page not found', cart },
    html`<div class="wrap"><div class="empty"><p class="eyebrow">404</p><h1>Off the path</h1>
<p>This page is not on our map. The search above knows the way, and so does the door below.</p>
<a class="button" href="/">Back to the start</a></div>
<section aria-labelledby="start"><h2 id="start">Found while looking</h2>
<ul class="grid four">${products.slice(13, 17).map((product) => productCard(product))}</ul></section></div>`,
  );
}
