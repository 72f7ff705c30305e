import { type Beginning, beginLate, finish, refOf, tell } from './capture.ts';
import { isVisible } from './dom.ts';
import { afterFrame } from './frames.ts';
import { whileHearing } from './listen.ts';
import { onChange, openRoots, unchangedMs } from './survey.ts';

const DIALOG = 'dialog[open],[role=dialog],[role=alertdialog],[aria-modal=true],:popover-open';
const ALERT =
  '[role=alert],[aria-live=assertive],.error,.errors,.error-message,.form-error,.field-error,.invalid-feedback';
const EITHER = `${DIALOG},${ALERT}`;
/** Between two looks, in milliseconds: a page may change at every frame. */
const GAP = 100;
/** Between two looks at a page that does not rest. */
const LONGEST_GAP = 600;
/** Milliseconds without a change after which it is worth looking. */
const PAUSE = 40;
/** Shares of the viewport where something that covers the page is found. */
const MIDDLE = [0.5, 0.5] as const;
const SIDES = [
  [0.2, 0.25],
  [0.8, 0.75],
] as const;

const open = new Map<Element, Beginning>();
const scan = { timer: 0, at: 0, hasBaseline: false };
/** What is a dialog or an alert, or was one; found anew only where something changed. */
const candidates = new Set<Element>();
/** The document and the shadow roots that were searched. */
let searched = new WeakSet<ParentNode>();
let alerts = new WeakSet<Element>();
/** What covered the page from its beginning is the page. */
let covers = new WeakSet<Element>();

/** Tells of dialogs and overlays that come up and go away, and of errors, whatever shows them. */
export function watchDialogs(): void {
  onChange((records) => {
    for (const record of records) gather(record);
    lookSoon();
  });
  const options = { capture: true, signal: whileHearing() };
  // Popovers change no attribute.
  window.addEventListener(
    'toggle',
    (event) => {
      const [origin] = event.composedPath();
      if (origin instanceof Element) candidates.add(origin);
      lookSoon();
    },
    options,
  );
  window.addEventListener('invalid', tellError, options); // the browser's own words at a field
  document.addEventListener('DOMContentLoaded', lookSoon, options);
  if (document.readyState !== 'loading') lookSoon();
}

export function endDialogs(): void {
  clearTimeout(scan.timer);
  Object.assign(scan, { timer: 0, hasBaseline: false });
  candidates.clear();
  searched = new WeakSet();
  open.clear();
  alerts = new WeakSet();
  covers = new WeakSet();
}

/** Looks at once: what is to be told must not wait. */
export function lookForDialogs(): void {
  clearTimeout(scan.timer);
  scan.timer = 0;
  scan.at = performance.now();
  if (document.readyState === 'loading' || document.hidden) return;
  gatherAll();
  compare();
  compareAlerts();
  scan.hasBaseline = true;
}

function lookSoon(): void {
  if (scan.timer) return;
  const wait = Math.max(0, scan.at + GAP - performance.now());
  scan.timer = setTimeout(lookWhenPaused, wait) as unknown as number;
}

function lookWhenPaused(): void {
  const isBusy = unchangedMs() < PAUSE && performance.now() - scan.at < LONGEST_GAP;
  if (isBusy) scan.timer = setTimeout(lookWhenPaused, PAUSE) as unknown as number;
  else afterFrame(lookForDialogs);
}

/** All of each root once. */
function gatherAll(): void {
  for (const each of candidates) if (!each.isConnected) candidates.delete(each);
  for (const root of openRoots()) {
    if (searched.has(root)) continue;
    searched.add(root);
    for (const each of root.querySelectorAll(EITHER)) candidates.add(each);
  }
}

function gather({ type, target, addedNodes }: MutationRecord): void {
  const nodes = type === 'attributes' ? [target] : addedNodes;
  for (const node of nodes) {
    if (!(node instanceof Element)) continue;
    if (node.matches(EITHER)) candidates.add(node);
    if (type === 'attributes' || !node.firstElementChild) continue;
    for (const each of node.querySelectorAll(EITHER)) candidates.add(each);
  }
}

function found(selector: string): Element[] {
  return [...candidates].filter((each) => each.isConnected && each.matches(selector));
}

function compare(): void {
  const shown = new Set(found(DIALOG).filter(isVisible));
  const cover = shown.size === 0 ? coverOf() : null;
  if (cover && !scan.hasBaseline) covers.add(cover);
  if (cover && !covers.has(cover)) shown.add(cover);
  for (const [dialog, asOpened] of open) {
    if (shown.has(dialog)) continue;
    open.delete(dialog);
    closed(dialog, asOpened);
  }
  for (const dialog of shown) {
    if (open.has(dialog)) continue;
    const beginning = beginLate(dialog);
    open.set(dialog, beginning);
    if (isOuter(dialog, shown)) finish(beginning, 'MODAL_OPEN');
    else open.delete(dialog);
  }
}

/** A dialog in its own backdrop is told once, as what is inside. */
function isOuter(dialog: Element, shown: Set<Element>): boolean {
  return ![...shown].some((each) => each !== dialog && dialog.contains(each) && !open.has(each));
}

/** What floats over the middle and both sides of the page, and can be acted on. */
function coverOf(): Element | null {
  const first = floatAt(MIDDLE);
  if (!first || SIDES.some((side) => floatAt(side) !== first)) return null;
  const { width, height } = first.getBoundingClientRect();
  const isLarge = width >= innerWidth * 0.9 && height >= innerHeight * 0.9;
  return isLarge && first.querySelector('button,a[href],input,select,textarea') ? first : null;
}

/** The outermost element over this point that does not move with the page. */
function floatAt([shareX, shareY]: readonly [number, number]): Element | null {
  let found: Element | null = null;
  const [x, y] = [shareX * innerWidth, shareY * innerHeight];
  for (
    let at = document.elementFromPoint(x, y);
    at && at !== document.body;
    at = at.parentElement
  ) {
    const { position, zIndex } = getComputedStyle(at);
    if (position === 'fixed' || (position === 'absolute' && Number(zIndex) >= 10)) found = at;
  }
  return found;
}

/** The dialog may be gone: it is described as it was when it came up. */
function closed(dialog: Element, { target, selectors, elementAnalysis }: Beginning): void {
  const beginning = beginLate(null);
  const kept = target && { ...target, isVisible: false, ref: refOf(dialog) };
  finish({ ...beginning, target: kept, selectors, elementAnalysis }, 'MODAL_CLOSE');
}

function compareAlerts(): void {
  let isNew = false;
  for (const alert of found(ALERT)) {
    const isShown = alert.textContent.trim() !== '' && isVisible(alert);
    if (!isShown) alerts.delete(alert);
    else if (!alerts.has(alert)) {
      alerts.add(alert);
      isNew = true;
    }
  }
  if (isNew && scan.hasBaseline) tellError();
}

function tellError(): void {
  tell({ kind: 'error', at: Date.now() });
}
