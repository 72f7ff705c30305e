import type { Mask } from '../../src/contract/image.ts';
import { limits } from '../../src/contract/limits.ts';
import type { FramePlace, Look, Unseen } from '../page.ts';
import { turn } from './capture.ts';
import { stateOfPage } from './describe.ts';
import { isInView, isVisible } from './dom.ts';
import { hearSecrets, learnSecrets } from './learn.ts';
import { cssOf } from './paths.ts';
import { group } from './pieces.ts';
import { cleanText, cleanUrl, findPersonal, rawValueOf, sensitivityOf } from './privacy.ts';

const FIELDS = 'input,textarea,select,[contenteditable]';
/** Hosts asked for a closed root; a page of more custom elements is counted to here. */
const MOST_HOSTS = 500;

/** What the page shows now. All of it must have been surveyed: `surveyed`. */
export function look(secrets: string[]): Look {
  hearSecrets(secrets);
  learnSecrets(turn.typing);
  const closed = closedRoots();
  const masks = [...fieldMasks(), ...textMasks(), ...closed.flatMap(masksIn)];
  return {
    state: stateOfPage(),
    zoom: zoomOf(visualViewport),
    masks: masks.slice(0, limits.masksPerScreenshot),
    frames: framePlaces(),
    unseen: { closedShadowRoots: closed.length, canvases: canvasesInView() },
  };
}

/** Where the content of a frame stands. */
export function placeOf(
  frame: HTMLElement,
): Pick<FramePlace, 'selector' | 'x' | 'y' | 'width' | 'height'> {
  const { x, y } = frame.getBoundingClientRect();
  const style = getComputedStyle(frame);
  const [left, top, right, bottom] = [
    style.paddingLeft,
    style.paddingTop,
    style.paddingRight,
    style.paddingBottom,
  ].map(Number.parseFloat) as [number, number, number, number];
  return {
    selector: cleanText(cssOf(frame)).slice(0, limits.selectorChars),
    x: x + frame.clientLeft + left,
    y: y + frame.clientTop + top,
    width: frame.clientWidth - left - right,
    height: frame.clientHeight - top - bottom,
  };
}

function framePlaces(): FramePlace[] {
  const listed = Array.from({ length: window.length }, (_, index) => window[index]);
  const places: FramePlace[] = [];
  for (const name of ['iframe', 'frame']) {
    for (const { element } of group(name)) {
      if (!element.isConnected) continue;
      const frame = element as HTMLIFrameElement;
      places.push({
        index: listed.indexOf(frame.contentWindow ?? undefined),
        name: cleanText(frame.name).slice(0, limits.nameChars) || null,
        url: frame.src ? cleanUrl(frame.src).slice(0, limits.urlChars) : null,
        ...placeOf(frame),
      });
    }
  }
  return places.sort((a, b) => a.index - b.index);
}

function fieldMasks(): Mask[] {
  const masks: Mask[] = [];
  for (const { element, sensitivity } of group('field'))
    if (element.isConnected) {
      const mask = fieldMask(element, sensitivity?.mask ?? null);
      if (mask) masks.push(mask);
    }
  return masks;
}

function fieldMask(field: Element, kind: Mask['kind'] | null): Mask | null {
  const value = rawValueOf(field);
  if (value === '' || /^(?:checkbox|radio|hidden|file)$/.test(field.getAttribute('type') ?? ''))
    return null;
  // A field that nobody would call personal can show again what was typed into one that is.
  const shown = kind ?? findPersonal(value)[0]?.mask ?? null;
  const box = field.getBoundingClientRect();
  return shown && isInView(box) && isVisible(field) ? maskOver(box, shown) : null;
}

/** Personal data that the page writes out, such as an address to confirm. */
function textMasks(): Mask[] {
  const masks: Mask[] = [];
  for (const { element } of group('personal')) {
    if (!element.isConnected) continue;
    const nodes = [...element.childNodes, ...(element.shadowRoot?.childNodes ?? [])];
    for (const node of nodes) if (node instanceof Text && isVisible(element)) addMasks(node, masks);
  }
  return masks;
}

function addMasks(node: Text, masks: Mask[]): void {
  for (const { start, end, mask } of findPersonal(node.data)) {
    const range = document.createRange();
    range.setStart(node, start);
    range.setEnd(node, end);
    for (const box of range.getClientRects()) if (isInView(box)) masks.push(maskOver(box, mask));
  }
}

/** Closed roots are opened for this alone: nothing in them is told, but nothing of theirs is shown. */
function closedRoots(): ShadowRoot[] {
  const roots: ShadowRoot[] = [];
  let count = 0;
  for (const { element } of group('maybe-host')) {
    if (++count > MOST_HOSTS) break;
    const root = element.isConnected && !element.shadowRoot ? closedRootOf(element) : null;
    if (root) roots.push(root);
  }
  return roots;
}

function closedRootOf(element: Element): ShadowRoot | null {
  // Absent where the page itself runs this script.
  if (!(element instanceof HTMLElement) || typeof chrome === 'undefined') return null;
  return chrome.dom?.openOrClosedShadowRoot(element) ?? null;
}

function masksIn(root: ShadowRoot): Mask[] {
  const masks: Mask[] = [];
  for (const field of root.querySelectorAll(FIELDS)) {
    const mask = fieldMask(field, sensitivityOf(field)?.mask ?? 'PERSONAL');
    if (mask) masks.push(mask);
  }
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) addMasks(node as Text, masks);
  return masks;
}

function canvasesInView(): Unseen['canvases'] {
  let count = 0;
  for (const { element } of group('canvas')) {
    if (element.isConnected && isVisible(element) && isInView(element.getBoundingClientRect()))
      count += 1;
  }
  return count;
}

/** What two fingers did, not the zoom of the browser; only the top can be pinched. */
function zoomOf(viewport: VisualViewport | null): Look['zoom'] {
  if (!viewport || window !== window.top) return { scale: 1, x: 0, y: 0 };
  const { scale, offsetLeft: x, offsetTop: y } = viewport;
  return { scale, x, y };
}

/** Rounded outwards, so that no edge of a letter looks out. */
function maskOver({ x, y, right, bottom }: DOMRect, kind: Mask['kind']): Mask {
  const left = Math.floor(x);
  const top = Math.floor(y);
  return { x: left, y: top, width: Math.ceil(right) - left, height: Math.ceil(bottom) - top, kind };
}
