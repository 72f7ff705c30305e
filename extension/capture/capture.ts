import type { PageState, Pointer } from '../../src/contract/interaction.ts';
import { limits } from '../../src/contract/limits.ts';
import type { InteractionType } from '../../src/contract/vocabulary.ts';
import type { Part } from '../../src/lib/splice.ts';
import type { Draft, PageMessage } from '../page.ts';
import { contextOf } from './context.ts';
import { analyse, stateOfPage, targetOf } from './describe.ts';
import { learnSecrets } from './learn.ts';
import { pieceOf } from './pieces.ts';
import { cleanText, cleanUrl } from './privacy.ts';
import { reveal } from './restyle.ts';
import { selectorsOf } from './selectors.ts';
import { changeOf, lastWhole, survey, type Whole } from './survey.ts';

/** An interaction that has begun; how it ends decides its type. */
export type Beginning = Omit<Draft, 'type' | 'endedAt'>;

/** Who is told. */
export type Port = {
  /** Milliseconds that an action may wait for its page to be written. */
  patience: number;
  /** More of it, for a page of which nothing is known that could stand for it. */
  longestPatience: number;
  /** Who is told remembers pages, and can be told how one differs from another. */
  takesChanges: boolean;
  tell(message: PageMessage): void;
  /** An interaction was told as done. */
  finished(draftId: string): void;
};

/** The page as it was when nothing had been done yet. */
interface Moment {
  page: Whole | null;
  before: PageState;
  /** Milliseconds between the snapshot and the action when it could not be brought up to date. */
  staleMs: number;
}

/** What the recorder knows of the action under way. */
export const turn = {
  /** Something was done in this turn; what follows by itself is its consequence. */
  hasActed: false,
  isHover: false,
  /** A key was told just now; what changes at once is the answer to it. */
  isAnswering: false,
  /** When the last interaction was told that is no consequence of another; `performance.now()`. */
  actedAt: Number.NEGATIVE_INFINITY,
  /** When a key was last pressed or let go; `performance.now()`. Infinite while the page answers to it. */
  keyAt: Number.NEGATIVE_INFINITY,
  /** The field whose value is not finished. */
  typing: null as Element | null,
};

const documentId = crypto.getRandomValues(new Uint32Array(3)).join('-');
const silence: Port = {
  patience: 0,
  longestPatience: 0,
  takesChanges: false,
  tell() {},
  finished() {},
};
let port = silence;
let lastKey = 0;
/** The page that was told last, and the one that differences are told from. */
let told: { page: Whole; key: string } | null = null;
let base: { length: number; key: string } | null = null;
let moment: Moment | null = null;
/** When something last began at an element; `performance.now()`. */
const began = new WeakMap<Element, number>();

/** Tells from now on; `null`: nobody, and what was known of the page is forgotten. */
export function connect(to: Port | null): void {
  port = to ?? silence;
  told = null;
  base = null;
  moment = null;
  Object.assign(turn, { hasActed: false, isHover: false, isAnswering: false, typing: null });
}

export function tell(message: PageMessage): void {
  port.tell(message);
}

/** Keeps the page as it is now as what was before all that follows. */
export function keepMoment(element: Element | null = null): Moment {
  learnSecrets(turn.typing);
  const isWhole = survey(port.patience) || (!isKnown(element) && survey(port.longestPatience));
  const page = lastWhole();
  moment = { page, before: stateOfPage(), staleMs: isWhole || !page ? 0 : Date.now() - page.at };
  return moment;
}

/** Whether the page as it was written last has the element. */
function isKnown(element: Element | null): boolean {
  const page = lastWhole();
  if (!page || !element) return page !== null;
  return (pieceOf(element)?.number ?? Number.POSITIVE_INFINITY) <= page.number;
}

/** The page has come to rest: what happens next by itself, happens to this. */
export function keepQuietMoment(): void {
  moment = { page: lastWhole(), before: stateOfPage(), staleMs: 0 };
}

export function hasMoment(): boolean {
  return moment !== null;
}

/** Describes what is about to happen to the element: call it before the page can answer. */
export function begin(element: Element | null, event?: Event): Beginning {
  if (element) reveal(element);
  return describe(element, keepMoment(element), event);
}

/** Describes what has happened already, on the page as it was last kept. */
export function beginLate(element: Element | null, event?: Event): Beginning {
  return describe(element, moment ?? keepMoment(), event);
}

/** `performance.now()` when the element was last described because something was done to it. */
export function beganAt(element: Element): number {
  return began.get(element) ?? Number.NEGATIVE_INFINITY;
}

/** Says that something has begun and is not over; what is told of it now counts if no more comes. */
export function open(
  beginning: Beginning,
  type: InteractionType | null,
  more?: Partial<Draft>,
): void {
  const { draftId, startedAt } = beginning;
  const draft = type && draftOf(beginning, type, more);
  tell({ kind: 'open', draftId, at: startedAt, draft });
}

export function finish(
  beginning: Beginning,
  type: InteractionType,
  more: Partial<Draft> = {},
): void {
  if (!isConsequence(type)) {
    turn.hasActed = true;
    turn.actedAt = performance.now();
  }
  if (type === 'KEY_PRESS') {
    turn.isAnswering = true;
    setTimeout(() => {
      turn.isAnswering = false;
    });
  }
  tell({ kind: 'done', draft: draftOf(beginning, type, more) });
  port.finished(beginning.draftId);
}

/** An interaction that could not be described is still one that happened. */
export function tellFault(event: string, error: unknown): void {
  const at = Date.now();
  const fault = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const draft: Draft = {
    draftId: newKey(),
    type: 'OTHER',
    startedAt: at,
    endedAt: at,
    snapshotKey: null,
    url: cleanUrl(location.href),
    selectors: [],
    confidence: 0,
    context: { event, fault: cleanText(fault) },
  };
  tell({ kind: 'done', draft });
}

/** `data-cs-ref` of the element in the snapshot that was kept last. */
export function refOf(element: Element): string | undefined {
  const piece = pieceOf(element);
  return piece && piece.number <= (moment?.page?.number ?? 0) ? `e${piece.number}` : undefined;
}

function isConsequence(type: InteractionType): boolean {
  return /^(?:SUBMIT|NAVIGATION|MODAL_OPEN|MODAL_CLOSE)$/.test(type);
}

function draftOf(beginning: Beginning, type: InteractionType, more?: Partial<Draft>): Draft {
  return { endedAt: Date.now(), ...beginning, type, ...more };
}

/** Told when something refers to it; the same page only once. */
function snapshotKeyOf(page: Whole | null, state: PageState): string | null {
  if (!page || page.html.length > limits.snapshotBytes) return null;
  if (told?.page === page) return told.key;
  const known = base;
  const parts = port.takesChanges ? changeOf(page, known === null) : null;
  const change = known && parts && { base: known.key, parts };
  const isSame = change ? isWholeCopy(change.parts, known) : told?.page.html === page.html;
  if (isSame) {
    told = { page, key: change?.base ?? told?.key ?? '' };
    return told.key;
  }
  told = { page, key: newKey() };
  if (parts) base = { length: page.html.length, key: told.key };
  const { url, title } = state;
  const { html, at } = page;
  const { key } = told;
  tell({ kind: 'snapshot', key, at, url: url ?? '', title: title ?? '', html, change });
  return key;
}

function isWholeCopy([first, ...more]: Part[], { length }: { length: number }): boolean {
  return more.length === 0 && typeof first === 'object' && first[0] === 0 && first[1] === length;
}

function describe(element: Element | null, kept: Moment, event?: Event): Beginning {
  const { page, before, staleMs } = kept;
  const beginning: Beginning = {
    draftId: newKey(),
    startedAt: Date.now(),
    snapshotKey: snapshotKeyOf(page, before),
    before,
    url: before.url ?? '',
    pageTitle: before.title,
    confidence: 1,
    selectors: [],
    context: { ...contextOf(element), ...(staleMs > 0 && { snapshotAgeMs: staleMs }) },
  };
  if (event instanceof MouseEvent) beginning.pointer = pointerOf(event, element);
  if (event instanceof MouseEvent || event instanceof KeyboardEvent) {
    const { altKey: alt, ctrlKey: control, metaKey: meta, shiftKey: shift } = event;
    beginning.modifiers = { alt, control, meta, shift };
  }
  if (!element) return beginning;
  began.set(element, performance.now());
  const ref = refOf(element);
  const target = targetOf(element);
  if (ref) target.ref = ref;
  beginning.target = target;
  beginning.isVisible = target.isVisible;
  beginning.selectors = selectorsOf(element);
  beginning.elementAnalysis = analyse(element, isHitBy(event));
  beginning.confidence = Math.max(
    0,
    ...beginning.selectors.map(({ confidence }) => confidence ?? 0),
  );
  return beginning;
}

/** A pointer or wheel has found it; a key goes where the focus is, whatever lies on top of it. */
function isHitBy(event: Event | undefined): boolean | null {
  return event instanceof KeyboardEvent ? null : event instanceof MouseEvent;
}

function pointerOf(event: MouseEvent, element: Element | null): Pointer {
  const { clientX, clientY, pageX, pageY, button } = event;
  const box = element?.getBoundingClientRect();
  const offset = box
    ? { offsetX: Math.round(clientX - box.x), offsetY: Math.round(clientY - box.y) }
    : {};
  return { clientX, clientY, pageX, pageY, button, ...offset };
}

function newKey(): string {
  lastKey += 1;
  return `${documentId}:${lastKey}`;
}
