import { coerce, compareBuild, parse, type SemVer } from 'semver';

/** A release with the instant of its first report, in milliseconds. */
export type KnownRelease = { name: string; firstSeenMs: number };

/**
 * Which of two releases is newer: above 0 when `a` is. By version number where both have one and these
 * differ (`web@1.10.0` is newer than `web@1.9.2`), otherwise by which was seen first. Pure.
 */
export function compareReleases(a: KnownRelease, b: KnownRelease): number {
  if (a.name === b.name) return 0;
  const [left, right] = [versionOf(a.name), versionOf(b.name)];
  const byVersion = left && right ? compareBuild(left, right) : 0;
  return byVersion || a.firstSeenMs - b.firstSeenMs;
}

/** `1.2.3`, `v1.2.3-rc.1`, `web@1.2.3+7`, `web-1.2`; `null` for hashes and dates. */
function versionOf(name: string): SemVer | null {
  const version = name.replace(/^.*@(?=v?\d)/, '').replace(/^[a-z][a-z-]*-(?=v?\d+\.)/i, '');
  const exact = parse(version);
  if (exact) return exact;
  return /^v?\d{1,6}\.\d{1,6}$/.test(version) ? coerce(version) : null;
}
