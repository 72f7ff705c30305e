import { UnansweredError } from '../wire.ts';
import { type Child, h, setAttribute, setText, show } from './dom.ts';
import { type IconName, icon } from './icons.ts';

/** What went wrong, with what to do. */
export type Trouble = { message: string; advice: string };

/** A refusal as it is, any other failure in words. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof UnansweredError) {
    return {
      message: 'The extension did not answer.',
      advice: error.isFinal
        ? 'It was updated: close this page and open it anew.'
        : 'Try again. If it stays silent, switch it off and on at chrome://extensions.',
    };
  }
  if (error instanceof Error && 'advice' in error) {
    return { message: error.message, advice: String(error.advice) };
  }
  return {
    message: error instanceof Error ? error.message : String(error),
    advice: 'Try again. If it happens again, tell those who run the server.',
  };
}

/** The text of a trouble in one line. */
export function troubleWords({ message, advice }: Trouble): string {
  return [message, advice].filter(Boolean).join(' ');
}

/**
 * A button that works once at a time: while it does, it says so, keeps its size and its focus, and
 * does not press again.
 *
 * @param onTrouble hears of a failure; `null` when it is pressed again
 */
export function actionButton(
  text: string,
  {
    kind = 'plain',
    icon: name,
    onTrouble,
  }: {
    kind?: 'primary' | 'plain' | 'danger';
    icon?: IconName;
    onTrouble: (trouble: Trouble | null) => void;
  },
  act: () => Promise<unknown>,
): HTMLButtonElement {
  const button = h(
    'button',
    { type: 'button', class: `button ${kind}` },
    name ? icon(name) : null,
    h('span', {}, text),
  );
  button.addEventListener('click', async () => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    onTrouble(null);
    try {
      await act();
    } catch (error) {
      onTrouble(troubleOf(error));
    } finally {
      button.removeAttribute('aria-disabled');
    }
  });
  return button;
}

/**
 * A switch with its explanation; the whole row takes the pointer. What was refused switches back.
 */
export function switchRow(
  text: string,
  hint: string,
  onSwitch: (isOn: boolean) => Promise<unknown>,
  onTrouble: (trouble: Trouble | null) => void,
): { element: HTMLElement; input: HTMLInputElement; set: (isOn: boolean) => void } {
  const id = `switch-${++switches}`;
  const input = h('input', {
    id,
    type: 'checkbox',
    role: 'switch',
    class: 'switch',
    'aria-describedby': `${id}-hint`,
  });
  let isPending = false;
  input.addEventListener('change', async () => {
    isPending = true;
    const wanted = input.checked;
    onTrouble(null);
    try {
      await onSwitch(wanted);
    } catch (error) {
      input.checked = !wanted;
      onTrouble(troubleOf(error));
    } finally {
      isPending = false;
    }
  });
  const element = h(
    'label',
    { class: 'switch-row', for: id },
    h(
      'span',
      {},
      h('span', { class: 'switch-text' }, text),
      h('span', { class: 'hint', id: `${id}-hint` }, hint),
    ),
    input,
  );
  return {
    element,
    input,
    set: (isOn) => {
      if (!isPending && input.checked !== isOn) input.checked = isOn;
    },
  };
}

let switches = 0;

/** A text field with label, hint and a place for what is wrong with it. */
export function field(
  label: string,
  input: HTMLInputElement | HTMLTextAreaElement,
  hint: Child = null,
): { element: HTMLElement; input: typeof input; complain: (words: string | null) => void } {
  const wrong = h('p', { class: 'wrong', id: `${input.id}-wrong`, 'aria-live': 'polite' });
  const hintElement = hint ? h('p', { class: 'hint', id: `${input.id}-hint` }, hint) : null;
  const described = [hint ? `${input.id}-hint` : null, `${input.id}-wrong`]
    .filter(Boolean)
    .join(' ');
  input.setAttribute('aria-describedby', described);
  return {
    element: h(
      'div',
      { class: 'field' },
      h('label', { for: input.id }, label),
      input,
      hintElement,
      wrong,
    ),
    input,
    complain: (words) => {
      setText(wrong, words ?? '');
      setAttribute(input, 'aria-invalid', words === null ? null : 'true');
    },
  };
}

/** A banner that says what is wrong and what to do; it is announced once. */
export function troubleBanner(onDismiss: () => void): {
  element: HTMLElement;
  set: (trouble: Trouble | null) => void;
} {
  const message = h('p', { class: 'trouble-message' });
  const advice = h('p');
  const dismiss = h(
    'button',
    { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss this message' },
    icon('close'),
  );
  dismiss.addEventListener('click', onDismiss);
  const box = h(
    'div',
    { class: 'trouble', hidden: true },
    icon('notice'),
    h('div', {}, message, advice),
    dismiss,
  );
  return {
    element: h('div', { role: 'alert' }, box),
    set: (trouble) => {
      setText(message, trouble?.message ?? '');
      setText(advice, trouble?.advice ?? '');
      show(box, trouble !== null);
    },
  };
}
