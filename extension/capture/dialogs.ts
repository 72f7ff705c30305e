import { type Beginning, beginLate, finish } from './capture.ts';
import { isVisible, queryAll } from './dom.ts';
import { refOf } from './snapshot.ts';

const DIALOG = 'dialog[open],[role=dialog],[role=alertdialog],[aria-modal=true],:popover-open';

const open = new Map<Element, Beginning>();
let changedAt = performance.now();

/** Milliseconds since the document last changed. */
export function unchangedMs(): number {
  return performance.now() - changedAt;
}

/** Tells of dialogs and popovers that come up and go away, whatever the page does it with. */
export function watchDialogs(): void {
  const observer = new MutationObserver(() => {
    changedAt = performance.now();
    compare();
  });
  observer.observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
  window.addEventListener('toggle', compare, { capture: true }); // popovers change no attribute
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', compare);
}

function compare(): void {
  if (document.readyState === 'loading') return;
  const shown = new Set(queryAll(DIALOG).filter(isVisible));
  for (const [dialog, asOpened] of open) {
    if (shown.has(dialog)) continue;
    open.delete(dialog);
    closed(dialog, asOpened);
  }
  for (const dialog of shown) {
    if (open.has(dialog)) continue;
    const beginning = beginLate(dialog);
    open.set(dialog, beginning);
    finish(beginning, 'MODAL_OPEN');
  }
}

/** The dialog may be gone: it is described as it was when it came up. */
function closed(dialog: Element, { target, selectors, elementAnalysis }: Beginning): void {
  const beginning = beginLate(null);
  const kept = target && { ...target, isVisible: false, ref: refOf(dialog) };
  finish({ ...beginning, target: kept, selectors, elementAnalysis }, 'MODAL_CLOSE');
}
