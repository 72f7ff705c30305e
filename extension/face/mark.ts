/** Where the mark stands, as shares of the room that the viewport leaves it: 0 to 1 each. */
export type Place = { x: number; y: number };

const size = 32; // CSS pixels: no target of the pointer is smaller
const step = 16; // an arrow key
// `:host` with !important wins over whatever the page says of the element; custom properties are free.
const sheet = `
:host { all: initial !important; position: fixed !important; z-index: 2147483647 !important;
  width: ${size}px !important; height: ${size}px !important;
  left: calc(var(--codesight-x) * (100% - ${size}px)) !important;
  top: calc(var(--codesight-y) * (100% - ${size}px)) !important; }
@media print { :host { display: none !important; } }
button { all: initial; box-sizing: border-box; display: grid; place-items: center;
  width: 100%; height: 100%; border: 1px solid #5c6b70; border-radius: 50%; background: #ffffffd9;
  cursor: grab; touch-action: none; }
button:active { cursor: grabbing; }
button:focus-visible { outline: 3px solid #0b6b6a; outline-offset: 2px; }
i { width: 12px; height: 12px; border-radius: 50%; background: #c4281c; forced-color-adjust: none; }`;

/** What the page need not hear of the mark: it might close a menu for it. */
const own = ['pointerdown', 'pointerup', 'mousedown', 'mouseup', 'click', 'keydown', 'keyup'];

const arrows: Record<string, [number, number]> = {
  ArrowLeft: [-step, 0],
  ArrowRight: [step, 0],
  ArrowUp: [0, -step],
  ArrowDown: [0, step],
};

type Mark = { host: HTMLElement; place: Place; onMoved: (place: Place) => void };
let shown: Mark | null = null;

/**
 * Shows that the page is recorded, or moves the mark that is there. It stands in a closed shadow
 * root, so that the page's style does not reach it and capture passes it by (`data-codesight-mark`).
 *
 * @param onMoved called once for each move by pointer or arrow keys
 */
export function showMark(place: Place, onMoved: (place: Place) => void): void {
  if (shown?.host.isConnected) {
    shown.onMoved = onMoved;
    put(shown, place);
    return;
  }
  hideMark();
  const host = document.createElement('codesight-mark');
  host.setAttribute('data-codesight-mark', '');
  const mark: Mark = { host, place, onMoved };
  const root = host.attachShadow({ mode: 'closed' });
  const style = new CSSStyleSheet(); // a <style> would be subject to the page's CSP
  style.replaceSync(sheet);
  root.adoptedStyleSheets = [style];
  root.append(handle(mark));
  for (const type of own) host.addEventListener(type, (event) => event.stopPropagation());
  shown = mark;
  put(mark, place);
  document.documentElement.append(host);
}

export function hideMark(): void {
  shown?.host.remove();
  shown = null;
}

function handle(mark: Mark): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.title = 'CodeSight is recording. Drag to move.';
  button.setAttribute('aria-label', 'CodeSight is recording. The arrow keys move this mark.');
  button.append(document.createElement('i'));
  let held: { x: number; y: number } | null = null;

  button.addEventListener('pointerdown', (event) => {
    button.setPointerCapture(event.pointerId);
    const box = mark.host.getBoundingClientRect();
    held = { x: event.clientX - box.x, y: event.clientY - box.y };
  });
  button.addEventListener('pointermove', (event) => {
    if (held) put(mark, placeAt(event.clientX - held.x, event.clientY - held.y));
  });
  const release = () => {
    if (held) mark.onMoved(mark.place);
    held = null;
  };
  button.addEventListener('pointerup', release);
  button.addEventListener('lostpointercapture', release);
  button.addEventListener('keydown', (event) => {
    const arrow = arrows[event.key];
    if (!arrow) return;
    event.preventDefault(); // the page would scroll
    const box = mark.host.getBoundingClientRect();
    put(mark, placeAt(box.x + arrow[0], box.y + arrow[1]));
    mark.onMoved(mark.place);
  });
  return button;
}

function placeAt(left: number, top: number): Place {
  const { clientWidth, clientHeight } = document.documentElement; // without scroll bars
  return { x: left / Math.max(1, clientWidth - size), y: top / Math.max(1, clientHeight - size) };
}

function put(mark: Mark, { x, y }: Place): void {
  mark.place = { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
  // Through the object model, which the page's CSP does not concern.
  mark.host.style.setProperty('--codesight-x', String(mark.place.x));
  mark.host.style.setProperty('--codesight-y', String(mark.place.y));
}
