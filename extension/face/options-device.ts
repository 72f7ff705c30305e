import { type Card, type Complain, card, facts } from './card.ts';
import { h, setText, show } from './dom.ts';
import { actionButton, troubleOf } from './pieces.ts';
import { bytesWords, countWords } from './words.ts';

/** The key that starts and stops; only the browser's own page can change it. */
export function shortcutCard(complain: Complain): Card {
  const key = h('kbd', {}, '…');
  const words = h('span', {});
  const change = actionButton('Change it', { onTrouble: complain }, () =>
    chrome.tabs.create({ url: 'chrome://extensions/shortcuts' }),
  );
  chrome.commands.getAll().then(
    (commands) => {
      const command = commands.find(({ name }) => name === 'toggle-recording');
      setText(key, command?.shortcut ?? '');
      show(key, Boolean(command?.shortcut));
      setText(words, command?.shortcut ? ' starts and stops a recording' : 'No key is set yet.');
    },
    (error: unknown) => complain(troubleOf(error)),
  );
  return {
    element: card(
      'shortcut',
      'Keyboard',
      'A key starts and stops a recording from any page.',
      h('p', { class: 'line' }, h('span', {}, key, words), change),
    ),
    update: () => {},
  };
}

/** What waits on this device. */
export function storageCard(complain: Complain): Card {
  const known = facts(['Waiting to be sent', 'Used on this device', 'Free for the extension']);
  let waiting = '';
  let device: string[] = ['…', '…'];
  const place = () => known.set([waiting, ...device]);
  const measure = async () => {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    device = [bytesWords(usage), bytesWords(Math.max(0, quota - usage))];
    place();
  };
  const fail = (error: unknown) => complain(troubleOf(error));
  measure().catch(fail);
  return {
    element: card(
      'storage',
      'Storage',
      'What was recorded stays here until the server has it, then it is removed.',
      known.element,
    ),
    update: ({ queue }) => {
      const next = `${countWords(queue.interactions, 'step')}, ${countWords(queue.uploads, 'file')} (${bytesWords(queue.bytes)})`;
      if (next === waiting) return;
      waiting = next;
      place();
      measure().catch(fail);
    },
  };
}

export function aboutCard(): Card {
  const known = facts(['Version', 'Browser']);
  const browser = /Chrom(?:e|ium)\/[\d.]+/.exec(navigator.userAgent)?.[0].replace('/', ' ') ?? '—';
  known.set([chrome.runtime.getManifest().version, browser]);
  return {
    element: card(
      'about',
      'About',
      'Records how you do a task in the browser. Passwords and payments never leave it.',
      known.element,
    ),
    update: () => {},
  };
}
