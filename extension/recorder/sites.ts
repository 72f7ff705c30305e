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

/** The ending of a file's name. Of letters and digits only, so that no part of a name passes for one. */
export function extensionOf(path: string): string | null {
  return /\.([a-z0-9]{1,5})$/i.exec(path)?.[1]?.toLowerCase() ?? null;
}
