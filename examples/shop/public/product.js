/** Colour pictures, the quantity stepper, tabs and the units of the size guide. */
export function startProduct() {
  const product = document.querySelector('.product');
  if (!product) return;

  for (const radio of product.querySelectorAll('input[name=colour]')) {
    radio.addEventListener('change', () => showColour(product, radio));
  }
  for (const button of product.querySelectorAll('[data-step]')) {
    button.addEventListener('click', () => {
      const input = button.parentElement.querySelector('input');
      if (button.dataset.step === '1') input.stepUp();
      else input.stepDown();
      input.dispatchEvent(new Event('change', { bubbles: true }));
    });
  }
  document.querySelector('[data-units]')?.addEventListener('change', (event) => {
    for (const cell of document.querySelectorAll('[data-cm]')) {
      cell.textContent = cell.dataset[event.target.value];
    }
  });
  startTabs(document.querySelector('[data-tabs]'));
}

function showColour(product, radio) {
  product.querySelector('[data-colour-name]').textContent = radio.dataset.name;
  for (const figure of product.querySelectorAll('[data-picture]')) {
    figure.hidden = figure.dataset.picture !== radio.value;
  }
  history.replaceState(null, '', `?colour=${radio.value}`);
}

/** https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ with automatic activation. */
function startTabs(root) {
  const tabs = [...root.querySelectorAll('[role=tab]')];
  const select = (chosen) => {
    for (const tab of tabs) {
      tab.setAttribute('aria-selected', String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      document.getElementById(tab.getAttribute('aria-controls')).hidden = tab !== chosen;
    }
  };
  root.addEventListener('click', (event) => {
    const tab = event.target.closest('[role=tab]');
    if (tab) select(tab);
  });
  root.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = tabs.indexOf(event.target);
    if (!step || at < 0) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    select(next);
    next.focus();
  });
}
