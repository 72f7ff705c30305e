/** Suggestions under the search box: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ */
export function startSearch() {
  const form = document.querySelector('[data-search]');
  const input = form.querySelector('input');
  const list = form.querySelector('[role=listbox]');
  let asked = '';
  let active = -1;

  const close = () => {
    asked = '';
    active = -1;
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const mark = (index) => {
    active = index;
    [...list.children].forEach((item, at) => {
      item.setAttribute('aria-selected', String(at === active));
    });
    input.setAttribute('aria-activedescendant', `suggestion-${active}`);
  };

  input.addEventListener('input', async () => {
    const q = input.value.trim();
    asked = q;
    if (q.length < 2) return close();
    const response = await fetch(`/suggestions?q=${encodeURIComponent(q)}`);
    const found = await response.json();
    if (asked !== q) return;
    active = -1;
    list.replaceChildren(...found.map(suggestion));
    list.hidden = found.length === 0;
    input.setAttribute('aria-expanded', String(found.length > 0));
  });
  input.addEventListener('keydown', (event) => {
    const count = list.hidden ? 0 : list.children.length;
    if (event.key === 'Escape') close();
    if (event.key === 'Enter' && active >= 0 && count) {
      event.preventDefault();
      list.children[active].querySelector('a').click();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !count) return;
    event.preventDefault();
    mark((active + step + count) % count);
  });
  form.addEventListener('focusout', (event) => {
    if (!form.contains(event.relatedTarget)) close();
  });
}

function suggestion({ slug, name }, index) {
  const item = document.createElement('li');
  const link = document.createElement('a');
  item.role = 'option';
  item.id = `suggestion-${index}`;
  item.ariaSelected = 'false';
  link.href = `/products/${slug}`;
  link.tabIndex = -1;
  link.textContent = name;
  item.append(link);
  return item;
}
