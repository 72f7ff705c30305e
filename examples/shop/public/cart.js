/** Posts an "Add to cart" form and shows the cart beside the page instead of leaving it. */
export async function addWithoutLeaving(event, form) {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  const button = form.querySelector('button:not([type=button])');
  button.disabled = true;
  const response = await fetch('/cart', {
    method: 'POST',
    body,
    headers: { 'x-fragment': 'drawer' },
  });
  button.disabled = false;
  if (!response.ok) return form.submit(); // the server's own page says what is wrong

  const drawer = document.getElementById('cart-drawer');
  drawer.innerHTML = await response.text();
  const count = drawer.querySelector('[data-count]').dataset.count;
  const badge = document.querySelector('[data-cart-count]');
  badge.textContent = count;
  badge.hidden = false;
  document
    .querySelector('.cart-link')
    .setAttribute('aria-label', `Cart, ${count === '1' ? '1 item' : `${count} items`}`);
  drawer.showModal();
}
