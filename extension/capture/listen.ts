import { tellFault } from './capture.ts';
import { originOf } from './dom.ts';

type Events = DocumentEventMap & { submit: SubmitEvent; invalid: Event };

let hearing = new AbortController();

/** Ends with `deafen`; for listeners of our own. */
export function whileHearing(): AbortSignal {
  return hearing.signal;
}

/** Takes every listener off the page. */
export function deafen(): void {
  hearing.abort();
  hearing = new AbortController();
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
  window.addEventListener(
    type,
    (event) => {
      const origin = originOf(event);
      if (!origin || isOurs(origin)) return;
      try {
        listener(event as Events[K], origin);
      } catch (error) {
        tellFault(type, error); // never the page's trouble, and never silent
      }
    },
    { capture: true, passive: true, signal: hearing.signal },
  );
}

/** The in-page mark. */
export function isOurs(element: Element): boolean {
  return element.localName === 'codesight-mark';
}
