import { tellFault } from './capture.ts';
import { originOf } from './dom.ts';

type Events = DocumentEventMap & { submit: SubmitEvent; invalid: Event };

type Listener = (event: Event, origin: Element) => void;

let hearing = new AbortController();
/** One listener of the browser for each type: it is called for every move of the pointer. */
const heard = new Map<string, Listener[]>();

/** Ends with `deafen`; for listeners of our own. */
export function whileHearing(): AbortSignal {
  return hearing.signal;
}

/** Takes every listener off the page. */
export function deafen(): void {
  hearing.abort();
  hearing = new AbortController();
  heard.clear();
}

/** Hears what a person or a driver did, before the page does. */
export function onTrusted<K extends keyof Events>(
  type: K,
  listener: (event: Events[K], origin: Element) => void,
): void {
  onAny(type, (event, origin) => {
    if (event.isTrusted) listener(event, origin);
  });
}

/** Also hears what a script sent: drivers choose options and set dates that way. */
export function onAny<K extends keyof Events>(
  type: K,
  listener: (event: Events[K], origin: Element) => void,
): void {
  const before = heard.get(type);
  if (before) {
    before.push(listener as Listener);
    return;
  }
  const listeners = [listener as Listener];
  heard.set(type, listeners);
  const options = { capture: true, passive: true, signal: hearing.signal };
  window.addEventListener(type, (event) => pass(event, listeners), options);
}

function pass(event: Event, listeners: readonly Listener[]): void {
  const origin = originOf(event);
  if (!origin || isOurs(origin)) return;
  for (const listener of listeners) {
    try {
      listener(event, origin);
    } catch (error) {
      tellFault(event.type, error); // never the page's trouble, and never silent
    }
  }
}

/** The in-page mark. */
export function isOurs(element: Element): boolean {
  return element.localName === 'codesight-mark';
}
