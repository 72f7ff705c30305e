/** Groups card digits, hides the password until it is wanted, moves to the errors. */
export function startCheckout() {
  const form = document.querySelector('[data-checkout]');
  if (!form) return;

  const { cardNumber, expiry, account } = form.elements;
  cardNumber.addEventListener('input', () => {
    const digits = cardNumber.value.replaceAll(/\D/g, '').slice(0, 19);
    cardNumber.value = digits.replaceAll(/(\d{4})(?=\d)/g, '$1 ');
  });
  expiry.addEventListener('input', (event) => {
    if (event.inputType === 'deleteContentBackward') return;
    const digits = expiry.value.replaceAll(/\D/g, '').slice(0, 4);
    expiry.value = digits.length < 2 ? digits : `${digits.slice(0, 2)} / ${digits.slice(2)}`;
  });

  const password = form.querySelector('[data-password]');
  const follow = () => {
    password.classList.toggle('scripted-hidden', !account.checked);
  };
  account.addEventListener('change', follow);
  follow();
  document.querySelector('[data-errors]')?.focus();
}
