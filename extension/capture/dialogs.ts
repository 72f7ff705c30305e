import { type Beginning, beginLate, finish, refOf, tell } from './capture.ts';
import { onChange, unchangedMs } from './changes.ts';
import { coverOf, mayFloat } from './cover.ts';
import { isVisible } from './dom.ts';
import { afterFrame } from './frames.ts';
import { whileHearing } from './listen.ts';
import { openRoots } from './roots.ts';

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
/** A cover that no change of the document tells of is found by then; milliseconds. */
const UNTOLD_COVER = 5_000;
/** Attributes that make a dialog or an alert, and those that show one. */
const TELLING = /^(?:class|style|role|open|hidden|inert|popover|aria-|data-)/;
/** Changed elements that are looked at one by one; of more, all of the page is searched. */
const MOST_CHANGED = 1_000;

const open = new Map<Element, Beginning>();
const scan = { timer: 0, at: 0, coverAt: Number.NEGATIVE_INFINITY, hasBaseline: false };
/** What came or changed since the last look. */
const changed = new Set<Element>();
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
  Object.assign(scan, { timer: 0, coverAt: Number.NEGATIVE_INFINITY, hasBaseline: false });
  changed.clear();
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
  changed.clear();
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
  if (isBusy) scan.timer = setTimeout(lookWhenPaused, 2 * PAUSE) as unknown as number;
  else afterFrame(lookForDialogs);
}

/** What changed, and all of each root once. */
function gatherAll(): void {
  for (const each of candidates) if (!each.isConnected) candidates.delete(each);
  if (changed.size >= MOST_CHANGED) searched = new WeakSet();
  for (const each of changed) {
    if (each.matches(EITHER)) candidates.add(each);
    if (!each.firstElementChild) continue;
    for (const inner of each.querySelectorAll(EITHER)) candidates.add(inner);
  }
  for (const root of openRoots()) {
    if (searched.has(root)) continue;
    searched.add(root);
    for (const each of root.querySelectorAll(EITHER)) candidates.add(each);
  }
}

/** Only keeps in mind: most of what a busy page changes is gone before anybody looks. */
function gather({ type, target, attributeName, addedNodes }: MutationRecord): void {
  if (changed.size >= MOST_CHANGED) return;
  if (type === 'attributes') {
    if (TELLING.test(attributeName ?? '')) changed.add(target as Element);
    return;
  }
  for (let index = 0; index < addedNodes.length; index++) {
    const node = addedNodes[index];
    if (node instanceof Element) changed.add(node);
  }
}

function found(selector: string): Element[] {
  return [...candidates].filter((each) => each.isConnected && each.matches(selector));
}

function compare(): void {
  const shown = new Set(found(DIALOG).filter(isVisible));
  const cover = shown.size === 0 && isCoverDue() ? coverOf() : null;
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

/** Whether it is worth asking the page what lies on top. */
function isCoverDue(): boolean {
  const isDue =
    open.size > 0 ||
    changed.size >= MOST_CHANGED ||
    performance.now() - scan.coverAt > UNTOLD_COVER ||
    mayFloat(changed);
  if (isDue) scan.coverAt = performance.now();
  return isDue;
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
