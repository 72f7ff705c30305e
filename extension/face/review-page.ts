import { h, setText } from './dom.ts';
import { icon } from './icons.ts';

/** What a reader does not see. */
const unread = 'script, style, template, noscript, head';

/** Shows the text of one page as it was kept, masked: what a model would read of it. */
export function pageViewer(
  bytes: (id: string) => Promise<ArrayBuffer | null>,
  onFailure: (error: unknown) => void,
): { element: HTMLDialogElement; open: (snapshotId: string, title: string) => void } {
  const title = h('h2', { id: 'page-title' });
  const close = h(
    'button',
    { type: 'button', class: 'icon-button', 'aria-label': 'Close', title: 'Close' },
    icon('close'),
  );
  const text = h('pre', { class: 'page-text', tabindex: '0', 'aria-labelledby': 'page-title' });
  const element = h(
    'dialog',
    { class: 'viewer', 'aria-labelledby': 'page-title' },
    h('div', { class: 'viewer-head' }, h('div', {}, title), close),
    text,
  );
  close.addEventListener('click', () => element.close());
  return {
    element,
    open: (snapshotId, words) => {
      setText(title, words);
      setText(text, '');
      element.showModal();
      bytes(snapshotId).then((buffer) => {
        setText(text, buffer ? textOf(buffer) : 'This page was given up and will not be sent.');
      }, onFailure);
    },
  };
}

/** The text and the fields of a page; what the parser makes is inert: nothing runs, nothing is loaded. */
function textOf(buffer: ArrayBuffer): string {
  const page = new DOMParser().parseFromString(new TextDecoder().decode(buffer), 'text/html');
  for (const element of page.querySelectorAll(unread)) element.remove();
  for (const input of page.querySelectorAll('input[value], textarea')) {
    input.replaceWith(` [${input.getAttribute('value') ?? input.textContent ?? ''}] `);
  }
  const lines = (page.body.textContent ?? '')
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim());
  return lines.filter(Boolean).join('\n');
}
