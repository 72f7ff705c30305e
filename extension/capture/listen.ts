import { tellFault } from './capture.ts';
import { originOf } from './dom.ts';

type Events = DocumentEventMap & { submit: SubmitEvent };

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
      if (!origin) return;
      try {
        listener(event as Events[K], origin);
      } catch (error) {
        tellFault(type, error); // never the page's trouble, and never silent
      }
    },
    { capture: true, passive: true },
  );
}
