import type { Settings } from '../messages.ts';
import { readLocal, writeLocal } from './local.ts';

const defaults: Settings = {
  excludedSites: [],
  isHeld: false,
  recordsAudio: false,
  showsMark: true,
  notifies: true,
};

export async function loadSettings(): Promise<Settings> {
  return { ...defaults, ...(await readLocal('settings')) };
}

/** What is not named stays as it is. */
export async function saveSettings(change: Partial<Settings>): Promise<Settings> {
  const settings = { ...(await loadSettings()), ...change };
  await writeLocal('settings', settings);
  return settings;
}

/** Most bytes of pictures, pages and sounds on this device; `null` for what the browser grants. */
export async function loadLimitBytes(): Promise<number | null> {
  return (await readLocal('limitBytes')) ?? null;
}
