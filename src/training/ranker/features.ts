import { isSame, type ReadCandidate, type ReadElement, type ReadQuestion } from './read.ts';
import { bucketOf, concepts, conceptsOf, wordsOf as wordList } from './words.ts';

/** Numbers of one candidate: places and values, the rest is 0. */
export type Sparse = { at: Uint16Array; value: Float32Array };

/**
 * What the ranker sees of a candidate. Nothing here names a site, a selector or a place among the candidates.
 *
 * - words: how much of its name, of what it stands in and of its options the task says, whole or what no
 *   act has used so far; rare words on the page count more; whether it is the best of the page in that
 * - form: a field without a value, with one that the task says, the first empty one after the last act
 * - place: where in the outline it stands (0 top, 1 bottom), how far below or above what was acted on last
 * - past: whether it was acted on already, last or before; whether its words are those of the last act
 * - states, dialogs, duplicates (several of the same role and name)
 */
const plain = [
  'name:said',
  'name:left',
  'name:all-said',
  'name:all-left',
  'name:best-said',
  'name:best-left',
  'name:longest-run',
  'name:none',
  'name:short',
  'name:long',
  'around:said',
  'around:left',
  'around:best-said',
  'around:last',
  'around:title',
  'around:none',
  'name:title',
  'name:last',
  'option:said',
  'option:left',
  'option:chosen-said',
  'field:empty',
  'field:filled',
  'field:value-said',
  'field:first-empty',
  'field:next-empty',
  'place:height',
  'place:top',
  'place:bottom',
  'place:depth',
  'place:unseen',
  'place:below-last',
  'place:just-below-last',
  'place:above-last',
  'past:acted-on',
  'past:acted-on-last',
  'past:typed-last',
  'past:times',
  'dialog:inside',
  'dialog:outside',
  'twin:has',
  'twin:first',
  'twin:around-best',
  'state:checked',
  'state:selected',
  'state:disabled',
  'state:expanded',
  'state:collapsed',
  'state:pressed',
  'kind:still',
  'kind:field',
] as const;

const roles = [
  'button',
  'link',
  'textbox',
  'searchbox',
  'combobox',
  'listbox',
  'option',
  'checkbox',
  'radio',
  'switch',
  'tab',
  'menuitem',
  'spinbutton',
  'slider',
  'heading',
  'img',
  'paragraph',
  'generic',
  'other',
] as const;
const verbs = ['none', 'click', 'type', 'select', 'press', 'set', 'other'] as const;
const stages = ['start', 'early', 'middle', 'late'] as const;

const editable = new Set(['textbox', 'searchbox', 'combobox', 'listbox', 'spinbutton', 'slider']);
const still = new Set([
  'heading',
  'img',
  'paragraph',
  'generic',
  'text',
  'article',
  'listitem',
  'cell',
  'figure',
]);

const names: string[] = [
  ...plain,
  ...roles.flatMap((role) => verbs.map((verb) => `role:${role}|after:${verb}`)),
  ...roles.flatMap((role) => stages.map((stage) => `role:${role}|stage:${stage}`)),
  ...concepts.flatMap((concept) => [
    `is:${concept}`,
    `is:${concept}|said`,
    `is:${concept}|left`,
    `in:${concept}`,
  ]),
];
const placeOf = new Map(names.map((name, at) => [name, at]));

/** Hashed features come after the named ones: words of a name, and concepts after the last act's. */
const buckets = 4096;

/** Numbers a weight vector has. */
export const width = names.length + buckets;

/** The first hashed place: those behind it are held back harder, because they carry over worst. */
export const firstHashed = names.length;

/** The features of every candidate of a question, in their order. */
export function featuresOf(question: ReadQuestion): Sparse[] {
  const { candidates } = question;
  const page = readPage(question);
  return candidates.map((candidate, index) => {
    const row = new Row();
    addWords(row, question, candidate, page, index);
    addForm(row, question, candidate, page, index);
    addPlace(row, question, candidate);
    addPast(row, question, candidate);
    addKind(row, question, candidate, page, index);
    return row.done();
  });
}

/** Role as the features tell it. */
export function roleOf({ role }: ReadElement): (typeof roles)[number] {
  return roles.find((known) => known === role) ?? 'other';
}

export function isField({ role }: ReadElement): boolean {
  return editable.has(role);
}

class Row {
  readonly #at: number[] = [];
  readonly #value: number[] = [];

  add(name: string, value: number | boolean = 1): void {
    const place = placeOf.get(name);
    if (place === undefined) throw new Error(`Expected a declared feature, got ${name}.`);
    this.#put(place, Number(value));
  }

  addHashed(text: string, value: number): void {
    this.#put(firstHashed + bucketOf(text, buckets), value);
  }

  done(): Sparse {
    return { at: Uint16Array.from(this.#at), value: Float32Array.from(this.#value) };
  }

  #put(place: number, value: number): void {
    if (value === 0) return;
    this.#at.push(place);
    this.#value.push(value);
  }
}

/** What candidates are compared by, computed once a page. */
type PageView = {
  weight: Map<string, number>;
  said: number[];
  left: number[];
  aroundSaid: number[];
  twins: number[];
  firstEmpty: number;
  nextEmpty: number;
  lastConcepts: number[];
  taskConcepts: Set<number>;
  leftConcepts: Set<number>;
  stage: (typeof stages)[number];
};

function readPage(question: ReadQuestion): PageView {
  const { candidates, taskWords, left, last, acts, lastLine } = question;
  const weight = weightsOf(candidates);
  const task = new Set(taskWords);
  const inOrder = candidates
    .map(({ line }, index) => ({ line, index }))
    .filter((place): place is { line: number; index: number } => place.line !== null)
    .sort((a, b) => a.line - b.line);
  const isEmpty = (index: number) => {
    const candidate = candidates[index];
    return candidate !== undefined && isField(candidate) && !candidate.value;
  };
  const count = acts.filter(({ verb }) => verb !== 'scroll').length;
  return {
    weight,
    said: candidates.map(({ words }) => shareOf(words, task, weight)),
    left: candidates.map(({ words }) => shareOf(words, left, weight)),
    aroundSaid: candidates.map(({ aroundWords }) => shareOf(aroundWords, task, weight)),
    twins: candidates.map((one) => candidates.filter((other) => isSame(one, other)).length),
    firstEmpty: inOrder.find(({ index }) => isEmpty(index))?.index ?? -1,
    nextEmpty:
      inOrder.find(({ line, index }) => lastLine !== null && line > lastLine && isEmpty(index))
        ?.index ?? -1,
    lastConcepts: conceptsOf(last?.target?.words ?? []),
    taskConcepts: new Set(conceptsOf(task)),
    leftConcepts: new Set(conceptsOf(left)),
    stage: stages[count <= 1 ? 0 : count <= 4 ? 1 : count <= 12 ? 2 : 3] ?? 'late',
  };
}

function addWords(
  row: Row,
  { task, taskWords, left, last, title }: ReadQuestion,
  { words, name, aroundWords, options, value }: ReadCandidate,
  page: PageView,
  index: number,
): void {
  const said = page.said[index] ?? 0;
  const leftShare = page.left[index] ?? 0;
  const around = page.aroundSaid[index] ?? 0;
  row.add('name:said', said);
  row.add('name:left', leftShare);
  row.add('name:all-said', said > 0.99);
  row.add('name:all-left', leftShare > 0.99);
  row.add('name:best-said', said > 0 && said === Math.max(...page.said));
  row.add('name:best-left', leftShare > 0 && leftShare === Math.max(...page.left));
  row.add('name:longest-run', Math.min(1, longestRun(words, taskWords) / 4));
  row.add('name:none', name === '');
  row.add('name:short', words.length > 0 && words.length <= 2);
  row.add('name:long', words.length > 8);
  row.add('around:said', around);
  row.add('around:left', shareOf(aroundWords, left, page.weight));
  row.add('around:best-said', around > 0 && around === Math.max(...page.aroundSaid));
  row.add('around:none', aroundWords.length === 0);
  const lastWords = new Set(last?.target?.words ?? []);
  row.add('name:last', shareOf(words, lastWords, page.weight));
  row.add('around:last', shareOf(aroundWords, lastWords, page.weight));
  const titleWords = new Set(title);
  row.add('name:title', shareOf(words, titleWords, page.weight));
  row.add('around:title', shareOf(aroundWords, titleWords, page.weight));
  if (options.length > 0) {
    const text = ` ${task.toLowerCase()} `;
    const isSaid = (option: string) => text.includes(option.toLowerCase());
    const wanted = options.filter(isSaid);
    row.add('option:said', wanted.length > 0);
    row.add(
      'option:left',
      wanted.some((option) => shareOf(wordList(option), left, page.weight) > 0),
    );
    row.add('option:chosen-said', value !== null && value !== '' && isSaid(value));
  }
  for (const word of new Set(words)) row.addHashed(`word:${word}`, 1 / Math.sqrt(words.length));
}

function addForm(
  row: Row,
  { taskWords }: ReadQuestion,
  candidate: ReadCandidate,
  page: PageView,
  index: number,
): void {
  if (!isField(candidate)) return;
  row.add('kind:field');
  row.add('field:empty', !candidate.value);
  row.add('field:filled', Boolean(candidate.value));
  const held = wordList(candidate.value ?? '');
  row.add('field:value-said', shareOf(held, new Set(taskWords), page.weight));
  row.add('field:first-empty', page.firstEmpty === index);
  row.add('field:next-empty', page.nextEmpty === index);
}

function addPlace(
  row: Row,
  { lines, lastLine }: ReadQuestion,
  { line, depth }: ReadCandidate,
): void {
  row.add('place:unseen', line === null);
  if (line === null) return;
  const height = line / Math.max(1, lines - 1);
  row.add('place:height', height);
  row.add('place:top', height < 0.1);
  row.add('place:bottom', height > 0.9);
  row.add('place:depth', Math.min(1, depth / 8));
  if (lastLine === null) return;
  const below = line - lastLine;
  row.add('place:below-last', below > 0 ? Math.exp(-below / 8) : 0);
  row.add('place:just-below-last', below > 0 && below <= 3);
  row.add('place:above-last', below < 0 ? Math.exp(below / 8) : 0);
}

function addPast(row: Row, { acts, last }: ReadQuestion, candidate: ReadCandidate): void {
  const times = acts.filter(({ target }) => target && isSame(target, candidate)).length;
  const isLast = Boolean(last?.target && isSame(last.target, candidate));
  row.add('past:acted-on', times > 0);
  row.add('past:times', Math.min(1, times / 3));
  row.add('past:acted-on-last', isLast);
  row.add('past:typed-last', isLast && last?.verb === 'type');
}

function addKind(
  row: Row,
  { hasDialog, last, candidates }: ReadQuestion,
  candidate: ReadCandidate,
  page: PageView,
  index: number,
): void {
  const { states, aroundRole, aroundWords, words } = candidate;
  const role = roleOf(candidate);
  const isInside = aroundRole === 'dialog' || aroundRole === 'alertdialog';
  row.add('dialog:inside', hasDialog && isInside);
  row.add('dialog:outside', hasDialog && !isInside);
  for (const state of states) if (placeOf.has(`state:${state}`)) row.add(`state:${state}`);
  row.add('kind:still', still.has(candidate.role));
  if ((page.twins[index] ?? 0) > 1) {
    row.add('twin:has');
    const twins = candidates.flatMap((other, at) => (isSame(candidate, other) ? [at] : []));
    const first = twins.reduce((a, b) =>
      (candidates[b]?.line ?? Number.POSITIVE_INFINITY) <
      (candidates[a]?.line ?? Number.POSITIVE_INFINITY)
        ? b
        : a,
    );
    row.add('twin:first', first === index);
    const best = Math.max(...twins.map((at) => page.aroundSaid[at] ?? 0));
    row.add('twin:around-best', best > 0 && page.aroundSaid[index] === best);
  }
  const verb = verbs.find((known) => known === (last?.verb ?? 'none')) ?? 'other';
  row.add(`role:${role}|after:${verb}`);
  row.add(`role:${role}|stage:${page.stage}`);
  for (const concept of conceptsOf(words)) {
    const name = concepts[concept];
    row.add(`is:${name}`);
    if (page.taskConcepts.has(concept)) row.add(`is:${name}|said`);
    if (page.leftConcepts.has(concept)) row.add(`is:${name}|left`);
    for (const before of page.lastConcepts) row.addHashed(`after:${before}|is:${concept}`, 1);
    if (page.lastConcepts.length === 0) row.addHashed(`after:${verb}|is:${concept}`, 1);
    row.addHashed(`stage:${page.stage}|is:${concept}|${role}`, 1);
  }
  for (const concept of conceptsOf(aroundWords)) row.add(`in:${concepts[concept]}`);
}

/** Rare words on the page weigh more: log((1 + n) / (1 + how many candidates have it)) + 0.1. */
function weightsOf(candidates: readonly ReadCandidate[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { words, aroundWords } of candidates)
    for (const word of new Set([...words, ...aroundWords]))
      counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map(
    [...counts].map(([word, count]) => [
      word,
      Math.log((1 + candidates.length) / (1 + count)) + 0.1,
    ]),
  );
}

/** Share of the words, by weight, that are among the others; 0 for no words. */
function shareOf(
  words: readonly string[],
  others: ReadonlySet<string>,
  weight: ReadonlyMap<string, number>,
): number {
  let [sum, hit] = [0, 0];
  for (const word of words) {
    const own = weight.get(word) ?? 1;
    sum += own;
    if (others.has(word)) hit += own;
  }
  return sum === 0 ? 0 : hit / sum;
}

/** Words in a row that both have. */
function longestRun(words: readonly string[], task: readonly string[]): number {
  let best = 0;
  for (let from = 0; from < task.length; from++)
    for (let start = 0; start < words.length; start++) {
      let length = 0;
      while (
        start + length < words.length &&
        from + length < task.length &&
        words[start + length] === task[from + length]
      )
        length++;
      best = Math.max(best, length);
    }
  return best;
}
