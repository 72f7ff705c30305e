import type { RecentSession } from '../messages.ts';
import { h, keepRows, type Row, setAttribute, setText, show } from './dom.ts';
import {
  agoWords,
  countWords,
  qualityWords,
  sessionWords,
  stageName,
  stageOrder,
  stageWords,
} from './words.ts';

/** The list of recent sessions; `update` may be called at any rate. */
export function recentList(): {
  element: HTMLElement;
  update: (sessions: RecentSession[]) => void;
} {
  const list = h('ul', { class: 'recent' });
  const none = h('p', { class: 'hint none' }, 'What you record will be listed here.');
  const update = keepRows<RecentSession>(list, ({ id }) => id, sessionRow);
  return {
    element: h(
      'section',
      { class: 'history', 'aria-labelledby': 'recent-title' },
      h('h2', { id: 'recent-title' }, 'Recent sessions'),
      none,
      list,
    ),
    update: (sessions) => {
      show(none, sessions.length === 0);
      show(list, sessions.length > 0);
      update(sessions);
    },
  };
}

function sessionRow(first: RecentSession): Row<RecentSession> {
  const task = h('h3', {});
  const facts = h('p', { class: 'facts' });
  const where = h('p', { class: 'where' });
  const bar = stageBar();
  const quality = h('p', { class: 'quality' });
  const advice = h('ul', { class: 'points' });
  const summary = h('summary', {});
  const more = h('details', {}, summary, advice);
  const review = h(
    'a',
    { class: 'button plain', href: `review.html?session=${first.id}`, target: '_blank' },
    'Review',
    h('span', { class: 'unseen' }, ` “${first.task}”`),
  );
  const updateAdvice = keepRows<string>(advice, (text) => text, adviceRow);

  return {
    element: h(
      'li',
      {},
      task,
      facts,
      bar.element,
      h('div', { class: 'stand' }, h('div', {}, where, quality), review),
      more,
    ),
    update: (session) => {
      setText(task, session.task || 'A session without a task');
      setText(facts, factsOf(session));
      setText(where, sessionWords(session));
      setAttribute(where, 'data-state', session.state.toLowerCase());
      show(review, /^(?:held|stuck)$/.test(session.state));
      bar.update(session);
      setText(quality, session.quality === null ? '' : qualityWords(session.quality));
      show(quality, session.quality !== null);
      setText(summary, `What would be better (${session.advice.length})`);
      updateAdvice([...new Set(session.advice)]);
      show(more, session.advice.length > 0);
    },
  };
}

function adviceRow(first: string): Row<string> {
  return { element: h('li', {}, first), update: () => {} };
}

function factsOf(session: RecentSession): string {
  return [
    session.site,
    agoWords(session.startedAt, Date.now()),
    countWords(session.interactions, 'step'),
    session.dropped > 0 ? `${countWords(session.dropped, 'picture')} given up` : null,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Thin segments, one for each stage; in words for those who do not see them. */
function stageBar(): { element: HTMLElement; update: (session: RecentSession) => void } {
  const fills = stageOrder.map(() => h('span', { class: 'fill' }));
  const segments = stageOrder.map((stage, index) =>
    h('span', { class: 'segment', title: stageName(stage) }, fills[index] ?? null),
  );
  const element = h(
    'div',
    { class: 'stages', role: 'progressbar', 'aria-label': 'Processing', 'aria-valuemax': '100' },
    ...segments,
  );
  return {
    element,
    update: ({ state, stages }) => {
      show(
        element,
        state.toLowerCase() === 'processing' || (state === 'failed' && stages.length > 0),
      );
      let done = 0;
      stageOrder.forEach((name, index) => {
        const stage = stages.find((one) => one.stage.toLowerCase() === name);
        const share = stage?.state.toLowerCase() === 'done' ? 1 : (stage?.progress ?? 0);
        done += share;
        const [segment, fill] = [segments[index], fills[index]];
        if (segment) setAttribute(segment, 'data-state', stage?.state.toLowerCase() ?? 'waiting');
        // The object model may set what the CSP forbids in markup.
        fill?.style.setProperty('inline-size', `${Math.round(share * 100)}%`);
      });
      setAttribute(element, 'aria-valuenow', Math.round((done / stageOrder.length) * 100));
      setAttribute(element, 'aria-valuetext', stageWords(stages));
    },
  };
}
