import { beginLate, finish } from './capture.ts';
import { commit } from './pending.ts';
import { cleanUrl } from './privacy.ts';

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
