import { h, setAttribute, setText, show } from './dom.ts';
import { icon } from './icons.ts';
import type { Moment, Picture } from './review-timeline.ts';

type Bytes = (id: string) => Promise<ArrayBuffer | null>;
type Frame = { picture: Picture; moment: Moment };

/**
 * Reads pictures when they come near the viewport, each once. An address lives as long as the page.
 *
 * @param onFailure hears of a store that does not answer
 */
export function pictureLoader(bytes: Bytes, onFailure: (error: unknown) => void) {
  const addresses = new Map<string, Promise<string | null>>();
  const waiting = new Map<Element, () => void>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        waiting.get(target)?.();
        waiting.delete(target);
      }
    },
    { rootMargin: '600px' },
  );
  const addressOf = (id: string) => {
    const known = addresses.get(id) ?? read(id, bytes);
    addresses.set(id, known);
    return known;
  };
  return {
    addressOf,
    /** Fills `image` when `element` comes near; says so when the picture is not there any more. */
    whenNear(element: HTMLElement, image: HTMLImageElement, id: string) {
      waiting.set(element, () => {
        addressOf(id).then((address) => {
          if (address) image.src = address;
          else element.classList.add('gone');
        }, onFailure);
      });
      observer.observe(element);
    },
  };
}

/** Shows one picture as large as there is room; arrow keys go through all of them. */
export function pictureViewer(
  loader: ReturnType<typeof pictureLoader>,
  onFailure: (error: unknown) => void,
): {
  element: HTMLDialogElement;
  setFrames: (frames: Frame[]) => void;
  open: (id: string) => void;
} {
  let frames: Frame[] = [];
  let at = 0;
  const image = h('img', { alt: '' });
  const gone = h('p', { class: 'hint' }, 'This picture was given up and will not be sent.');
  const words = h('h2', { id: 'viewer-title' });
  const caption = h('p', { class: 'hint', 'aria-live': 'polite' });
  const button = (label: string, name: 'back' | 'next' | 'close', act: () => void) => {
    const element = h(
      'button',
      { type: 'button', class: 'icon-button', 'aria-label': label, title: label },
      icon(name),
    );
    element.addEventListener('click', act);
    return element;
  };
  const element = h(
    'dialog',
    { class: 'viewer', 'aria-labelledby': 'viewer-title' },
    h(
      'div',
      { class: 'viewer-head' },
      h('div', {}, words, caption),
      button('Previous picture', 'back', () => go(-1)),
      button('Next picture', 'next', () => go(1)),
      button('Close', 'close', () => element.close()),
    ),
    h('div', { class: 'viewer-body' }, image, gone),
  );
  element.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowLeft') go(-1);
    if (key === 'ArrowRight') go(1);
  });
  element.addEventListener('click', ({ target }) => {
    if (target === element) element.close(); // the backdrop
  });

  const go = (by: number) => {
    at = Math.min(frames.length - 1, Math.max(0, at + by));
    const frame = frames[at];
    if (!frame) return;
    const { picture, moment } = frame;
    setText(words, moment.words);
    setText(caption, `${picture.words} · ${moment.clock} · picture ${at + 1} of ${frames.length}`);
    image.alt = `${picture.words}: ${moment.words}`;
    setAttribute(image, 'width', picture.width);
    setAttribute(image, 'height', picture.height);
    loader.addressOf(picture.id).then((address) => {
      if (frames[at] !== frame) return; // another one was asked for meanwhile
      show(image, address !== null);
      show(gone, address === null);
      if (address) image.src = address;
    }, onFailure);
  };
  return {
    element,
    setFrames: (next) => {
      frames = next;
    },
    open: (id) => {
      at = frames.findIndex(({ picture }) => picture.id === id);
      go(0);
      element.showModal();
    },
  };
}

async function read(id: string, bytes: Bytes): Promise<string | null> {
  const buffer = await bytes(id);
  return buffer && URL.createObjectURL(new Blob([buffer])); // the image says itself of which kind it is
}
