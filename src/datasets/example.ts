import * as z from 'zod';
import type { InteractionRecord } from '../contract/interaction.ts';
import { canBeOffered, chooseCandidates } from '../lib/page/candidates.ts';
import type { Page, PageElement } from '../lib/page/element.ts';
import { describeElement, quote, renderOutline } from '../lib/page/outline.ts';
import { controlOf } from '../lib/page/parse.ts';
import { seededRandom } from '../lib/page/random.ts';
import { optionNamed } from '../lib/page/state.ts';
import { surroundingOf } from '../lib/page/surrounding.ts';
import { tidy } from '../lib/page/text.ts';
import { describeAction, describeHistory, type Past, type PastAction } from './history.ts';

export const operations = [
  'click',
  'double_click',
  'right_click',
  'hover',
  'type',
  'select',
  'press',
] as const;

/** One step as a question with candidates and its answer. Refs are `e1` … `eN`, by candidate. */
export const Example = z.object({
  task: z.string().min(1),
  /** What was done before, in words, oldest first. */
  history: z.array(z.string()),
  /** Actions before those, which are not told. */
  historyLeftOut: z.int().nonnegative(),
  url: z.string(),
  title: z.string(),
  /** The page before the action; each candidate's line carries its ref, no other line has one. */
  outline: z.string(),
  candidates: z
    .array(
      z.object({
        ref: z.string(),
        /** As its line in the outline: role, name, value, states. */
        text: z.string(),
        /** What it stands in, `null` where nothing around it has a name. */
        within: z.string().nullable(),
      }),
    )
    .min(2),
  answer: z.object({
    ref: z.string(),
    operation: z.enum(operations),
    /** What is typed, chosen or pressed; `null` for the other operations. */
    value: z.string().nullable(),
  }),
});

export type Example = z.infer<typeof Example>;
export type Operation = (typeof operations)[number];

/** Why an interaction gives no example. */
export const skipReasons = {
  NOT_AN_ANSWER:
    'The interaction is history only: nothing that an agent would choose an element for.',
  CONSEQUENCE: 'A click or a key did it, and that is an example itself.',
  TASK_MISSING: 'The session has no task, so that no action can be right or wrong.',
  SNAPSHOT_MISSING: 'There is no snapshot of the page before the action.',
  TARGET_MISSING: 'The recorder did not say which element of the snapshot was meant.',
  TARGET_NOT_IN_SNAPSHOT: 'The snapshot has no such element.',
  TARGET_NOT_VISIBLE: 'The element could not be seen before the action.',
  TARGET_NOT_ACTIONABLE:
    'The target is a piece of the layout without a label, such as the background.',
  VALUE_MISSING: 'What was typed, chosen or pressed is not known.',
  OPTION_NOT_IN_SNAPSHOT: 'The list had no such option before the action.',
  SNAPSHOT_AFTER_ACTION: 'The field held the value already: the snapshot shows the answer.',
  TOO_FEW_CANDIDATES: 'The page had nothing else to choose from.',
} as const;

export type SkipReason = keyof typeof skipReasons;
export type Skipped = { skipped: SkipReason };

export type ExampleInput = {
  task: string | null;
  /**
   * Interactions of the session in any order, of which those from `interaction` on are not looked at; or
   * what a {@link History} of those before it tells.
   */
  history: readonly PastAction[] | Past;
  /** The page strictly before the action; `null` when there is no such snapshot. */
  page: Page | null;
  /** `data-cs-ref` of the target in that page. */
  targetRef: string | null;
  interaction: PastAction;
  /** Decides order and choice. Must differ between examples, e.g. session and sequence. */
  seed: string;
  candidateLimit?: number;
};

const CANDIDATES = 24;
const URL_CHARS = 300;
const TITLE_CHARS = 200;
const TASK_CHARS = 1_000;

/** Roles that change by a click: recorders tell of the click, of the change, or of both. */
const toggledRoles = new Set('checkbox radio switch menuitemcheckbox menuitemradio'.split(' '));
/** Roles whose click is always recorded as such. */
const clickedRoles = new Set('option button'.split(' '));
/** What changes a control, told right before the change. */
const causes = new Set<PastAction['type']>(['CLICK', 'TOUCH', 'KEY_PRESS']);

/**
 * Makes an example of one interaction, or says why it cannot be one.
 *
 * Nothing in it tells the answer: candidates come in random order and are numbered in it, all lines
 * have one form, focus and measurements are not shown, a cut of the page keeps all candidates alike,
 * and the history ends before the action. Pure: the same input gives the same example.
 */
export function buildExample(input: ExampleInput): Example | Skipped {
  const { page, interaction } = input;
  const task = clip(input.task ?? '', TASK_CHARS);
  const named = operationOf(interaction.type);
  if (named === null) return { skipped: reasonOf(interaction.type) };
  if (task === '') return { skipped: 'TASK_MISSING' };
  if (page === null) return { skipped: 'SNAPSHOT_MISSING' };
  const target = findTarget(page, input.targetRef);
  if ('skipped' in target) return target;
  const past =
    'words' in input.history ? input.history : describeHistory(input.history, interaction.sequence);
  const isChange = interaction.type === 'CHANGE';
  if (isChange && isConsequence(page, target, past)) return { skipped: 'CONSEQUENCE' };
  const isToggle = isChange && toggledRoles.has(target.role ?? '');
  const operation = isToggle ? 'click' : named;
  if (isToggle && isToggled(interaction, target)) return { skipped: 'SNAPSHOT_AFTER_ACTION' };
  const value = answerValue(operation, interaction, target);
  if (value !== null && typeof value === 'object') return value;

  const candidates = chooseCandidates(page, target, {
    limit: input.candidateLimit ?? CANDIDATES,
    random: seededRandom(input.seed),
  });
  if (candidates.length < 2) return { skipped: 'TOO_FEW_CANDIDATES' };
  const refs = new Map(candidates.map((element, at) => [element, `e${at + 1}`]));
  return {
    task,
    history: past.words,
    historyLeftOut: past.leftOut,
    url: clip(interaction.before?.url ?? interaction.url, URL_CHARS),
    title: clip(page.title || (interaction.before?.title ?? ''), TITLE_CHARS),
    outline: renderOutline(page, {
      keep: new Set(candidates),
      refOf: (element) => refs.get(element) ?? null,
    }),
    candidates: candidates.map((element) => ({
      ref: refs.get(element) as string,
      text: describeElement(element),
      within: surroundingOf(element),
    })),
    answer: { ref: refs.get(target) as string, operation, value },
  };
}

/**
 * The seed of a step's example. Not of ids: the same session recorded once and played twice gives the same
 * examples.
 *
 * @param occurredAt ISO 8601 in UTC with milliseconds
 */
export function exampleSeed(occurredAt: string, sequence: number, task: string | null): string {
  return `${occurredAt}/${sequence}/${task}`;
}

/** The answer in words: `type "rain jacket" into searchbox "Search"`. */
export function describeAnswer({ answer, candidates }: Example): string {
  const chosen = candidates.find(({ ref }) => ref === answer.ref);
  return describeAction({ ...answer, target: chosen ? chosen.text : answer.ref });
}

/** An example as a person reads it in a terminal; the answer stands last, behind an arrow. */
export function readable(example: Example): string {
  const { task, title, url, history, historyLeftOut, outline, candidates, answer } = example;
  const earlier = historyLeftOut > 0 ? [`  (${historyLeftOut} earlier)`] : [];
  const steps = history.map((words, at) => `  ${historyLeftOut + at + 1}. ${words}`);
  const lines = outline.split('\n');
  const shown = lines.slice(0, 24).map((line) => `  ${line}`);
  const rest = lines.length - shown.length;
  return [
    `Task      ${task}`,
    `Page      ${title} — ${url}`,
    'So far',
    ...(steps.length > 0 ? [...earlier, ...steps] : ['  (nothing yet)']),
    'It shows',
    ...shown,
    ...(rest > 0 ? [`  … ${rest} more lines`] : []),
    'Choices',
    ...candidates.map(
      ({ ref, text, within }) => `  [${ref}] ${text}${within ? ` in ${within}` : ''}`,
    ),
    `→ [${answer.ref}] ${describeAnswer(example)}`,
  ].join('\n');
}

function operationOf(type: InteractionRecord['type']): Operation | null {
  switch (type) {
    case 'CLICK':
      return 'click';
    case 'DOUBLE_CLICK':
      return 'double_click';
    case 'CONTEXT_MENU':
      return 'right_click';
    case 'HOVER':
      return 'hover';
    case 'INPUT':
    case 'CHANGE':
      return 'type';
    case 'SELECT':
      return 'select';
    case 'KEY_PRESS':
      return 'press';
    default:
      return null;
  }
}

function reasonOf(type: InteractionRecord['type']): SkipReason {
  return type === 'SUBMIT' || type === 'FOCUS' || type === 'BLUR' ? 'CONSEQUENCE' : 'NOT_AN_ANSWER';
}

/** What a person acts on when the recorder names a part of it: the button around the icon. */
function findTarget(page: Page, ref: string | null): PageElement | Skipped {
  if (ref === null) return { skipped: 'TARGET_MISSING' };
  const named = page.byRef.get(ref);
  if (!named) return { skipped: 'TARGET_NOT_IN_SNAPSHOT' };
  const target = controlOf(page, named) ?? named;
  if (!target.visible) return { skipped: 'TARGET_NOT_VISIBLE' };
  return canBeOffered(page, target) ? target : { skipped: 'TARGET_NOT_ACTIONABLE' };
}

/** Whether a click or a key that was told before did what the change tells. */
function isConsequence(page: Page, target: PageElement, { last }: Past): boolean {
  if (clickedRoles.has(target.role ?? '')) return true;
  if (!toggledRoles.has(target.role ?? '') || !last || !causes.has(last.type)) return false;
  const acted = page.byRef.get(last.target?.ref ?? '');
  return acted !== undefined && (controlOf(page, acted) ?? acted) === target;
}

/** Whether the snapshot shows the control as the change left it. */
function isToggled({ value }: PastAction, { states }: PageElement): boolean {
  return (value === 'true' || value === 'false') && String(states.checked ?? false) === value;
}

function answerValue(
  operation: Operation,
  { value, key, modifiers }: PastAction,
  target: PageElement,
): string | null | Skipped {
  if (operation === 'press') {
    if (!key) return { skipped: 'VALUE_MISSING' };
    const held = ['Control', 'Alt', 'Meta', 'Shift'].filter(
      (name) => modifiers?.[name.toLowerCase() as 'control' | 'alt' | 'meta' | 'shift'],
    );
    return [...held.filter((name) => name !== key), key].join('+');
  }
  if (operation !== 'type' && operation !== 'select') return null;
  if (value === null || value === undefined) return { skipped: 'VALUE_MISSING' };
  const answer = target.tag === 'select' ? optionNamed(target, value) : value;
  if (answer === null) return { skipped: 'OPTION_NOT_IN_SNAPSHOT' };
  const held = target.value;
  if (held !== null && tidy(held) === tidy(answer)) return { skipped: 'SNAPSHOT_AFTER_ACTION' };
  return answer;
}

function clip(text: string, maxChars: number): string {
  return JSON.parse(quote(text, maxChars)) as string;
}
