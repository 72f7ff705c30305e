import type { Find } from './kinds.ts';

const IPV4 = /(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\w)/g;
const IPV6 = /(?<![\w:.])[0-9a-f:]{3,39}(?:(?:\.\d{1,3}){3})?(?![\w:]|\.\w)/gi;

/** `Chrome/138.0.0.0`, `v="138.0.0.0"`, `version 1.2.3.4`: numbers of software and of sections. */
const VERSION_BEFORE =
  /(?:(?<![/\w.])[A-Za-z][\w.]{0,40}\/|\bv ?=? ?\\?"?|(?:version|ver\.?|release|build|firmware|section|chapter|clause|\u00a7)[ :=]{0,2}"?)$/i;

/** The address of a server in a URL, `http://93.184.216.34/`, says nothing about a person. */
const HOST_BEFORE = /:\/\/\[?$/;

/**
 * IPv4 in dotted form. Not reported: versions, hosts of URLs, loopback, unspecified and broadcast
 * (RFC 6890), and four single digits (section numbers, public resolvers such as 8.8.8.8). Private
 * ranges are reported: in a household they point at a device.
 */
export function findIpv4(text: string, finds: Find[]): void {
  IPV4.lastIndex = 0;
  for (let match = IPV4.exec(text); match; match = IPV4.exec(text)) {
    const address = match[0];
    const octets = address.split('.');
    if (octets.some((octet) => Number(octet) > 255 || /^0\d/.test(octet))) continue;
    if (/^(?:0|127)\./.test(address) || address === '255.255.255.255') continue;
    if (address.length === 7) continue;
    if (/\.0\.0\.0$/.test(address)) continue; // a network or a browser's frozen version
    if (isNotPersonal(text, match.index)) continue;
    finds.push({ kind: 'IP', start: match.index, end: match.index + address.length });
  }
}

/** IPv6 (RFC 4291, 2.2) with at least one group of three hex digits; not `::1`, times or `a::b`. */
export function findIpv6(text: string, finds: Find[]): void {
  IPV6.lastIndex = 0;
  for (let match = IPV6.exec(text); match; match = IPV6.exec(text)) {
    const address = match[0];
    if (!isIpv6(address) || isNotPersonal(text, match.index)) continue;
    finds.push({ kind: 'IP', start: match.index, end: match.index + address.length });
  }
}

function isIpv6(address: string): boolean {
  const halves = address.split('::');
  if (halves.length > 2 || !/\d/.test(address)) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const size = groups.length + (last.includes('.') ? 1 : 0);
  if (halves.length === 2 ? size > 7 || size < 2 : size !== 8) return false;
  if (last.includes('.')) groups.pop();
  return (
    groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) && groups.some((g) => g.length > 2)
  );
}

function isNotPersonal(text: string, start: number): boolean {
  const before = text.slice(Math.max(0, start - 48), start);
  return VERSION_BEFORE.test(before) || HOST_BEFORE.test(before);
}
