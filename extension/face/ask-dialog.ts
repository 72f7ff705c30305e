import { h, setText, show } from './dom.ts';
import { actionButton, type Trouble, troubleWords } from './pieces.ts';

/**
 * Asks before something that cannot be undone. The focus begins on the harmless answer and goes back
 * to where it was.
 */
export function askDialog({
  title,
  text,
  yes,
  act,
}: {
  title: string;
  text: string;
  yes: string;
  act: () => Promise<unknown>;
}): { element: HTMLDialogElement; open: () => void } {
  const id = `ask-${++dialogs}`;
  const wrong = h('p', { class: 'wrong', role: 'alert' });
  const complain = (trouble: Trouble | null) => {
    setText(wrong, trouble ? troubleWords(trouble) : '');
    show(wrong, trouble !== null);
  };
  const no = h('button', { type: 'button', class: 'button plain', autofocus: true }, 'Cancel');
  const confirm = actionButton(yes, { kind: 'danger', onTrouble: complain }, async () => {
    await act();
    element.close();
  });
  const element = h(
    'dialog',
    { class: 'ask', 'aria-labelledby': `${id}-title`, 'aria-describedby': `${id}-text` },
    h('h2', { id: `${id}-title` }, title),
    h('p', { id: `${id}-text` }, text),
    wrong,
    h('div', { class: 'buttons' }, no, confirm),
  );
  no.addEventListener('click', () => element.close());
  element.addEventListener('close', () => complain(null));
  return { element, open: () => element.showModal() };
}

let dialogs = 0;
