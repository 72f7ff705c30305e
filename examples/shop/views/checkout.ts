import { icon } from '../art.ts';
import { type Cart, totalsOf } from '../carts.ts';
import { type Draft, type Field, type FieldErrors, states } from '../details.ts';
import { type Html, html } from '../html.ts';
import { plainLines, summary } from './cart.ts';
import { layout } from './layout.ts';

interface Input {
  field: Field;
  label: string;
  type?: string;
  /** A token of https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill */
  autocomplete: string;
  hint?: string;
  inputmode?: string;
  maxlength?: number;
  optional?: boolean;
}

export function checkoutPage(cart: Cart, draft: Draft, errors: FieldErrors): Html {
  const input = (each: Input) => textField(each, draft, errors);
  const express = draft.delivery === 'express';
  return layout(
    { title: 'Checkout', cart },
    html`<div class="wrap">${steps(1)}
<h1>Checkout</h1>
${errorSummary(errors)}
<div class="two-columns">
<form class="checkout" action="/checkout" method="post" novalidate data-checkout>
<fieldset><legend>Contact</legend>
${input({ field: 'name', label: 'Full name', autocomplete: 'name' })}
<div class="pair">${input({ field: 'email', label: 'Email', type: 'email', autocomplete: 'email' })}
${input({ field: 'phone', label: 'Phone', type: 'tel', autocomplete: 'tel', hint: 'Only if the courier is lost.' })}</div>
</fieldset>
<fieldset><legend>Delivery address</legend>
${input({ field: 'address', label: 'Street address', autocomplete: 'address-line1' })}
${input({ field: 'address2', label: 'Apartment, floor', autocomplete: 'address-line2', optional: true })}
<div class="triple">${input({ field: 'city', label: 'City', autocomplete: 'address-level2' })}
${stateField(draft, errors)}
${input({ field: 'zip', label: 'ZIP code', autocomplete: 'postal-code', inputmode: 'numeric', maxlength: 5 })}</div>
</fieldset>
<fieldset><legend>Delivery</legend>
<label class="option"><input type="radio" name="delivery" value="standard"${!express && html` checked`}>
<span class="grow"><strong>Standard</strong><span class="small">Three working days</span></span>
<span>${totalsOf(cart.lines, 'standard').delivery ? '$6' : 'Free'}</span></label>
<label class="option"><input type="radio" name="delivery" value="express"${express && html` checked`}>
<span class="grow"><strong>Express</strong><span class="small">Next working day before noon</span></span><span>$14</span></label>
<div class="field"><label for="note">Note for the courier <span class="small">(optional)</span></label>
<textarea id="note" name="note" rows="2" maxlength="300">${draft.note ?? ''}</textarea></div>
</fieldset>
<fieldset><legend>Payment</legend>
<p class="small with-icon">${icon('lock')} Use the test card 4242 4242 4242 4242. Nothing is charged.</p>
${input({ field: 'cardNumber', label: 'Card number', autocomplete: 'cc-number', inputmode: 'numeric', maxlength: 23 })}
<div class="pair">${input({ field: 'expiry', label: 'Expiry date', autocomplete: 'cc-exp', inputmode: 'numeric', hint: 'MM / YY', maxlength: 7 })}
${input({ field: 'cvc', label: 'Security code', autocomplete: 'cc-csc', inputmode: 'numeric', hint: '3 digits on the back', maxlength: 4 })}</div>
${input({ field: 'cardName', label: 'Name on card', autocomplete: 'cc-name' })}
</fieldset>
<fieldset><legend>Account</legend>
<label class="check"><input type="checkbox" name="account" data-account${draft.account && html` checked`}>
<span>Create an account for next time</span></label>
<div data-password${!draft.account && html` class="scripted-hidden"`}>${input({ field: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', hint: '8 characters or more.' })}</div>
</fieldset>
<button class="button large" data-testid="to-review">Review order</button>
</form>
<aside class="panel" aria-labelledby="summary"><h2 id="summary">Your order</h2>
${plainLines(cart.lines)}
${summary(totalsOf(cart.lines, express ? 'express' : 'standard'))}
<p><a href="/cart">Change the cart</a></p></aside>
</div></div>`,
  );
}

/** Where the visitor is on the way to the order, 0 the cart to 3 the confirmation. */
export function steps(current: number): Html {
  const names = ['Cart', 'Checkout', 'Review', 'Done'];
  return html`<ol class="steps" aria-label="Progress">${names.map(
    (name, index) =>
      html`<li${index < current && html` class="past"`}${
        index === current && html` aria-current="step"`
      }><span>${index < current ? icon('check') : index + 1}</span>${name}</li>`,
  )}</ol>`;
}

function textField(input: Input, draft: Draft, errors: FieldErrors): Html {
  const { field, label, hint } = input;
  const error = errors[field];
  const described = [hint && `${field}-hint`, error && `${field}-error`].filter(Boolean).join(' ');
  const value = field in draft ? draft[field as keyof Draft] : '';
  return html`<div class="field"><label for="${field}">${label}${
    input.optional && html` <span class="small">(optional)</span>`
  }</label>
<input id="${field}" name="${field}" type="${input.type ?? 'text'}" value="${value}" autocomplete="${input.autocomplete}"${
    input.inputmode && html` inputmode="${input.inputmode}"`
  }${input.maxlength && html` maxlength="${input.maxlength}"`}${!input.optional && html` required`}${
    described && html` aria-describedby="${described}"`
  }${error && html` aria-invalid="true"`}>
${hint && html`<p class="small" id="${field}-hint">${hint}</p>`}${fieldError(field, error)}</div>
`;
}

function stateField(draft: Draft, errors: FieldErrors): Html {
  const error = errors.state;
  return html`<div class="field"><label for="state">State</label>
<select id="state" name="state" autocomplete="address-level1" required${
    error && html` aria-invalid="true" aria-describedby="state-error"`
  }><option value="">Choose a state</option>
${states.map(
  ([id, name]) =>
    html`<option value="${id}"${id === draft.state && html` selected`}>${name}</option>`,
)}</select>${fieldError('state', error)}</div>`;
}

function fieldError(field: string, error: string | undefined): Html | undefined {
  return error ? html`<p class="error" id="${field}-error">${error}</p>` : undefined;
}

function errorSummary(errors: FieldErrors): Html | false {
  const entries = Object.entries(errors);
  if (entries.length === 0) return false;
  return html`<div class="alert" role="alert" tabindex="-1" data-errors><h2>Please check ${
    entries.length === 1 ? 'one field' : `${entries.length} fields`
  }</h2><ul>${entries.map(([field, text]) => html`<li><a href="#${field}">${text}</a></li>`)}</ul>
<p class="small">Card details are never kept; please enter them again.</p></div>`;
}
