import * as z from 'zod';
import { chooseCandidates } from '../../lib/page/candidates.ts';
import { laidOut, type Page, type PageElement, type PageNode } from '../../lib/page/element.ts';
import { controlOf } from '../../lib/page/parse.ts';
import { seededRandom } from '../../lib/page/random.ts';
import { tidy } from '../../lib/page/text.ts';
import { exampleSeed, type operations } from '../example.ts';
import { type Exporter, type ExportSession, InvalidRecordError } from './exporter.ts';
import { exampleSteps, fitting, linesKind, type WithExample } from './lines.ts';

const candidates = 24;

/** A task is ended with the action with which it passes one of these. The published tasks have 7 actions. */
const taskActions = 500;
const taskChars = 32 * 1024 * 1024;
const keptAttributes =
  'id class name type value placeholder title alt role href aria-label aria-checked aria-expanded aria-selected for'.split(
    ' ',
  );

const Candidate = z.strictObject({
  tag: z.string(),
  is_original_target: z.boolean(),
  is_top_level_target: z.boolean(),
  backend_node_id: z.string(),
  /** JSON in a string, as the published set has it. */
  attributes: z.string(),
});

const Action = z.strictObject({
  action_uid: z.string(),
  raw_html: z.string(),
  cleaned_html: z.string(),
  operation: z.strictObject({
    op: z.enum(['CLICK', 'TYPE', 'SELECT']),
    original_op: z.enum(['CLICK', 'TYPE', 'SELECT', 'HOVER', 'ENTER']),
    value: z.string(),
  }),
  pos_candidates: z.array(Candidate).min(1),
  neg_candidates: z.array(Candidate),
});

const Task = z.strictObject({
  annotation_id: z.string(),
  website: z.string(),
  domain: z.string(),
  subdomain: z.string(),
  confirmed_task: z.string(),
  action_reprs: z.array(z.string()),
  actions: z.array(Action),
});

const Row = z.strictObject({
  annotation_id: z.string(),
  action_uid: z.string(),
  website: z.string(),
  confirmed_task: z.string(),
  operation: Action.shape.operation,
  pos_candidates: z.array(Candidate).min(1),
  action_reprs: z.array(z.string()),
  target_action_index: z.string(),
  target_action_reprs: z.string(),
  screenshot: z.strictObject({ bytes: z.base64(), path: z.null() }),
});

export type Mind2WebTask = z.infer<typeof Task>;
type Operation = z.infer<typeof Action>['operation'];

/** Mind2Web: a task on each line, and rows with pictures as the multimodal set has them. */
export const mind2web: Exporter = {
  kinds: [linesKind(tasks), linesKind(rows, { folder: 'multimodal/' })],
};

async function* tasks(session: ExportSession): AsyncGenerator<string> {
  for await (const { head, action_reprs, made } of piecesOf(session)) {
    const actions = made.map(({ action }) => action);
    const task = { ...head, subdomain: '', domain: '', action_reprs, actions };
    yield JSON.stringify(fitting(Task, task, session));
  }
}

async function* rows(session: ExportSession): AsyncGenerator<string> {
  for await (const { head, action_reprs, made } of piecesOf(session))
    for (const [at, { repr, action, step }] of made.entries()) {
      const bytes = step.picture && (await session.picture(step.picture));
      if (!bytes) continue;
      const { action_uid, operation, pos_candidates } = action;
      const row = {
        ...head,
        ...{ action_uid, operation, pos_candidates, action_reprs },
        target_action_index: String(at),
        target_action_reprs: repr,
        screenshot: { bytes: bytes.toString('base64'), path: null },
      };
      yield JSON.stringify(fitting(Row, row, session, step.sequence));
    }
}

type Made = { repr: string; action: z.infer<typeof Action>; step: WithExample };
type Part = { head: ReturnType<typeof headOf>; action_reprs: string[]; made: Made[] };

/**
 * The actions of a session, all at once: a task is one line, and a row tells all actions of its task. A session
 * that is longer than any task makes several, numbered from the second on, so that a line stays one that can be read.
 */
async function* piecesOf(session: ExportSession): AsyncGenerator<Part> {
  let [made, chars, part]: [Made[], number, number] = [[], 0, 1];
  const piece = (): Part => ({
    head: headOf(session, part++),
    action_reprs: made.map(({ repr }) => repr),
    made,
  });
  for await (const step of exampleSteps(session)) {
    const one = await actionOf(session, step);
    if (!one) continue;
    made.push({ ...one, step });
    chars += one.action.raw_html.length + one.action.cleaned_html.length;
    if (made.length < taskActions && chars < taskChars) continue;
    yield piece();
    [made, chars] = [[], 0];
  }
  if (made.length > 0) yield piece();
}

function headOf({ head }: ExportSession, part: number) {
  return {
    annotation_id: part === 1 ? head.sessionId : `${head.sessionId}-${part}`,
    website: head.site,
    confirmed_task: head.task ?? '',
  };
}

/** The action with its page; `null` where the page is gone. */
async function actionOf(session: ExportSession, step: WithExample) {
  const [page, html] = [await session.page(step), await session.html(step)];
  const named = page?.byRef.get(step.target?.ref ?? '');
  if (!page || !html || !named) return null;
  const target = controlOf(page, named) ?? named;
  const { sessionId } = session.head;
  const offered = chooseCandidates(page, target, {
    limit: candidates,
    random: seededRandom(exampleSeed(step.occurredAt, step.sequence, session.head.task)),
  });
  const ids = new Map(page.elements.map((element, at) => [element, idOf(element, at)]));
  const positive = candidateOf(target, ids, true);
  const cleaned_html = cleaned(page, ids, target);
  if (!cleaned_html.includes(`backend_node_id="${positive.backend_node_id}"`))
    throw new InvalidRecordError(sessionId, step.sequence, 'the target is not in the cleaned page');
  const operation = operationOf(step);
  return {
    repr: reprOf(target, operation),
    action: {
      action_uid: step.interactionId,
      raw_html: html.replaceAll('data-cs-ref=', 'backend_node_id='),
      cleaned_html,
      operation,
      pos_candidates: [positive],
      neg_candidates: offered
        .filter((element) => element !== target)
        .map((element) => candidateOf(element, ids, false)),
    },
  };
}

function operationOf({ example }: WithExample): Operation {
  const { operation, value } = example.answer;
  const known: Record<(typeof operations)[number], Omit<Operation, 'value'>> = {
    click: { op: 'CLICK', original_op: 'CLICK' },
    double_click: { op: 'CLICK', original_op: 'CLICK' },
    right_click: { op: 'CLICK', original_op: 'CLICK' },
    hover: { op: 'CLICK', original_op: 'HOVER' },
    type: { op: 'TYPE', original_op: 'TYPE' },
    select: { op: 'SELECT', original_op: 'SELECT' },
    press: { op: 'CLICK', original_op: 'ENTER' },
  };
  const isValued = operation === 'type' || operation === 'select';
  return { ...known[operation], value: isValued ? (value ?? '') : '' };
}

/** `[button] Search -> CLICK`, `[textbox] Zip code -> TYPE: 10203`. */
function reprOf({ role, tag, name }: PageElement, { original_op, value }: Operation): string {
  return `[${role ?? tag}] ${tidy(name)} -> ${original_op}${value ? `: ${value}` : ''}`;
}

function candidateOf(
  element: PageElement,
  ids: ReadonlyMap<PageElement, string>,
  isTarget: boolean,
): z.infer<typeof Candidate> {
  const backend_node_id = ids.get(element) ?? '';
  const { box } = element;
  const attributes = {
    backend_node_id,
    ...(box
      ? {
          bounding_box_rect: [box.x, box.y, box.width, box.height].map((n) => Math.round(n)).join(),
        }
      : {}),
    ...Object.fromEntries(kept(element).map(([name, value]) => [name.replaceAll('-', '_'), value])),
  };
  return {
    tag: element.tag,
    is_original_target: isTarget,
    is_top_level_target: isTarget,
    backend_node_id,
    attributes: JSON.stringify(attributes),
  };
}

/** The page as a reader sees it: what is visible, with what names it. */
function cleaned(page: Page, ids: ReadonlyMap<PageElement, string>, target: PageElement): string {
  const write = (node: PageNode): string => {
    if (typeof node === 'string') return escaped(tidy(node));
    const inside = laidOut(node).map(write).filter(Boolean).join(' ');
    if (!node.visible && node !== target) return inside;
    const isPlain = node !== target && !node.interactive && node.role === null && !node.name;
    if (isPlain && inside === '') return '';
    const attributes = [['backend_node_id', ids.get(node) ?? ''], ...kept(node)]
      .map(([name, value]) => ` ${name}="${escaped(value ?? '')}"`)
      .join('');
    return `<${node.tag}${attributes}>${inside}</${node.tag}>`;
  };
  return page.top.map(write).filter(Boolean).join(' ');
}

function kept({ attributes }: PageElement): [string, string][] {
  return Object.entries(attributes).filter(([name]) => keptAttributes.includes(name));
}

/** The recorder's reference, which stands in the raw page too. */
function idOf({ ref }: PageElement, at: number): string {
  return ref ?? `n${at}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
