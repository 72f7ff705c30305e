import type { FaceState } from '../messages.ts';
import { ask } from '../wire.ts';
import { h, show } from './dom.ts';
import { icon } from './icons.ts';
import { type MicrophoneState, watchMicrophone } from './microphone.ts';
import { field, switchRow, type Trouble, troubleOf } from './pieces.ts';
import { problems } from './words.ts';

const draftKey = 'face.task';
const maxChars = 1_024; // src/contract/limits.ts, nameChars

/** What will be recorded, and the way to start it. */
export function readyView(onTrouble: (trouble: Trouble | null) => void): {
  element: HTMLElement;
  heading: HTMLElement;
  update: (state: FaceState) => void;
} {
  const heading = h('h2', { tabindex: '-1', class: 'unseen' }, 'Ready to record');
  const task = field(
    'What will you do?',
    h('textarea', { id: 'task', rows: 2, maxlength: maxChars, required: true }),
    'One sentence, for example “Buy a red jacket in size M”.',
  );
  const voice = switchRow(
    'Record my voice',
    'What you say while you work.',
    (recordsAudio) => ask('settings.save', { recordsAudio }),
    onTrouble,
  );
  const allow = h(
    'p',
    { class: 'note', hidden: true },
    'The microphone must be allowed once, ',
    h('a', { href: 'options.html#voice', target: '_blank' }, 'in the options'),
    '.',
  );
  const hold = switchRow(
    'Hold back until I have looked',
    'Nothing is sent before you release it.',
    (isHeld) => ask('settings.save', { isHeld }),
    onTrouble,
  );
  const start = h(
    'button',
    { type: 'submit', class: 'button primary wide' },
    icon('record'),
    h('span', {}, 'Start recording'),
  );
  const form = h(
    'form',
    { class: 'form', novalidate: true },
    task.element,
    voice.element,
    allow,
    hold.element,
    start,
  );

  let microphone: MicrophoneState = 'unknown';
  const showAllow = () =>
    show(allow, voice.input.checked && (microphone === 'prompt' || microphone === 'denied'));
  voice.input.addEventListener('change', showAllow);
  watchMicrophone((state) => {
    microphone = state;
    showAllow();
  }).catch((error: unknown) => onTrouble(troubleOf(error)));
  keepDraft(task.input).catch((error: unknown) => onTrouble(troubleOf(error)));

  task.input.addEventListener('keydown', (event) => {
    const isEnter = event instanceof KeyboardEvent && event.key === 'Enter';
    if (!isEnter || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (start.getAttribute('aria-disabled') === 'true') return;
    const words = task.input.value.replaceAll(/\s+/g, ' ').trim();
    task.complain(words ? null : `${problems.noTask.message} ${problems.noTask.advice}`);
    if (!words) return task.input.focus();
    start.setAttribute('aria-disabled', 'true');
    onTrouble(null);
    try {
      await ask('session.start', { task: words });
      task.input.value = '';
      await chrome.storage.session.remove(draftKey);
    } catch (error) {
      onTrouble(troubleOf(error));
    } finally {
      start.removeAttribute('aria-disabled');
    }
  });

  return {
    element: h('section', { class: 'view ready' }, heading, form),
    heading,
    update: ({ settings }) => {
      voice.set(settings.recordsAudio);
      hold.set(settings.isHeld);
      showAllow();
    },
  };
}

/** A popup closes when the person looks elsewhere: what they typed waits for them, in memory only. */
async function keepDraft(input: HTMLInputElement | HTMLTextAreaElement): Promise<void> {
  input.addEventListener('input', () => chrome.storage.session.set({ [draftKey]: input.value }));
  const kept: Record<string, unknown> = await chrome.storage.session.get(draftKey);
  const draft = kept[draftKey];
  if (typeof draft === 'string' && input.value === '') input.value = draft;
}
