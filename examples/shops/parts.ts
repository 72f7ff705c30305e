import { type Html, html, raw } from '../shop/html.ts';
import type { Good, Picker, Shop } from './shop.ts';
import { groupsOf, type Visit } from './visit-state.ts';

/** Names what a visitor can act on, for the script; taken out before anybody sees the page. */
export function does(key: string): Html {
  return raw(` data-do="${key.replaceAll('"', '')}"`);
}

const on = (is: boolean, attribute: string): Html | false => is && raw(` ${attribute}`);

/** One choice among a few, built as the shop builds it. Its parts are `key` or `key:VALUE`. */
export function choice(
  key: string,
  { label, picker, values }: { label: string; picker: Picker; values: readonly string[] },
  chosen: string | null,
): Html {
  const part = (value: string) => does(`${key}:${value}`);
  const is = (value: string) => String(value === chosen);
  switch (picker) {
    case 'select':
      return html`<p class="field"><label for="${key}">${label}</label> <select id="${key}" name="${key}"${does(key)}>
<option value="">–</option>${values.map((value) => html`<option${on(value === chosen, 'selected')}>${value}</option>`)}</select></p>`;
    case 'radios':
      return html`<fieldset><legend>${label}</legend>${values.map(
        (value) =>
          html`<label><input type="radio" name="${key}" value="${value}"${on(value === chosen, 'checked')}${part(value)}> ${value}</label>`,
      )}</fieldset>`;
    case 'buttons':
      return html`<div role="group" aria-label="${label}"><span class="cap">${label}</span>${values.map(
        (value) =>
          html`<button type="button" aria-pressed="${is(value)}"${part(value)}>${value}</button>`,
      )}</div>`;
    case 'listbox':
      return html`<h3>${label}</h3><div role="listbox" aria-label="${label}">${values.map(
        (value) =>
          html`<div role="option" tabindex="0" aria-selected="${is(value)}"${part(value)}>${value}</div>`,
      )}</div>`;
    case 'tiles':
      return html`<section aria-label="${label}"><h4>${label}</h4><div role="radiogroup" aria-label="${label}">${values.map(
        (value) =>
          html`<span role="radio" tabindex="0" aria-checked="${is(value)}"${part(value)}>${value}</span>`,
      )}</div></section>`;
    case 'links':
      return html`<dl><dt>${label}</dt>${values.map(
        (value) =>
          html`<dd>${value === chosen && html`<b>✓</b> `}<a href="?${key}=${value}"${part(value)}>${value}</a></dd>`,
      )}</dl>`;
  }
}

/** A line of text to fill in. Its key is `field:ID`. */
export function field(
  shop: Shop,
  id: string,
  {
    label,
    value,
    type = 'text',
    key = `field:${id}`,
  }: { label: string; value: string; type?: string; key?: string },
): Html {
  const input = (more: Html | false = false) =>
    html`<input type="${type}" name="${id}" id="${id}"${value !== '' && html` value="${value}"`}${more}${does(key)}>`;
  switch (shop.parts.labels) {
    case 'for':
      return html`<div class="row"><label for="${id}">${label}</label>${input()}</div>`;
    case 'around':
      return html`<label class="row">${label} ${input()}</label>`;
    case 'aria':
      return html`<div class="row">${input(html` aria-label="${label}"`)}</div>`;
    case 'placeholder':
      return html`<p>${input(html` placeholder="${label}"`)}</p>`;
  }
}

export function searchPart({ words, parts }: Shop, { typed }: Visit): Html | false {
  const value = typed !== '' && html` value="${typed}"`;
  const go = html`<button${does('search.go')}>${words.find}</button>`;
  if (parts.search === 'none') return false;
  if (parts.search === 'form')
    return html`<form role="search"><label for="q">${words.search}</label><input id="q" name="q" type="search"${value}${does('search')}>${go}</form>`;
  if (parts.search === 'bare')
    return html`<div class="find"><input name="s" placeholder="${words.search}"${value}${does('search')}>${go}</div>`;
  return html`<form role="search"><input role="combobox" aria-expanded="false" aria-label="${words.search}" name="term"${value}${does('search')}>${go}</form>`;
}

export function groupLinks(shop: Shop): Html {
  return html`<nav aria-label="${shop.words.groups}"><ul>${groupsOf(shop).map(
    (group) => html`<li><a href="/list?group=${group}"${does(`group:${group}`)}>${group}</a></li>`,
  )}</ul></nav>`;
}

export function filterPart(shop: Shop, visit: Visit): Html | false {
  const { words, parts } = shop;
  const groups = groupsOf(shop);
  const isOn = (group: string) => group === visit.group;
  const box = (group: string, role = '') =>
    html`<label><input type="checkbox" name="group" value="${group}"${on(isOn(group), 'checked')}${role && raw(` role="${role}"`)}${does(`filter:${group}`)}> ${group}</label>`;
  switch (parts.filter) {
    case 'none':
      return false;
    case 'boxes':
      return html`<aside aria-label="${words.filter}"><fieldset><legend>${words.filter}</legend>${groups.map((group) => box(group))}</fieldset></aside>`;
    case 'chips':
      return html`<div role="toolbar" aria-label="${words.filter}">${groups.map(
        (group) =>
          html`<button type="button" aria-pressed="${String(isOn(group))}"${does(`filter:${group}`)}>${group}</button>`,
      )}</div>`;
    case 'links':
      return html`<section class="narrow"><h2>${words.filter}</h2><ul>${groups.map((group) => {
        const count = shop.goods.filter((good) => good.group === group).length;
        return html`<li><a href="?group=${group}"${does(`filter:${group}`)}>${group} (${count})</a></li>`;
      })}</ul></section>`;
    case 'menu':
      return html`<div class="menu"><button type="button" aria-expanded="${String(visit.isMenuOpen)}"${does('filter.open')}>${words.filter}</button>${
        visit.isMenuOpen &&
        html`<div role="group" aria-label="${words.filter}">${groups.map((group) => box(group))}</div>`
      }</div>`;
  }
}

export function sortPart({ words, parts }: Shop, { order }: Visit): Html | false {
  const orders = [
    ['rated', words.rated],
    ['cheapest', words.cheapest],
    ['newest', words.newest],
  ] as const;
  const chosen = orders.find(([id]) => id === order)?.[1] ?? null;
  const values = orders.map(([, label]) => label);
  switch (parts.sort) {
    case 'none':
      return false;
    case 'tabs':
      return html`<div role="tablist" aria-label="${words.sort}">${values.map(
        (value) =>
          html`<div role="tab" tabindex="0" aria-selected="${String(value === chosen)}"${does(`sort:${value}`)}>${value}</div>`,
      )}</div>`;
    default:
      return choice('sort', { label: words.sort, picker: parts.sort, values }, chosen);
  }
}

/** A good in a list; `key` opens its page. */
function card(shop: Shop, good: Good): Html {
  const { words, parts } = shop;
  const facts = `$${good.price} · ${good.rating} ★`;
  const open = does(`open:${good.name}`);
  const save = html`<button type="button" class="save">${words.save}</button>`;
  switch (parts.card) {
    case 'heading':
      return html`<article data-sku="${slug(good)}"><h3><a href="/item/${slug(good)}"${open}>${good.name}</a></h3><p>${facts}</p>${save}</article>`;
    case 'button':
      return html`<div class="card" data-sku="${slug(good)}"><img alt="${good.name}" src="/i/${slug(good)}.webp"><b>${good.name}</b><span>${facts}</span>
<button type="button" aria-label="${`Details of ${good.name}`}"${open}>Details</button>${save}</div>`;
    case 'whole':
      return html`<li><a class="tile" href="/item/${slug(good)}"${open}><span>${good.name}</span> <span>${facts}</span></a>${save}</li>`;
    case 'row':
      return html`<tr><td><a href="/item/${slug(good)}"${open}>${good.name}</a></td><td>$${good.price}</td><td>${good.rating} of 5</td><td>${save}</td></tr>`;
  }
}

export function cards(shop: Shop, goods: readonly Good[]): Html {
  const all = goods.map((good) => card(shop, good));
  if (shop.parts.card === 'row') return html`<table><tbody>${all}</tbody></table>`;
  return shop.parts.card === 'whole'
    ? html`<ul>${all}</ul>`
    : html`<div class="cards">${all}</div>`;
}

export function quantityPart({ words, parts }: Shop, { quantity }: Visit): Html | false {
  switch (parts.quantity) {
    case 'none':
      return false;
    case 'number':
      return html`<label>${words.quantity} <input type="number" name="quantity" min="1" value="${quantity}"${does('quantity')}></label>`;
    case 'stepper':
      return html`<div role="group" aria-label="${words.quantity}"><button type="button" aria-label="Fewer">−</button><output>${quantity}</output><button type="button" aria-label="One more"${does('quantity')}>+</button></div>`;
    case 'select':
      return html`<label for="amount">${words.quantity}</label><select id="amount" name="amount"${does('quantity')}>${[
        1, 2, 3, 4, 5,
      ].map(
        (number) => html`<option${on(number === quantity, 'selected')}>${number}</option>`,
      )}</select>`;
  }
}

function slug({ name }: Good): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
