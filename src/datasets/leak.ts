import type { SelectorStrategy } from '../contract/vocabulary.ts';
import { quote } from '../lib/page/outline.ts';
import { findPersonalData } from '../lib/redact/text.ts';
import { FileProbes, nameIn, repeats } from './file-probes.ts';
import type { Probe } from './probes.ts';
import { type ReadLine, readElementLine, readLine } from './read-line.ts';

export const leakCodes = {
  UNKNOWN_FORM: 'The line is not of the form that is written here, so that nothing is known of it.',
  STRANGE_LINE: 'The prompt has a line that fits no form: a marker, a focus, an attribute.',
  ANSWER_NOT_OFFERED: 'The answer is not among the candidates.',
  REF_TWICE: 'Two candidates share a ref.',
  OUTLINE_UNEVEN: 'The outline treats the answer unlike the other candidates.',
  REF_IN_HISTORY: 'A ref stands where none belongs: task, history or instruction.',
  SELECTOR_IN_PROMPT: 'A selector of the target can be read in the prompt.',
  FUTURE_IN_HISTORY: 'The history already tells the action that is asked for.',
  ANSWER_ALREADY_DONE: 'The field holds the answer already: the page is from after the action.',
  VALUE_IN_ADDRESS: 'The address holds what is yet to be typed: it is from after the action.',
  INVISIBLE_MARK: 'The prompt holds characters that nobody sees.',
  PERSONAL_DATA: 'The line holds personal data.',
  FRAME_VARIES: 'Instruction or tools differ from those of the first line.',
  MARKED_ANSWER: 'A token stands on answers and never on other candidates.',
  PLACE_TELLS: 'Some places among the candidates hold the answer more often than chance allows.',
  FORM_TELLS: 'A rule that reads no words finds the answer.',
  HISTORY_REPEATS: 'The history ends with the answer, more often than people repeat themselves.',
} as const;

export type LeakCode = keyof typeof leakCodes;

export type LeakFinding = {
  /** From 1; 0 stands for the file as a whole. */
  line: number;
  code: LeakCode;
  /** Never holds personal data or a typed value. */
  message: string;
};

export type LeakReport = {
  /** No finding, at least one line. */
  passed: boolean;
  lines: number;
  candidates: number;
  /** Lines whose image was not looked into; pixels are another audit's. */
  imagesUnread: number;
  /** Selectors of targets that were looked for; 0 when the caller gave none. */
  selectorsSought: number;
  /** How many findings of each code, listed or not. */
  counts: Partial<Record<LeakCode, number>>;
  /** The first 200 of lines, then all of the file. */
  findings: LeakFinding[];
  /** All lines with a finding of their own, from 1, ascending. */
  faultyLines: number[];
  /** Rules that read no words, with the interval of 95 % of what they find. */
  probes: Probe[];
};

export type LeakOptions = {
  /** The recorded selectors of the target of a line, from 1, to be looked for in its prompt. */
  selectorsOf?: (line: number) => readonly { strategy: SelectorStrategy; value: string }[];
};

const MAX_FINDINGS = 200;

/** Fewer characters occur by chance. */
const TELLING_CHARS = 4;

/** What selectors look like; outside of quotes any of them is a stranger already. */
const SELECTOR_FORM =
  /data-cs-|data-test|:nth-(?:child|of-type)\(|html ?> ?body|\/html\/body|\/\/\*?\[@|getBy(?:Role|TestId|Text|Label)\(|\b(?:xpath|css)=|\[(?:name|id)=/i;

/**
 * Proves over a finished file that no answer can be read off its prompt; holds none of the lines.
 *
 * Reads the file by a closed grammar of its own, so that whatever was added to a prompt outside of the
 * page's quoted words is a stranger. Words of the page can only be judged over the whole file: what
 * stands on answers alone, which places and forms hold the answer. These are tests of chance, exact at any
 * length, that refuse a fair file once in 100,000 times each ({@link falseAlarm}): what a few lines cannot show at
 * that level is left to the dataset.
 */
export function checkLeaks(lines: Iterable<string>, options: LeakOptions = {}): LeakReport {
  const check = new LeakCheck();
  let at = 0;
  for (const line of lines) check.add(line, options.selectorsOf?.(++at) ?? []);
  return check.report();
}

/**
 * The same for a file that comes line by line. A line with a finding of its own counts for nothing else: what is
 * said of the file holds for the file without it, too.
 */
export class LeakCheck {
  readonly #report: LeakReport = {
    passed: false,
    lines: 0,
    candidates: 0,
    imagesUnread: 0,
    selectorsSought: 0,
    counts: {},
    findings: [],
    faultyLines: [],
    probes: [],
  };
  readonly #file = new FileProbes();
  #first: ReadLine | null = null;

  /**
   * Reads the next line.
   *
   * @param selectors recorded ones of its target, to be looked for in its prompt
   * @returns what is wrong with this line alone
   */
  add(
    line: string,
    selectors: readonly { strategy: SelectorStrategy; value: string }[] = [],
  ): LeakFinding[] {
    const report = this.#report;
    const at = ++report.lines;
    const read = readLine(line);
    if (!read) return [this.#find(report, at, 'UNKNOWN_FORM', 'Export the line anew.')];
    this.#first ??= read;
    report.candidates += read.candidates.length;
    report.selectorsSought += selectors.length;
    if (read.hasImage) report.imagesUnread++;
    const found = [...lineFindings(read, this.#first, selectors)];
    if (found.length === 0) this.#file.add(read);
    return found.map(([code, detail]) => this.#find(report, at, code, detail));
  }

  /** What was found so far, with what only the whole file shows. */
  report(): LeakReport {
    const report = structuredClone(this.#report);
    report.probes = this.#file.probes();
    for (const [code, detail] of this.#file.findings()) this.#find(report, 0, code, detail);
    report.passed = report.lines > 0 && Object.keys(report.counts).length === 0;
    return report;
  }

  #find(report: LeakReport, line: number, code: LeakCode, detail: string): LeakFinding {
    report.counts[code] = (report.counts[code] ?? 0) + 1;
    if (line > 0 && report.faultyLines.at(-1) !== line) report.faultyLines.push(line);
    const finding = { line, code, message: `${leakCodes[code]} ${detail}`.trim() };
    if (line === 0 || report.findings.length < MAX_FINDINGS) report.findings.push(finding);
    return finding;
  }
}

type Found = [code: LeakCode, detail: string];

function* lineFindings(
  read: ReadLine,
  first: ReadLine,
  selectors: readonly { strategy: SelectorStrategy; value: string }[],
): Generator<Found> {
  const { candidates, answer, prompt } = read;
  if (read.strangers[0]) yield ['STRANGE_LINE', `${read.strangers.length} of them.`];
  if (!candidates.some(({ ref }) => ref === answer.ref)) yield ['ANSWER_NOT_OFFERED', answer.ref];
  if (new Set(candidates.map(({ ref }) => ref)).size < candidates.length) {
    yield ['REF_TWICE', `${candidates.length} candidates.`];
  }
  if (read.system !== first.system || read.frame !== first.frame) {
    yield ['FRAME_VARIES', 'Both must be the same in all lines.'];
  }
  if (/[\p{Cf}\p{Co}]/u.test(prompt)) yield ['INVISIBLE_MARK', 'Unicode category Cf or Co.'];
  yield* outlineFindings(read);
  yield* refFindings(read);
  yield* selectorFindings(read, selectors);
  yield* valueFindings(read);
  const kinds = findPersonalData(`${prompt}\n${answer.value ?? ''}`).map(({ kind }) => kind);
  if (kinds.length > 0) yield ['PERSONAL_DATA', [...new Set(kinds)].join(', ')];
}

function* outlineFindings({ outline, candidates, answer }: ReadLine): Generator<Found> {
  const texts = new Map<string, string[]>();
  for (const line of outline) {
    const element = readElementLine(line);
    if (element?.ref) texts.set(element.ref, [...(texts.get(element.ref) ?? []), element.text]);
  }
  const counts = candidates.map(({ ref }) => texts.get(ref)?.length ?? 0);
  if (counts.some((count) => count !== counts[0])) {
    yield ['OUTLINE_UNEVEN', 'Not every candidate has as many lines in it.'];
  }
  if ([...texts.keys()].some((ref) => !candidates.some((candidate) => candidate.ref === ref))) {
    yield ['OUTLINE_UNEVEN', 'It has a ref that is no candidate.'];
  }
  const alike = candidates.filter(({ ref, text }) =>
    texts.get(ref)?.some((other) => text.startsWith(other)),
  );
  const others = candidates.length - alike.length;
  const isAlike = alike.some(({ ref }) => ref === answer.ref);
  if (candidates.length > 2 && (isAlike ? alike.length === 1 : others === 1)) {
    yield ['OUTLINE_UNEVEN', 'Only the answer is worded otherwise in it.'];
  }
}

function* refFindings({ task, history, system, answer }: ReadLine): Generator<Found> {
  const places = [task, system, ...history];
  const outside = places.map((text) => text.replace(/"(?:[^"\\]|\\.)*"/g, '""'));
  const bare = new RegExp(`\\b${answer.ref}\\b`);
  const isThere =
    places.some((text) => /\[e\d+\]/.test(text)) || outside.some((text) => bare.test(text));
  if (isThere) yield ['REF_IN_HISTORY', ''];
}

function* selectorFindings(
  read: ReadLine,
  selectors: readonly { strategy: SelectorStrategy; value: string }[],
): Generator<Found> {
  // Addresses may end in `#id`; they are no selectors.
  const text = read.prompt.replace(/^Address: .*$/m, '').replace(/"https?:[^"]*"/g, '""');
  for (const { strategy, value } of selectors) {
    if (!isTelling(strategy, value)) continue;
    const escaped = JSON.stringify(value).slice(1, -1);
    if (text.includes(value) || text.includes(escaped)) {
      yield ['SELECTOR_IN_PROMPT', strategy];
      return;
    }
  }
  const own = read.candidates.find(({ ref }) => ref === read.answer.ref)?.text ?? '';
  const isOnOthers = read.candidates.some(
    ({ ref, text: other }) => ref !== read.answer.ref && SELECTOR_FORM.test(other),
  );
  const isTold = read.history.some((step) => SELECTOR_FORM.test(step.replace(/, "[^"]*"$/, '')));
  if (isTold || (SELECTOR_FORM.test(own) && !isOnOthers)) {
    yield ['SELECTOR_IN_PROMPT', 'By its form.'];
  }
}

/** Texts and labels are what the page shows, and a bare `button` is a word of every prompt. */
function isTelling(strategy: SelectorStrategy, value: string): boolean {
  const isShown = strategy === 'TEXT' || strategy === 'LABEL';
  return !isShown && value.length >= TELLING_CHARS && /[#.[>:/=]/.test(value);
}

function* valueFindings(read: ReadLine): Generator<Found> {
  const { answer, candidates, history, outline, address, task } = read;
  if (answer.value === null || answer.value === '' || answer.operation === 'press') return;
  const own = candidates.find(({ ref }) => ref === answer.ref)?.text ?? '';
  const quoted = quote(answer.value, 80);
  if (own.includes(` value ${quoted}`)) yield ['ANSWER_ALREADY_DONE', answer.operation];
  const last = history.at(-1) ?? '';
  const name = nameIn(own);
  if (last.includes(quoted) && name !== '' && last.includes(name) && repeats(last, read)) {
    yield ['FUTURE_IN_HISTORY', answer.operation];
  }
  if (answer.operation !== 'type' || answer.value.length < TELLING_CHARS) return;
  const plain = answer.value.toLowerCase();
  const isKnown = [task, ...history, ...outline].some((text) => text.toLowerCase().includes(plain));
  if (!isKnown && decoded(address).includes(plain)) yield ['VALUE_IN_ADDRESS', 'Decoded.'];
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address.replaceAll('+', ' ')).toLowerCase();
  } catch {
    return address.toLowerCase();
  }
}
