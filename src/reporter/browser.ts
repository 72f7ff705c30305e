import { type HostEvent, host } from './host.ts';
import { openWith, type Reporter, type ReporterOptions, type Watcher } from './reporter.ts';
import { clean } from './scrub.ts';
import { indexedStore } from './store-pages.ts';

export type { Reporter, ReporterOptions } from './reporter.ts';

/**
 * Opens a reporter in a page, worker or service worker; there, before anything else. Once in each. Reports
 * wait in IndexedDB (`store`), in pages without HTTPS in memory.
 */
export function openReporter(options: ReporterOptions): Reporter {
  return openWith(options, {
    store: indexedStore,
    watch,
    storage: storageNames,
    // Browser and version say enough; the whole line would tell one person from another.
    runtime: /(Firefox|Edg|Chrome|Version)\/\d+/.exec(host.navigator?.userAgent ?? '')?.[0],
  });
}

/** Watches what happens in a page or worker; the answer ends it. */
function watch(watcher: Watcher): () => void {
  const { errors, breadcrumbs, capture, breadcrumb, hurry } = watcher;
  const end = new AbortController();
  const on = (isWanted: boolean, types: string, listener: (event: HostEvent) => void): void => {
    for (const type of isWanted ? types.split(' ') : [])
      host.addEventListener(type, listener, { capture: true, signal: end.signal });
  };
  on(errors, 'error', ({ error, message, filename }) => {
    // An image that does not load is an event without a message.
    if (message) capture(error ?? message, { module: filename });
  });
  on(errors, 'unhandledrejection', ({ reason }) => capture(reason, {}));
  on(breadcrumbs, 'click', ({ target }) => {
    const { tagName, id } = target as { tagName?: string; id?: string };
    breadcrumb('click', `${tagName}#${id}`); // its text may be anybody's
  });
  on(breadcrumbs, 'popstate', () => breadcrumb('navigation', host.location.pathname));
  const { console } = host;
  const { error } = console;
  if (breadcrumbs)
    console.error = (...parts: unknown[]) => {
      breadcrumb('console', parts);
      error.apply(console, parts);
    };
  // The page may be going, the network came, or the browser runs a service worker to sync.
  on(true, 'online pagehide sync', (event) => {
    const sent = hurry();
    event.waitUntil?.(sent);
  });
  return () => {
    end.abort();
    console.error = error;
  };
}

/** Names and sizes of what the page keeps; never what it is. */
function storageNames(): { name: string; bytes: number }[] | null {
  const { document, localStorage, sessionStorage } = host;
  if (!document) return null;
  const cookies = document.cookie.split('; ').map((cookie) => cookie.split('='));
  const all = { ...localStorage, ...sessionStorage, ...Object.fromEntries(cookies) };
  return Object.entries(all)
    .slice(0, 100)
    .map(([name, text]) => ({ name: clean(name, 512), bytes: String(text).length }));
}
