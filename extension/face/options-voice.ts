import { ask } from '../wire.ts';
import { type Card, type Complain, card } from './card.ts';
import { h, setText, show } from './dom.ts';
import { askForMicrophone, type MicrophoneState, watchMicrophone } from './microphone.ts';
import { actionButton, switchRow, troubleOf } from './pieces.ts';

const permissionWords: Record<MicrophoneState, string> = {
  granted: 'The microphone is allowed.',
  denied:
    'The microphone is denied. Open the settings of this page by the icon left of its address, and allow it there.',
  prompt: 'The microphone is not allowed yet: the browser will ask you.',
  unknown: 'The browser asks for the microphone when a recording starts.',
};

/** Voice: the one place where the browser can ask for the microphone without losing the popup. */
export function voiceCard(complain: Complain): Card {
  const voice = switchRow(
    'Record my voice',
    'What you say explains why you do it. It is off at first, and a sign shows when it is on.',
    async (recordsAudio) => {
      if (recordsAudio && !(await askForMicrophone())) {
        throw Object.assign(new Error('The microphone may not be used.'), {
          advice: 'Connect one, and allow it when the browser asks.',
        });
      }
      return ask('settings.save', { recordsAudio });
    },
    complain,
  );
  const words = h('p', { class: 'hint', role: 'status' });
  const allow = actionButton(
    'Allow the microphone',
    { icon: 'microphone', onTrouble: complain },
    async () => {
      if (await askForMicrophone()) return;
      complain({
        message: 'The microphone may not be used.',
        advice: 'Connect one, and allow it when the browser asks.',
      });
    },
  );
  watchMicrophone((state) => {
    setText(words, permissionWords[state]);
    show(allow, state === 'prompt');
  }).catch((error: unknown) => complain(troubleOf(error)));
  return {
    element: card(
      'voice',
      'Voice',
      'Only while you record, only if you switch it on.',
      voice.element,
      words,
      allow,
    ),
    update: ({ settings }) => voice.set(settings.recordsAudio),
  };
}
