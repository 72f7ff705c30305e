import { icon } from '../art.ts';
import { type Cart, type Order, totalsOf } from '../carts.ts';
import { type Details, states } from '../details.ts';
import { type Html, html } from '../html.ts';
import { plainLines, summary } from './cart.ts';
import { steps } from './checkout.ts';
import { layout } from './layout.ts';

export function reviewPage(cart: Cart, details: Details, termsMissing: boolean): Html {
  return layout(
    { title: 'Review order', cart },
    html`<div class="wrap">${steps(2)}
<h1>Is everything right?</h1>
<div class="two-columns">
<div class="cards">
<section class="panel" aria-labelledby="lines"><div class="heading-row"><h2 id="lines">Items</h2>
<a href="/cart" aria-label="Edit items">Edit</a></div>${plainLines(cart.lines)}</section>
${panel('Deliver to', 'Edit delivery', deliverTo(details))}
${panel('Pay with', 'Edit payment', payWith(details))}
</div>
<aside class="panel" aria-labelledby="summary"><h2 id="summary">Total</h2>
${summary(totalsOf(cart.lines, details.delivery))}
<form action="/checkout/place" method="post">
<label class="check"><input type="checkbox" name="terms"${
      termsMissing && html` aria-invalid="true" aria-describedby="terms-error"`
    }> <span>I agree to the <a href="/help#terms">terms of this demonstration</a></span></label>
${termsMissing && html`<p class="error" id="terms-error" role="alert">Agree to the terms to place the order.</p>`}
<button class="button large full" data-testid="place-order">Place order</button></form>
<p class="small with-icon">${icon('lock')} Nothing is charged.</p></aside>
</div></div>`,
  );
}

export function orderPage(cart: Cart, order: Order): Html {
  const { details } = order;
  const [first] = details.name.split(' ');
  return layout(
    { title: `Order ${order.number}`, cart },
    html`<div class="wrap">${steps(3)}
<div class="thanks"><span class="badge">${icon('check')}</span>
<h1>Thank you, ${first}.</h1>
<p>Your order <strong data-testid="order-number">${order.number}</strong> is placed. A confirmation would be
on its way to ${details.email}, if this were a real shop.</p>
<a class="button" href="/shop">Keep shopping</a></div>
<div class="two-columns">
<div class="cards">
<section class="panel" aria-labelledby="lines"><h2 id="lines">Items</h2>${plainLines(order.lines)}</section>
<section class="panel" aria-labelledby="to"><h2 id="to">Deliver to</h2>${deliverTo(details)}</section>
</div>
<aside class="panel" aria-labelledby="summary"><h2 id="summary">Paid</h2>
${summary(totalsOf(order.lines, details.delivery))}${payWith(details)}</aside>
</div></div>`,
  );
}

function panel(title: string, editLabel: string, content: Html): Html {
  const id = title.toLowerCase().replaceAll(' ', '-');
  return html`<section class="panel" aria-labelledby="${id}"><div class="heading-row"><h2 id="${id}">${title}</h2>
<a href="/checkout" aria-label="${editLabel}">Edit</a></div>${content}</section>`;
}

function deliverTo(details: Details): Html {
  const state = states.find(([id]) => id === details.state)?.[1] ?? details.state;
  return html`<address>${details.name}<br>${details.address}<br>${
    details.address2 && html`${details.address2}<br>`
  }${details.city}, ${state} ${details.zip}<br>United States</address>
<p class="small">${details.email} · ${details.phone}</p>
<p class="small">${details.delivery === 'express' ? 'Express, next working day' : 'Standard, three working days'}</p>
${details.note && html`<p class="small">“${details.note}”</p>`}`;
}

function payWith(details: Details): Html {
  return html`<p>${details.cardBrand} ending in ${details.cardEnds}<br><span class="small">${details.cardName}</span></p>
${details.account && html`<p class="small">An account would be made for ${details.email}.</p>`}`;
}
