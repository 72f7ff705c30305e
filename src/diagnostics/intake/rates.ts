import { LRUCache } from 'lru-cache';
import type { App } from '../../platform/app.ts';
import { type Bucket, makeBucket } from './buckets.ts';

/** What a sender may send now. */
type Rate = {
  /** Takes up to `wanted` reports. Answers with how many may come. */
  take(wanted: number): number;
  /** Whole seconds until more may come; at least 1. */
  waitSeconds(): number;
  /** Which limit it was, in a stable word of the ledger. */
  reason(): 'key_limit' | 'project_limit';
};

const buckets = new WeakMap<App['config'], LRUCache<string, Bucket>>();

/**
 * The rates of a key and of its project, each a token bucket that every process keeps for itself. A
 * key that is public by nature can do no more harm than its share.
 */
export function rateOf(
  { config }: Pick<App, 'config'>,
  { projectId, keyId }: { projectId: string; keyId: string | null },
  now: () => number = () => performance.now(),
): Rate {
  const { perKey, perProject } = config.reports;
  const key = keyId ? bucketOf(config, `key ${keyId}`, perKey) : null;
  const project = bucketOf(config, `project ${projectId}`, perProject);
  let short: 'key_limit' | 'project_limit' = 'project_limit';
  return {
    take(wanted) {
      const byKey = key ? key.take(wanted, now()) : wanted;
      if (byKey < wanted) short = 'key_limit';
      const both = project.take(byKey, now());
      if (both < byKey) short = 'project_limit';
      key?.give(byKey - both);
      return both;
    },
    waitSeconds: () =>
      short === 'key_limit' && key ? key.waitSeconds(now()) : project.waitSeconds(now()),
    reason: () => short,
  };
}

function bucketOf(
  config: App['config'],
  name: string,
  rate: { perSecond: number; burst: number },
): Bucket {
  let known = buckets.get(config);
  if (!known) {
    known = new LRUCache({ max: 20_000 });
    buckets.set(config, known);
  }
  let bucket = known.get(name);
  if (!bucket) {
    bucket = makeBucket(rate);
    known.set(name, bucket);
  }
  return bucket;
}
