/** What the reporter uses of pages, workers and Node. All of it may be absent. */
export type Host = {
  addEventListener(
    type: string,
    listener: (event: HostEvent) => void,
    options: { capture: boolean; signal: AbortSignal },
  ): void;
  document?: { cookie: string };
  localStorage?: Record<string, string>;
  sessionStorage?: Record<string, string>;
  location: { pathname: string };
  origin?: string;
  navigator?: { onLine?: boolean; userAgent?: string; locks?: Locks };
  indexedDB?: { open(name: string, version: number): OpenRequest };
  console: { error(...parts: unknown[]): void };
  process?: NodeProcess;
};

export type HostEvent = {
  error?: unknown;
  message?: string;
  reason?: unknown;
  target?: unknown;
  filename?: string;
  waitUntil?(work: Promise<unknown>): void;
};

type Locks = {
  request(name: string, work: () => unknown): Promise<unknown>;
  query(): Promise<{ held: { name: string }[] }>;
};

export type NodeProcess = {
  pid: number;
  version: string;
  kill(pid: number, signal: number): boolean;
  getBuiltinModule?(name: string): unknown;
  on(event: string, listener: (...args: never[]) => void): void;
  off(event: string, listener: (...args: never[]) => void): void;
  listenerCount(event: string): number;
};

type Request<T> = {
  result: T;
  error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
};

export type OpenRequest = Request<IdbDatabase> & { onupgradeneeded: (() => unknown) | null };

export type IdbDatabase = {
  createObjectStore(name: string): unknown;
  transaction(stores: string[], mode: 'readwrite', options: object): IdbTransaction;
  close(): void;
};

type IdbTransaction = {
  objectStore(name: string): IdbStore;
  error: unknown;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
};

export type IdbStore = {
  put(value: unknown, key: string): unknown;
  delete(key: string): unknown;
  getAll(): Request<unknown[]>;
  getAllKeys(): Request<string[]>;
};

export const host = globalThis as unknown as Host;

/** Whether there is a network, as far as the surroundings know. */
export const isOnline = () => host.navigator?.onLine !== false;

/** A timer that keeps no program running. Answers with what ends it. */
export function later(work: () => void, ms: number): () => void {
  const timer = setTimeout(work, Math.max(0, ms));
  (timer as { unref?: () => void }).unref?.();
  return () => clearTimeout(timer);
}

/** Runs a piece of the reporter: what fails in it is not the host's concern, and gives `null`. */
export type Safely = <T>(work: () => T) => T | null;

/** The same functions, none of which throws. */
export function guarded<T extends object>(calls: T, safely: Safely): T {
  for (const [name, call] of Object.entries(calls))
    Object.assign(calls, { [name]: (...given: unknown[]) => safely(() => call(...given)) });
  return calls;
}

/** Random hexadecimal digits. */
export function randomHex(bytes: number): string {
  const words = [...crypto.getRandomValues(new Uint8Array(bytes))];
  return words.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A UUIDv7: ids sort by the millisecond of their making. */
export function makeId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const hex = randomHex(9);
  return `${time}7${hex.slice(0, 3)}8${hex.slice(3)}`.replace(
    /(.{8})(.{4})(.{4})(.{4})/,
    '$1-$2-$3-$4-',
  );
}
