/**
 * What must outlive the worker and never touch the disk: `chrome.storage.session`. It is read once,
 * then answered from here; what is set is written behind.
 */
export type Memory = {
  get<T>(key: string): T | undefined;
  /** Resolves when the browser has it; the worker may die before. */
  set(key: string, value: unknown): Promise<void>;
  remove(keys: string[]): Promise<void>;
  keys(prefix: string): string[];
};

/** As much of `chrome.storage.StorageArea` as is needed. */
type Area = {
  get(keys: null): Promise<Record<string, unknown>>;
  set(values: Record<string, unknown>): Promise<void>;
  remove(keys: string[]): Promise<void>;
};

/** @param area 10 MB at most; https://developer.chrome.com/docs/extensions/reference/api/storage#property-session */
export async function openMemory(area: Area): Promise<Memory> {
  const values = new Map<string, unknown>(Object.entries(await area.get(null)));
  return {
    get: <T>(key: string) => values.get(key) as T | undefined,
    async set(key, value) {
      values.set(key, value);
      await area.set({ [key]: value });
    },
    async remove(keys) {
      const known = keys.filter((key) => values.delete(key));
      if (known.length > 0) await area.remove(known);
    },
    keys: (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)),
  };
}
