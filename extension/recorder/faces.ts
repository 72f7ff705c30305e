import { badgeOf, notificationOf } from '../face/words.ts';
import type { FaceState } from '../messages.ts';
import type { StoredSession } from '../outbox/types.ts';
import type { Desk } from './desk.ts';
import { type Glance, recentOf } from './face-state.ts';

const pushEveryMs = 200;

/** States in which the server is done with a session, as far as it can be by itself. */
const done = /^(?:ready|needs_review|rejected|failed)$/;

/** Shows how things stand: in the faces that are open, on the badge, and by notification. */
export function openFaces(look: () => Promise<FaceState>, glance: () => Glance) {
  const ports = new Set<chrome.runtime.Port>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pushedAt = 0;
  let shown: string | null = null;

  const push = async (): Promise<void> => {
    if (ports.size > 0) {
      const state = await look();
      for (const port of ports) port.postMessage(state);
    }
    const { text, color, title } = badgeOf(glance());
    if (`${text} ${title}` === shown) return;
    shown = `${text} ${title}`;
    await chrome.action.setBadgeText({ text });
    await chrome.action.setBadgeBackgroundColor({ color });
    await chrome.action.setTitle({ title });
  };

  /** At once, and then at most five times a second. */
  const changed = (): void => {
    if (timer !== undefined) return;
    const wait = Math.max(0, pushedAt + pushEveryMs - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      pushedAt = Date.now();
      push().catch((error: unknown) => console.error('The state could not be shown:', error));
    }, wait);
  };

  return {
    changed,

    async connect(port: chrome.runtime.Port): Promise<void> {
      ports.add(port);
      port.onDisconnect.addListener(() => ports.delete(port));
      port.postMessage(await look());
    },
  };
}

/** Says once that processing of a session is done. */
export async function notifyDone(
  { memory, settings }: Pick<Desk, 'memory' | 'settings'>,
  session: StoredSession,
): Promise<void> {
  const recent = recentOf(session);
  const key = `notified:${session.id}`;
  if (!done.test(recent.state) || !settings().notifies || memory.get(key)) return;
  await memory.set(key, true);
  const { title, message } = notificationOf(recent);
  const iconUrl = chrome.runtime.getURL('icon/128.png');
  await chrome.notifications.create(session.id, { type: 'basic', iconUrl, title, message });
}

/** Opens what a notification is about. */
export async function openReview(sessionId: string): Promise<void> {
  await chrome.notifications.clear(sessionId);
  await chrome.tabs.create({ url: chrome.runtime.getURL(`review.html?session=${sessionId}`) });
}
