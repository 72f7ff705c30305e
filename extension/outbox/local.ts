import type { Settings } from '../messages.ts';
import type { SavedConnection } from './connections.ts';
import type { StoredConsent } from './consents.ts';

/** What is kept in `chrome.storage.local`: little, and none of what is captured. */
type Kept = {
  settings: Partial<Settings>;
  connection: SavedConnection;
  consents: StoredConsent[];
  limitBytes: number;
};

export async function readLocal<K extends keyof Kept>(key: K): Promise<Kept[K] | undefined> {
  const found: Partial<Kept> = await chrome.storage.local.get(key);
  return found[key];
}

export async function writeLocal<K extends keyof Kept>(key: K, value: Kept[K]): Promise<void> {
  await chrome.storage.local.set({ [key]: value });
}

export async function removeLocal(key: keyof Kept): Promise<void> {
  await chrome.storage.local.remove(key);
}

/** Hears when any part of the extension changes one of them. */
export function onLocalChange(keys: (keyof Kept)[], listener: () => void): () => void {
  const hear = (changes: Record<string, unknown>) => {
    if (keys.some((key) => key in changes)) listener();
  };
  chrome.storage.local.onChanged.addListener(hear);
  return () => chrome.storage.local.onChanged.removeListener(hear);
}
