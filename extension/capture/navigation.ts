import { beginLate, finish } from './capture.ts';
import { whileHearing } from './listen.ts';
import { commit } from './pending.ts';
import { cleanUrl } from './privacy.ts';

/** Closes what waits for more when the page becomes another one, with or without loading. */
export function closeOnNavigation(): void {
  let url = location.href;
  navigation.addEventListener(
    'currententrychange',
    () => {
      if (location.href === url) return;
      url = location.href;
      commit();
    },
    { signal: whileHearing() },
  );
}

/** Tells of the page that came up, and of each change of its address without loading. */
export function watchNavigation(): void {
  window.addEventListener('pagehide', commit);
  if (window !== window.top) return;
  arrive();
  let url = location.href;
  navigation.addEventListener('currententrychange', ({ navigationType }) => {
    if (location.href === url) return;
    const from = cleanUrl(url);
    url = location.href;
    const beginning = beginLate(null);
    finish({ ...beginning, url: cleanUrl(url) }, 'NAVIGATION', {
      context: { kind: navigationType ?? 'replace', from },
    });
  });
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) arrive();
  });
}

/** Nothing of this document stands yet, and what was before is another document's to know. */
function arrive(): void {
  if (!/^(?:https?|file):$/.test(location.protocol)) return;
  const [entry] = performance.getEntriesByType('navigation');
  const kind = (entry as PerformanceNavigationTiming | undefined)?.type ?? 'navigate';
  finish(
    {
      draftId: `${performance.timeOrigin}:${Math.random()}`,
      startedAt: Date.now(),
      snapshotKey: null,
      url: cleanUrl(location.href),
      selectors: [],
      confidence: 1,
    },
    'NAVIGATION',
    { context: { kind: `load:${kind}`, referrer: cleanUrl(document.referrer) || null } },
  );
}
