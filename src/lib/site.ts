import { parse } from 'tldts';

/**
 * The site of a page: its registrable domain by the public suffix list, lower-case; host and port
 * where there is none (loopback, addresses, bare names); `''` for what is not a web address.
 */
export function siteOf(url: string): string {
  const known = sites.get(url);
  if (known !== undefined) return known;
  const site = compute(url);
  if (sites.size >= remembered) sites.clear();
  sites.set(url, site);
  return site;
}

// Interactions of a session mostly share their pages.
const remembered = 500;
const sites = new Map<string, string>();

function compute(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return '';
  return parse(parsed.hostname).domain ?? parsed.host;
}
