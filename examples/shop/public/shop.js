import { addWithoutLeaving } from './cart.js';
import { startCheckout } from './checkout.js';
import { startListing } from './listing.js';
import { startProduct } from './product.js';
import { startSearch } from './search.js';

document.documentElement.classList.add('scripted');

/** Modals, wish list hearts and the newsletter: what every page has. */
document.addEventListener('click', (event) => {
  if (!(event.target instanceof Element)) return;
  const opener = event.target.closest('[data-open]');
  if (opener) document.getElementById(opener.dataset.open)?.showModal();
  event.target.closest('[data-close]')?.closest('dialog')?.close();
  if (event.target instanceof HTMLDialogElement) event.target.close(); // the backdrop

  const heart = event.target.closest('[data-save]');
  if (heart) {
    const saved = heart.getAttribute('aria-pressed') !== 'true';
    heart.setAttribute('aria-pressed', String(saved));
  }
});

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.matches('[data-add]')) addWithoutLeaving(event, form);
  if (form.matches('[data-letters]')) {
    event.preventDefault();
    form.hidden = true;
    form.parentElement.querySelector('[data-letters-done]').textContent =
      'Thank you. The first letter comes with the first dry day.';
  }
});

startSearch();
startListing();
startProduct();
startCheckout();
