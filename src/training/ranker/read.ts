import type { Question } from '../answerer.ts';
import { wordsOf } from './words.ts';

/** An element as its line in the outline says it. */
export type ReadElement = {
  role: string;
  name: string;
  words: string[];
  /** What it holds; `null` where it says nothing. */
  value: string | null;
  states: string[];
  /** Of a native list, as far as they are told; empty for others. */
  options: string[];
};

export type ReadCandidate = ReadElement & {
  ref: string;
  /** Role of what it stands in; `''` for nothing with a name. */
  aroundRole: string;
  aroundWords: string[];
  /** Its line in the outline, from 0; `null` when a cut removed it. */
  line: number | null;
  depth: number;
};

/** One line of the history. */
export type Act = {
  /** `click`, `type`, `select`, `press`, `hover`, `set`, `arrive` or what else happened. */
  verb: string;
  /** What it was done to; `null` where it was nothing on a page. */
  target: ReadElement | null;
  value: string | null;
};

/** A question, taken apart once for all its candidates. */
export type ReadQuestion = {
  task: string;
  taskWords: string[];
  /** Words of the task that no act has used. */
  left: Set<string>;
  acts: Act[];
  /** The last act that changed something; scrolling and arriving do not. */
  last: Act | null;
  title: string[];
  candidates: ReadCandidate[];
  lines: number;
  /** First line of an element like the one acted on last; `null` for none. */
  lastLine: number | null;
  hasDialog: boolean;
};

const quoted = '"((?:[^"\\\\]|\\\\.)*)"';
const elementForm = new RegExp(
  `^([a-z]+)(?: (\\d{1,2}))?(?: ${quoted})?(?: value ${quoted})?((?: (?:checked|half-checked|selected|disabled|expanded|collapsed|pressed))*)(?: options (.*))?$`,
);
const lineForm = /^( *)(?:\[(e\d+)\] )?(.*)$/;
const quotes = new RegExp(quoted, 'g');

export function readQuestion(question: Question): ReadQuestion {
  const taskWords = wordsOf(question.task);
  const acts = question.history.map(readAct);
  const left = new Set(taskWords);
  for (const { value, target } of acts) {
    if (value) for (const word of wordsOf(value)) left.delete(word);
    if (target) for (const word of target.words) left.delete(word);
  }
  const last = acts.findLast(({ verb }) => changing.has(verb)) ?? null;
  const places = new Map<string, { line: number; depth: number }>();
  let lastLine: number | null = null;
  let hasDialog = false;
  const lines = question.outline.split('\n');
  for (const [line, text] of lines.entries()) {
    const [, indent = '', ref, rest = ''] = lineForm.exec(text) ?? [];
    if (ref) places.set(ref, { line, depth: indent.length / 2 });
    if (/^(?:alert)?dialog\b/.test(rest)) hasDialog = true;
    if (lastLine === null && last?.target && isSame(readElement(rest), last.target))
      lastLine = line;
  }
  return {
    task: question.task,
    taskWords,
    left,
    acts,
    last,
    title: wordsOf(question.title),
    lines: lines.length,
    lastLine,
    hasDialog,
    candidates: question.candidates.map(({ ref, text, within }) => {
      const around = within === null ? null : readElement(within);
      const place = places.get(ref);
      return {
        ref,
        ...readElement(text),
        aroundRole: around?.role ?? '',
        aroundWords: around?.words ?? [],
        line: place?.line ?? null,
        depth: place?.depth ?? 0,
      };
    }),
  };
}

/** Whether two lines tell of the same element: role and name, whatever it holds now. */
export function isSame(a: ReadElement, b: ReadElement): boolean {
  return a.role === b.role && a.name === b.name && a.name !== '';
}

const changing = new Set([
  'click',
  'double-click',
  'right-click',
  'type',
  'select',
  'press',
  'set',
]);

function readElement(text: string): ReadElement {
  const [, role = 'generic', , name, value, states = '', options = ''] =
    elementForm.exec(text) ?? [];
  const said = unquote(name);
  return {
    role,
    name: said ?? '',
    words: wordsOf(said ?? ''),
    value: unquote(value),
    states: states.trim().split(' ').filter(Boolean),
    options: [...options.matchAll(quotes)].flatMap(([, option]) => unquote(option) ?? []),
  };
}

/** `type "rain" into searchbox "Search"`; the words are those of `history.ts` in datasets. */
function readAct(words: string): Act {
  const [, verb = '', rest = ''] = /^([\w-]+) ?(.*)$/.exec(words) ?? [];
  const valued = new RegExp(`^${quoted} (?:into|in) (.*)$`).exec(rest);
  if ((verb === 'type' || verb === 'select' || verb === 'press') && valued)
    return { verb, value: unquote(valued[1]), target: readElement(valued[2] ?? '') };
  const set = new RegExp(`^(.*) to ${quoted}$`).exec(rest);
  if (verb === 'set' && set)
    return { verb, value: unquote(set[2]), target: readElement(set[1] ?? '') };
  if (verb === 'arrive' || verb === 'see' || verb === 'scroll')
    return { verb, value: null, target: null };
  return { verb, value: null, target: readElement(rest) };
}

function unquote(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text; // a history that somebody wrote by hand
  }
}
