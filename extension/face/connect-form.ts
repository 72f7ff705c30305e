import type { ConnectionTest } from '../messages.ts';
import { ask } from '../wire.ts';
import { h, setText } from './dom.ts';
import { field, troubleOf, troubleWords } from './pieces.ts';

/**
 * Address and key of a server, tried before they are kept; what is wrong stands beside the field that
 * it concerns.
 *
 * @param onConnected hears of the project's name
 */
export function connectForm({
  submit,
  onConnected = () => {},
}: {
  submit: string;
  onConnected?: (project: string) => void;
}): { element: HTMLFormElement; setUrl: (url: string | null) => void; focusKey: () => void } {
  const url = field(
    'Server address',
    h('input', {
      id: 'server-url',
      type: 'url',
      required: true,
      spellcheck: 'false',
      autocomplete: 'off',
      placeholder: 'https://',
    }),
  );
  const key = field(
    'Key',
    h('input', {
      id: 'server-key',
      type: 'password',
      required: true,
      spellcheck: 'false',
      autocomplete: 'off',
    }),
    'Both come from those who run the server. The key stays on this device.',
  );
  const words = h('span', {}, submit);
  const button = h('button', { type: 'submit', class: 'button primary wide' }, words);
  const form = h('form', { class: 'form', novalidate: true }, url.element, key.element, button);

  const complain = (about: 'url' | 'key', text: string) => {
    const place = about === 'url' ? url : key;
    place.complain(text);
    place.input.focus();
  };

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (button.getAttribute('aria-disabled') === 'true') return;
    url.complain(null);
    key.complain(null);
    const entry = { url: url.input.value.trim(), key: key.input.value.trim() };
    if (!entry.url) return complain('url', 'Enter the address, it begins with https://.');
    if (!entry.key) return complain('key', 'Enter the key.');

    button.setAttribute('aria-disabled', 'true');
    setText(words, 'Trying …');
    try {
      const test = await ask('connection.save', entry);
      if (!test.ok) return complain(aboutOf(test), troubleWords(test));
      key.input.value = '';
      onConnected(test.project);
    } catch (error) {
      complain('url', troubleWords(troubleOf(error)));
    } finally {
      button.removeAttribute('aria-disabled');
      setText(words, submit);
    }
  });

  return {
    element: form,
    setUrl: (value) => {
      if (value && url.input.value === '') url.input.value = value;
    },
    focusKey: () => key.input.focus(),
  };
}

function aboutOf(test: Extract<ConnectionTest, { ok: false }>): 'url' | 'key' {
  return test.about ?? (/\bkey\b/i.test(test.message) ? 'key' : 'url');
}
