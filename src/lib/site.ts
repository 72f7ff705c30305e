import { parse } from 'tldts';

/**
 * The site of a page: its registrable domain by the public suffix list, lower-case; host and port
 * where there is none (loopback, addresses, bare names); `''` for what is not a web address.
 */
export function siteOf(url: string): string {
  if (url === lastUrl) return lastSite;
  lastUrl = url;
  lastSite = compute(url);
  return lastSite;
}

// Interactions of a session mostly share their page: one remembered answer spares most of the work.
let lastUrl = '';
let lastSite = '';

function compute(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return '';
  return parse(parsed.hostname).domain ?? parsed.host;
}
