import type { Settings } from '../messages.ts';
import { ask } from '../wire.ts';
import { askDialog } from './ask-dialog.ts';
import { type Card, type Complain, card, facts } from './card.ts';
import { connectForm } from './connect-form.ts';
import { agreeButton, consentInFull } from './consent-panel.ts';
import { h, setText, show, showOne } from './dom.ts';
import { icon } from './icons.ts';
import { aboutCard, shortcutCard, storageCard } from './options-device.ts';
import { voiceCard } from './options-voice.ts';
import { actionButton, switchRow, troubleBanner } from './pieces.ts';
import { watchState } from './port.ts';
import { sitesEditor } from './sites-editor.ts';
import { sentence } from './words.ts';

/** Builds the options once; every state of the recorder changes them in place. */
export function openOptions(body: HTMLElement): void {
  const banner = troubleBanner(() => banner.set(null));
  const complain: Complain = (trouble) => banner.set(trouble);
  const cards = [
    connectionCard(complain),
    recordingCard(complain),
    sitesCard(),
    voiceCard(complain),
    consentCard(complain),
    shortcutCard(complain),
    storageCard(complain),
    aboutCard(),
  ];
  const main = h('main', { class: 'waiting' }, ...cards.map(({ element }) => element));
  body.append(
    h(
      'header',
      { class: 'page-head' },
      h('span', { class: 'brand' }, icon('brand')),
      h('h1', {}, 'CodeSight options'),
    ),
    h('div', { class: 'page-trouble' }, banner.element),
    main,
  );
  let isFirst = true;
  watchState((state) => {
    for (const card of cards) card.update(state);
    if (!isFirst) return;
    isFirst = false;
    main.classList.remove('waiting');
    // The address may name a part; it was empty when the browser looked for it.
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
  });
}

function connectionCard(complain: Complain): Card {
  const words = h('p', { class: 'strong', role: 'status' });
  const known = facts(['Server', 'Project', 'You are']);
  const form = connectForm({ submit: 'Connect', onConnected: () => edit(false) });
  const change = actionButton('Change the key', { onTrouble: complain }, async () => edit(true));
  const forget = askDialog({
    title: 'Disconnect from this server?',
    text: 'The key is removed from this device. What was not sent stays here until a server is connected again.',
    yes: 'Disconnect',
    act: () => ask('connection.forget', null),
  });
  const leave = actionButton('Disconnect', { kind: 'danger', onTrouble: complain }, async () =>
    forget.open(),
  );
  const buttons = h('div', { class: 'buttons' }, change, leave);
  let isConnected = false;
  let isEdited = false;
  const edit = (isOn: boolean) => {
    isEdited = isOn;
    place();
    if (isOn) form.focusKey();
  };
  const place = () => {
    show(known.element, isConnected);
    show(form.element, !isConnected || isEdited, change);
    show(buttons, isConnected && !isEdited);
  };
  return {
    element: card(
      'connection',
      'Connection',
      'Where your recordings go. Those who run the server give you its address and a key.',
      words,
      known.element,
      buttons,
      form.element,
      forget.element,
    ),
    update: ({ connection }) => {
      isConnected = connection.url !== null;
      setText(words, sentence(connection.words));
      known.set([connection.url ?? '', connection.project ?? '—', connection.participant ?? '—']);
      form.setUrl(connection.url);
      place();
    },
  };
}

function recordingCard(complain: Complain): Card {
  const save = (key: keyof Settings) => (isOn: boolean) => ask('settings.save', { [key]: isOn });
  const hold = switchRow(
    'Hold every session back',
    'A session stays on this device until you have looked at it and released it.',
    save('isHeld'),
    complain,
  );
  const mark = switchRow(
    'Show a mark in the page',
    'A small red dot shows that a page is recorded. Drag it, or move it with the arrow keys.',
    save('showsMark'),
    complain,
  );
  const notify = switchRow(
    'Tell me when a session is processed',
    'A notification of your system says how good it is.',
    save('notifies'),
    complain,
  );
  return {
    element: card(
      'recording',
      'Recording',
      'The icon in the toolbar always shows REC while you are recorded.',
      hold.element,
      mark.element,
      notify.element,
    ),
    update: ({ settings }) => {
      hold.set(settings.isHeld);
      mark.set(settings.showsMark);
      notify.set(settings.notifies);
    },
  };
}

function sitesCard(): Card {
  const editor = sitesEditor();
  return {
    element: card(
      'sites',
      'Excluded sites',
      'Nothing of these is captured: no steps, no pictures, no addresses.',
      editor.element,
    ),
    update: ({ settings }) => editor.set(settings.excludedSites),
  };
}

function consentCard(complain: Complain): Card {
  const words = h('p', { class: 'strong', role: 'status' });
  const agree = agreeButton(complain);
  const withdrawal = askDialog({
    title: 'Withdraw your agreement?',
    text: 'Nothing is recorded from then on. What was sent before stays until you ask those who run the server to remove it.',
    yes: 'Withdraw',
    act: () => ask('consent.withdraw', null),
  });
  const withdraw = actionButton('Withdraw', { kind: 'danger', onTrouble: complain }, async () =>
    withdrawal.open(),
  );
  return {
    element: card(
      'consent',
      'Your agreement',
      'What is recorded, what never is, and what you can do.',
      words,
      consentInFull(),
      h('div', { class: 'buttons' }, agree, withdraw),
      withdrawal.element,
    ),
    update: ({ consent }) => {
      setText(
        words,
        consent
          ? `You agreed on ${dateWords(consent.acceptedAt)} (version ${consent.version}).`
          : 'You have not agreed yet, so nothing can be recorded.',
      );
      showOne(consent !== null, withdraw, agree);
    },
  };
}

function dateWords(at: string): string {
  return new Date(at).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' });
}
