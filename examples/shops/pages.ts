import { type Html, html } from '../shop/html.ts';
import {
  cards,
  choice,
  does,
  field,
  filterPart,
  groupLinks,
  quantityPart,
  searchPart,
  sortPart,
} from './parts.ts';
import type { FieldId, Shop, Words } from './shop.ts';
import { listed, type Visit } from './visit-state.ts';

/** A page of a shop as its visitor sees it, with `data-do` on what can be acted on. */
export function render(shop: Shop, visit: Visit): string {
  const { words, parts } = shop;
  const body = mainOf(shop, visit);
  const cart = html`<a href="/cart"${does('cart')}>${words.cart}${visit.inCart > 0 && ` (${visit.inCart})`}</a>`;
  const tools = html`<a href="/">${shop.name}</a> <a href="/account">${words.account}</a> <a href="/help">${words.help}</a>`;
  const head =
    parts.nav === 'top'
      ? html`<header>${tools}${searchPart(shop, visit)}${cart}${groupLinks(shop)}</header>`
      : html`<header>${searchPart(shop, visit)}${tools}${cart}</header>`;
  const side =
    parts.nav === 'side' &&
    html`<aside>${groupLinks(shop)}<ul>${listed(shop, { ...visit, query: '', group: null })
      .slice(0, 2)
      .map(({ name }) => html`<li><a href="/gift">Gift idea: ${name}</a></li>`)}</ul></aside>`;
  const foot = html`<footer>${parts.nav === 'bottom' && groupLinks(shop)}
<form class="letter">${field(shop, 'letter', { label: words.letter, value: '', type: 'email', key: 'letter' })}<button>${words.join}</button></form>
<ul><li><a href="/returns">Returns</a></li><li><a href="/privacy">Privacy</a></li><li><a href="/imprint">About ${shop.name}</a></li></ul></footer>`;
  const page = html`<html lang="en"><head><title>${titleOf(shop, visit)}</title></head><body>${consent(shop, visit)}${head}${side}<main>${body}</main>${dialog(shop, visit)}${foot}</body></html>`;
  return page.markup;
}

export function titleOf({ name, words }: Shop, { page, good, query, group }: Visit): string {
  const first = {
    home: 'Welcome',
    list: query ? `“${query}”` : (group ?? 'All'),
    product: good?.name ?? '',
    cart: words.cart,
    order: words.checkout,
    review: words.next,
    done: words.thanks,
  }[page];
  return `${first} – ${name}`;
}

export function deliveries(words: Words): Record<'fast' | 'normal' | 'pickup', string> {
  return { fast: words.fast, normal: words.normal, pickup: words.pickup };
}

export function payments(words: Words): Record<'invoice' | 'transfer' | 'onDelivery', string> {
  return { invoice: words.invoice, transfer: words.transfer, onDelivery: words.onDelivery };
}

function mainOf(shop: Shop, visit: Visit): Html {
  const { words } = shop;
  switch (visit.page) {
    case 'home':
      return html`<h1>${shop.name}</h1><p>Every ${shop.thing} chosen with care.</p><h2>${words.rated}</h2>${cards(shop, shop.goods.slice(0, 3))}`;
    case 'list': {
      const goods = listed(shop, visit);
      return html`<h1>${visit.query || visit.group || 'All'}</h1><p>${goods.length} found</p>${filterPart(shop, visit)}${sortPart(shop, visit)}${cards(shop, goods)}`;
    }
    case 'product':
      return product(shop, visit);
    case 'cart':
      return html`<h1>${words.cart}</h1><ul><li>${visit.good?.name} · ${Object.values(visit.chosen).join(', ')} · ${visit.quantity} <button type="button">Remove</button></li></ul>
<p>Total $${(visit.good?.price ?? 0) * visit.quantity}</p><a href="/">Keep shopping</a> <button type="button"${does('checkout')}>${words.checkout}</button>`;
    case 'order':
      return order(shop, visit);
    case 'review':
      return html`<h1>${words.next}</h1><p>${visit.good?.name} · ${visit.quantity}</p><p>${visit.delivery ?? ''}</p><a href="/order">Edit</a>${agreement(shop, visit)}<button type="button"${does('place')}>${words.place}</button>`;
    case 'done':
      return html`<h1>${words.thanks}</h1><p>We will write to you.</p><a href="/">Home</a>`;
  }
}

function product(shop: Shop, visit: Visit): Html {
  const { words, axes, goods } = shop;
  const { good } = visit;
  const others = goods.filter(({ group, name }) => group === good?.group && name !== good.name);
  const choices = axes.map(({ id, label, picker, values }) =>
    choice(`axis.${id}`, { label, picker, values }, visit.chosen[id] ?? null),
  );
  return html`<h1>${good?.name}</h1><p>$${good?.price} · ${good?.rating} of 5</p>${choices}${quantityPart(shop, visit)}
<button type="button"${does('add')}>${words.add}</button> <button type="button">${words.save}</button>
${visit.isNoticed && html`<p role="status">Done. You find it in “${words.cart}”.</p>`}<h2>Similar</h2>${cards(shop, others)}`;
}

function order(shop: Shop, visit: Visit): Html {
  const { words, parts } = shop;
  const line = (id: FieldId) =>
    field(shop, id, {
      label: words[id],
      value: visit.form[id] ?? '',
      type: id === 'email' ? 'email' : id === 'phone' ? 'tel' : 'text',
    });
  const delivery = choice(
    'delivery',
    { label: words.delivery, picker: parts.delivery, values: Object.values(deliveries(words)) },
    visit.delivery,
  );
  const payment =
    parts.payment !== 'none' &&
    choice(
      'payment',
      { label: words.payment, picker: parts.payment, values: Object.values(payments(words)) },
      visit.payment,
    );
  const last = parts.review
    ? html`<button type="button"${does('next')}>${words.next}</button>`
    : html`${agreement(shop, visit)}<button type="button"${does('place')}>${words.place}</button>`;
  return html`<h1>${words.checkout}</h1><form>${parts.fields.map(line)}${delivery}${payment}${last}</form>`;
}

function agreement({ words, parts }: Shop, { isAgreed }: Visit): Html | false {
  return (
    parts.terms &&
    html`<p><input type="checkbox" id="terms" name="terms"${isAgreed && html` checked`}${does('terms')}><label for="terms">${words.terms}</label></p>`
  );
}

function consent({ words }: Shop, { isConsented }: Visit): Html | false {
  return (
    !isConsented &&
    html`<div role="dialog" aria-label="Cookies"><p>We use cookies.</p><button type="button"${does('consent.all')}>${words.all}</button><button type="button"${does('consent.some')}>${words.some}</button></div>`
  );
}

function dialog({ words }: Shop, { isDialogOpen, good }: Visit): Html | false {
  return (
    isDialogOpen &&
    html`<div role="dialog" aria-label="${words.cart}"><p>${good?.name} is in.</p><button type="button">Keep shopping</button><a href="/cart"${does('view')}>${words.view}</a></div>`
  );
}
