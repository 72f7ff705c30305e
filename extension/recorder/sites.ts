/** Whether the address is of one of the sites: these hosts and everything below them. */
export function isOfSites(url: string, sites: string[]): boolean {
  const host = URL.parse(url)?.hostname.toLowerCase();
  if (!host) return false;
  return sites.some((site) => host === site || host.endsWith(`.${site}`));
}

const shops = /^https:\/\/(?:chromewebstore\.google\.com|chrome\.google\.com\/webstore)(?:\/|$)/;

/** Pages into which the browser lets no extension look. */
export function isProtected(url: string): boolean {
  return !/^(?:https?|file):/.test(url) || shops.test(url);
}
