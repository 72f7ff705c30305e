import type { FaceState } from '../messages.ts';
import { ask } from '../wire.ts';
import { h, setAttribute, setText, show, showOne } from './dom.ts';
import { icon } from './icons.ts';
import { actionButton, type Trouble } from './pieces.ts';
import { clockWords } from './words.ts';

/** What is being recorded, and the ways to pause and stop it. */
export function recordingView(onTrouble: (trouble: Trouble | null) => void): {
  element: HTMLElement;
  heading: HTMLElement;
  update: (state: FaceState) => void;
} {
  const words = h('span', {});
  const heading = h('h2', { tabindex: '-1' }, words);
  const clock = h('span', { class: 'clock', role: 'timer', 'aria-label': 'Time since the start' });
  const voice = h('span', { class: 'chip' }, icon('microphone'), 'Voice');
  const task = h('p', { class: 'task' });
  const [steps, pictures, waiting] = [count('Steps'), count('Pictures'), count('To be sent')];
  const pause = actionButton('Pause', { icon: 'pause', onTrouble }, () =>
    ask('session.pause', null),
  );
  const resume = actionButton('Resume', { icon: 'record', kind: 'primary', onTrouble }, () =>
    ask('session.resume', null),
  );
  const stop = actionButton('Stop', { icon: 'stop', kind: 'primary', onTrouble }, () =>
    ask('session.stop', null),
  );
  const element = h(
    'section',
    { class: 'view recording' },
    h('div', { class: 'now' }, h('span', { class: 'dot' }), heading, voice, clock),
    task,
    h('dl', { class: 'counts' }, steps.element, pictures.element, waiting.element),
    h('div', { class: 'buttons' }, pause, resume, stop),
  );

  let startedAt: number | null = null;
  const tick = () => {
    if (startedAt !== null) setText(clock, clockWords(Date.now() - startedAt));
  };
  setInterval(tick, 1000);

  return {
    element,
    heading,
    update: ({ session, queue }) => {
      startedAt = session && !session.isPaused ? Date.parse(session.startedAt) : null;
      if (!session) return;
      tick();
      show(clock, !session.isPaused);
      setAttribute(element, 'data-paused', session.isPaused);
      setText(words, session.isPaused ? 'Paused: nothing is recorded' : 'Recording');
      setText(task, session.task);
      setAttribute(task, 'title', session.task); // it is cut after some lines
      show(voice, session.recordsAudio && !session.isPaused);
      steps.set(session.interactions);
      pictures.set(session.screenshots);
      waiting.set(queue.interactions + queue.uploads);
      showOne(session.isPaused, resume, pause);
      stop.classList.toggle('primary', !session.isPaused);
      stop.classList.toggle('plain', session.isPaused);
    },
  };
}

function count(name: string): { element: HTMLElement; set: (value: number) => void } {
  const value = h('dd', {});
  return {
    element: h('div', {}, h('dt', {}, name), value),
    set: (amount) => setText(value, amount.toLocaleString('en')),
  };
}
