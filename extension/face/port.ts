import type { FaceState } from '../messages.ts';

/** A worker that died comes back as soon as it is asked. */
const againAfterMs = 250;

/**
 * Hears every change of the recorder's state, the present one at once. A port that is cut, because the
 * worker died, is opened anew.
 *
 * @returns stops listening
 */
export function watchState(onState: (state: FaceState) => void): () => void {
  let port: chrome.runtime.Port | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const connect = () => {
    if (!chrome.runtime?.id) return; // the extension was reloaded: this page belongs to the old one
    port = chrome.runtime.connect({ name: 'face' });
    port.onMessage.addListener((state: FaceState) => onState(state));
    port.onDisconnect.addListener(() => {
      timer = setTimeout(connect, againAfterMs);
    });
  };

  connect();
  return () => {
    clearTimeout(timer);
    port?.disconnect();
  };
}
