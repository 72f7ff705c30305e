import { describeElement, renderOutline } from '../lib/page/outline.ts';
import { interactiveElements, parsePage } from '../lib/page/parse.ts';
import { seededRandom, shuffled } from '../lib/page/random.ts';
import { type FoundSelector, selectorsOf } from '../lib/page/selectors-of.ts';
import { surroundingOf } from '../lib/page/surrounding.ts';
import { redactAddress, redactHtml, redactWords } from '../privacy/redact.ts';
import type { Question } from '../training/answerer.ts';
import { NothingToChooseError } from './errors.ts';

/** What is asked of a deployed model. */
export type Asked = {
  task: string;
  url: string;
  /** The page as HTML; a snapshot of the recorder is one. */
  html: string | null;
  /** Or as an outline, whose lines carry refs: `[e12] button "Add to cart"`. */
  outline: string | null;
  /** What was done before, in words, oldest first. */
  history: string[];
};

/** A question, and how its candidates are found again. */
export type Posed = {
  question: Question;
  /** By ref of the question. */
  found: Map<string, { ref: string | null; selectors: FoundSelector[] }>;
};

/** More things to act on than this are not offered: the first ones of the page are. */
const offeredMost = 400;
const historyMost = 20;
const outlineLine = /^\s*\[([\w-]{1,40})\] (([a-z]+)(?: \d+)?(?: ("(?:[^"\\]|\\.)*"))?.*)$/;

/**
 * Makes the question of a page: everything that a person can act on is a candidate, in random order, under
 * refs of its own. Personal data is taken out first.
 *
 * @throws {NothingToChooseError}
 */
export function pose({ task, url, html, outline, history }: Asked): Posed {
  const head = {
    task: redactWords(task),
    history: history.slice(-historyMost).map((step) => redactWords(step)),
    historyLeftOut: Math.max(0, history.length - historyMost),
    url: redactAddress(url),
  };
  return html === null
    ? poseOutline(head, redactWords(outline ?? ''))
    : poseHtml(head, redactHtml(html));
}

type Head = Pick<Question, 'task' | 'history' | 'historyLeftOut' | 'url'>;

function poseHtml(head: Head, html: string): Posed {
  const page = parsePage(html);
  const offered = interactiveElements(page).slice(0, offeredMost);
  if (offered.length < 2) throw new NothingToChooseError(offered.length);
  const shown = shuffled(offered, seededRandom(`${head.task}/${html.length}`));
  const refs = new Map(shown.map((element, at) => [element, `e${at + 1}`]));
  return {
    question: {
      ...head,
      title: page.title,
      outline: renderOutline(page, {
        keep: new Set(shown),
        refOf: (element) => refs.get(element) ?? null,
      }),
      candidates: shown.map((element) => ({
        ref: refs.get(element) ?? '',
        text: describeElement(element),
        within: surroundingOf(element),
      })),
    },
    found: new Map(
      shown.map((element) => [
        refs.get(element) ?? '',
        { ref: element.ref, selectors: selectorsOf(page, element) },
      ]),
    ),
  };
}

function poseOutline(head: Head, outline: string): Posed {
  const lines = outline.split('\n').flatMap((line) => {
    const [, ref, text, role, name] = outlineLine.exec(line) ?? [];
    return ref && text && role ? [{ ref, text, role, name: name ?? null }] : [];
  });
  const shown = lines.slice(0, offeredMost);
  if (shown.length < 2) throw new NothingToChooseError(shown.length);
  return {
    question: {
      ...head,
      title: '',
      outline,
      candidates: shown.map(({ ref, text }) => ({ ref, text, within: null })),
    },
    found: new Map(
      shown.map(({ ref, role, name }) => {
        const twins = shown.filter((other) => other.role === role && other.name === name).length;
        const value = `${role}[name=${name}]`;
        const confidence = Math.round((0.9 / twins) * 100) / 100;
        const selectors: FoundSelector[] = name
          ? [{ strategy: 'ROLE_NAME', value, matchCount: twins, confidence }]
          : [];
        return [ref, { ref, selectors }];
      }),
    ),
  };
}
