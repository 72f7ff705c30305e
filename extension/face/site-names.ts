/** What a person typed, as the name of a site; or why it is none. */
export type SiteEntry = { ok: true; site: string } | { ok: false; words: string };

const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/; // RFC 1123, 2.1; names in other scripts come as xn--…

/**
 * Reads the name of a host from a name or a whole address: `https://Mail.Example.com/inbox` becomes
 * `mail.example.com`, and covers the hosts below it. Pure.
 *
 * @param known the sites that are excluded already
 */
export function siteFrom(entry: string, known: string[]): SiteEntry {
  const text = entry.trim().replace(/^\*\./, '');
  if (text === '')
    return { ok: false, words: 'Enter the name of a site, for example bank.example.' };
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  if (!url || !/^https?:$/.test(url.protocol)) return refuse(text);
  const host = url.hostname.replace(/\.$/, '');
  const isAddress = /^\[.*\]$/.test(host) || /^\d+(?:\.\d+){3}$/.test(host);
  const labels = host.split('.');
  if (!isAddress && !labels.every((part) => label.test(part))) return refuse(text);
  if (!isAddress && labels.length === 1 && host !== 'localhost') {
    return {
      ok: false,
      words: `“${text}” is not a whole name. Add its ending, for example ${host}.com.`,
    };
  }
  const cover = known.find((site) => host === site || host.endsWith(`.${site}`));
  if (cover === host) return { ok: false, words: `${host} is excluded already.` };
  if (cover) return { ok: false, words: `${host} is excluded already, by ${cover}.` };
  return { ok: true, site: host };
}

function refuse(text: string): SiteEntry {
  return {
    ok: false,
    words: `“${text}” is not the name of a site. Enter one like mail.example.com.`,
  };
}
