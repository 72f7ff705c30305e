/** Filters, sorting and pages without loading a page anew; the address follows along. */
export function startListing() {
  const list = document.querySelector('[data-list]');
  if (!list) return;

  list.addEventListener('change', (event) => {
    const form = event.target.form;
    if (!form?.matches('[data-filters]')) return;
    const query = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...query]) if (value === '') query.delete(name, value);
    show(list, query.size ? `/shop?${query}` : '/shop', event.target);
  });
  list.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-soft]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(list, link.getAttribute('href'), link);
  });
  window.addEventListener('popstate', () => show(list, location.href, null));
}

let latest = 0;

/** The last request wins; an earlier answer that comes later is dropped. */
async function show(list, url, cause) {
  latest += 1;
  const mine = latest;
  list.setAttribute('aria-busy', 'true');
  const response = await fetch(url);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  if (mine !== latest) return;

  list.innerHTML = page.querySelector('[data-list]').innerHTML;
  document.title = page.title;
  list.removeAttribute('aria-busy');
  if (!cause) return;
  history.pushState(null, '', url);
  again(list, cause)?.focus({ preventScroll: true });
  if (cause.matches('.pages a')) list.scrollIntoView();
}

/** The new element that stands where the visitor was. */
function again(list, cause) {
  if (cause.id) return document.getElementById(cause.id);
  if (!cause.name) return list.querySelector('h1');
  return list.querySelector(`[name="${cause.name}"][value="${CSS.escape(cause.value)}"]`);
}
