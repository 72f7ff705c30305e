import { seededRandom } from './page/random.ts';

/** A measure with its interval of 95 %. */
export type Estimate = { value: number; low: number; high: number };

/** Sums over one cluster: what was hit, and out of how much. */
export type ClusterSum = { hits: number; of: number };

/** More change the bounds by less than a tenth of a point. */
export const resamplesUsual = 2_000;

/**
 * Ratio of two sums with the interval of 95 % of a bootstrap over clusters (Efron and Tibshirani 1993,
 * chapter 13, percentiles). Steps of one session are alike, so that whole sessions are drawn, not steps.
 *
 * @param seed the same seed draws the same clusters, so that two measures of one suite can be compared
 */
export function ratioOf(
  clusters: readonly ClusterSum[],
  { seed, resamples = resamplesUsual }: { seed: string; resamples?: number },
): Estimate {
  const value = ratio(sum(clusters));
  if (clusters.length === 0) return { value: 0, low: 0, high: 1 };
  const found = draws(clusters.length, seed, resamples, (places) => {
    let [hits, of] = [0, 0];
    for (const place of places) {
      const cluster = clusters[place] as ClusterSum;
      hits += cluster.hits;
      of += cluster.of;
    }
    return ratio({ hits, of });
  });
  return { value, ...bounds(found) };
}

/**
 * Difference `a − b` of two ratios over the same clusters with its interval of 95 %: each draw is measured for
 * both, so that what makes a session hard for both does not blur the difference.
 *
 * @param pairs sums of `a` and `b` for each cluster
 */
export function differenceOf(
  pairs: readonly (readonly [a: ClusterSum, b: ClusterSum])[],
  { seed, resamples = resamplesUsual }: { seed: string; resamples?: number },
): Estimate {
  const value = ratio(sum(pairs.map(([a]) => a))) - ratio(sum(pairs.map(([, b]) => b)));
  if (pairs.length === 0) return { value: 0, low: -1, high: 1 };
  const found = draws(pairs.length, seed, resamples, (places) => {
    let [hitsA, ofA, hitsB, ofB] = [0, 0, 0, 0];
    for (const place of places) {
      const [a, b] = pairs[place] as readonly [ClusterSum, ClusterSum];
      hitsA += a.hits;
      ofA += a.of;
      hitsB += b.hits;
      ofB += b.of;
    }
    return ratio({ hits: hitsA, of: ofA }) - ratio({ hits: hitsB, of: ofB });
  });
  return { value, ...bounds(found) };
}

/** The `share`-quantile of numbers in ascending order, between the two nearest; 0 for none. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  if (ascending.length === 0) return 0;
  const at = share * (ascending.length - 1);
  const low = ascending[Math.floor(at)] as number;
  const high = ascending[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

function draws(
  clusters: number,
  seed: string,
  resamples: number,
  measure: (places: Uint32Array) => number,
): Float64Array {
  const random = seededRandom(seed);
  const places = new Uint32Array(clusters);
  const found = new Float64Array(resamples);
  for (let round = 0; round < resamples; round += 1) {
    for (let at = 0; at < clusters; at += 1) places[at] = Math.floor(random() * clusters);
    found[round] = measure(places);
  }
  return found.sort();
}

function bounds(ascending: Float64Array): { low: number; high: number } {
  return { low: quantile(ascending, 0.025), high: quantile(ascending, 0.975) };
}

function sum(clusters: readonly ClusterSum[]): ClusterSum {
  return clusters.reduce((all, { hits, of }) => ({ hits: all.hits + hits, of: all.of + of }), {
    hits: 0,
    of: 0,
  });
}

function ratio({ hits, of }: ClusterSum): number {
  return of === 0 ? 0 : hits / of;
}
