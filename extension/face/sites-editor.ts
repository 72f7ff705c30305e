import { ask } from '../wire.ts';
import { h, keepRows, type Row, setText, show } from './dom.ts';
import { icon } from './icons.ts';
import { field, troubleOf, troubleWords } from './pieces.ts';
import { siteFrom } from './site-names.ts';

/** The sites of which nothing is captured: add and remove. */
export function sitesEditor(): { element: HTMLElement; set: (sites: string[]) => void } {
  let sites: string[] = [];
  const entry = field(
    'Add a site',
    h('input', {
      id: 'site',
      type: 'text',
      inputmode: 'url',
      spellcheck: 'false',
      autocomplete: 'off',
      autocapitalize: 'none',
      placeholder: 'mail.example.com',
    }),
    'Hosts below it are excluded, too: example.com also means mail.example.com.',
  );
  const add = h('button', { type: 'submit', class: 'button plain' }, 'Add');
  const form = h('form', { class: 'form beside', novalidate: true }, entry.element, add);
  const news = h('p', { class: 'unseen', role: 'status' });
  const none = h('p', { class: 'hint' }, 'No site is excluded.');
  const list = h('ul', { class: 'sites' });

  const keep = async (next: string[], words: string) => {
    try {
      set((await ask('settings.save', { excludedSites: next })).excludedSites);
      setText(news, words);
      return true;
    } catch (error) {
      entry.complain(troubleWords(troubleOf(error)));
      return false;
    }
  };
  const remove = async (site: string) => {
    const next = sites[sites.indexOf(site) + 1] ?? sites[sites.indexOf(site) - 1];
    if (
      !(await keep(
        sites.filter((one) => one !== site),
        `${site} is captured again.`,
      ))
    )
      return;
    // The button that was pressed is gone: the next one takes the focus.
    const heir = list.querySelector<HTMLElement>(`[data-site="${CSS.escape(next ?? '')}"]`);
    (heir ?? entry.input).focus();
  };
  const update = keepRows<string>(
    list,
    (site) => site,
    (site) => siteRow(site, remove),
  );

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const read = siteFrom(entry.input.value, sites);
    entry.complain(read.ok ? null : read.words);
    entry.input.focus();
    if (!read.ok) return;
    const others = sites.filter((site) => !site.endsWith(`.${read.site}`)); // it covers them
    const isKept = await keep([...others, read.site].sort(), `${read.site} is excluded.`);
    if (isKept) entry.input.value = '';
  });

  function set(next: string[]): void {
    sites = next;
    show(none, sites.length === 0);
    show(list, sites.length > 0);
    update(sites);
  }
  return { element: h('div', { class: 'form' }, form, none, list, news), set };
}

function siteRow(site: string, remove: (site: string) => Promise<void>): Row<string> {
  const button = h(
    'button',
    { type: 'button', class: 'icon-button', 'aria-label': `Remove ${site}`, 'data-site': site },
    icon('close'),
  );
  button.addEventListener('click', () => remove(site));
  return { element: h('li', {}, h('span', {}, site), button), update: () => {} };
}
