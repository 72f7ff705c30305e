import type { PageState, Pointer } from '../../src/contract/interaction.ts';
import type { InteractionType } from '../../src/contract/vocabulary.ts';
import type { Draft, PageMessage } from '../page.ts';
import { analyse, contextOf, stateOfPage, targetOf } from './describe.ts';
import { cleanText, cleanUrl } from './privacy.ts';
import { selectorsOf } from './selectors.ts';
import { refOf, takeSnapshot } from './snapshot.ts';

/** An interaction that has begun; how it ends decides its type. */
export type Beginning = Omit<Draft, 'type' | 'endedAt'>;

/** The page as it was when nothing had been done yet. */
interface Moment {
  snapshotKey: string;
  refs: Set<string>;
  before: PageState;
}

/** What the recorder knows of the action under way. */
export const turn = {
  /** Something was done in this turn; what follows by itself is its consequence. */
  hasActed: false,
  isHover: false,
  /** A key was told just now; what changes at once is the answer to it. */
  isAnswering: false,
};

const documentId = crypto.getRandomValues(new Uint32Array(3)).join('-');
const speak = globalThis.__codesight;
let lastKey = 0;
let lastHtml = '';
let lastSnapshotKey = '';
let moment: Moment | null = null;

export function tell(message: PageMessage): void {
  speak(message).catch(() => {}); // the recorder is gone, and so is the session
}

export function greet(): Promise<{ secrets: string[] }> {
  return speak({ kind: 'hello' });
}

/** Keeps the page as it is now as what was before all that follows. */
export function keepMoment(): Moment {
  const { html, refs } = takeSnapshot();
  const before = stateOfPage();
  if (html !== lastHtml) {
    lastHtml = html;
    lastSnapshotKey = newKey();
    const { url = '', title = '' } = before;
    const at = Date.now();
    tell({ kind: 'snapshot', key: lastSnapshotKey, at, url: url ?? '', title: title ?? '', html });
  }
  moment = { snapshotKey: lastSnapshotKey, refs, before };
  return moment;
}

export function hasMoment(): boolean {
  return moment !== null;
}

/** Describes what is about to happen to the element: call it before the page can answer. */
export function begin(element: Element | null, event?: Event): Beginning {
  return describe(element, keepMoment(), event);
}

/** Describes what has happened already, on the page as it was last kept. */
export function beginLate(element: Element | null, event?: Event): Beginning {
  return describe(element, moment ?? keepMoment(), event);
}

export function finish(
  beginning: Beginning,
  type: InteractionType,
  more: Partial<Draft> = {},
): void {
  if (!isConsequence(type)) turn.hasActed = true;
  if (type === 'KEY_PRESS') {
    turn.isAnswering = true;
    setTimeout(() => {
      turn.isAnswering = false;
    });
  }
  tell({ kind: 'done', draft: { endedAt: Date.now(), ...beginning, type, ...more } });
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

function isConsequence(type: InteractionType): boolean {
  return /^(?:SUBMIT|NAVIGATION|MODAL_OPEN|MODAL_CLOSE)$/.test(type);
}

function describe(element: Element | null, { snapshotKey, refs, before }: Moment, event?: Event) {
  const beginning: Beginning = {
    draftId: newKey(),
    startedAt: Date.now(),
    snapshotKey,
    before,
    url: before.url ?? '',
    pageTitle: before.title,
    confidence: 1,
    selectors: [],
    context: contextOf(element),
  };
  if (event instanceof PointerEvent || event instanceof MouseEvent) {
    beginning.pointer = pointerOf(event, element);
  }
  if (event instanceof MouseEvent || event instanceof KeyboardEvent) {
    const { altKey: alt, ctrlKey: control, metaKey: meta, shiftKey: shift } = event;
    beginning.modifiers = { alt, control, meta, shift };
  }
  if (!element) return beginning;
  const ref = refOf(element);
  const target = targetOf(element);
  if (ref && refs.has(ref)) target.ref = ref;
  beginning.target = target;
  beginning.isVisible = target.isVisible;
  beginning.selectors = selectorsOf(element);
  beginning.elementAnalysis = analyse(element);
  beginning.confidence = Math.max(
    0,
    ...beginning.selectors.map(({ confidence }) => confidence ?? 0),
  );
  return beginning;
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
