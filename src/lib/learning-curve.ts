import { type Estimate, quantile } from './bootstrap.ts';
import { seededRandom } from './page/random.ts';

/** Mean error after so many sessions of a site were learned, measured on so many steps. */
export type CurvePoint = { sessions: number; error: number; steps: number };

/** `error(n) = start · (1 + n)^−rate`. */
export type Curve = { start: number; rate: number };

/**
 * Fits a power law to measured errors, as learning curves mostly follow one (Hestness et al. 2017, arXiv
 * 1712.00409): least squares of the logarithms, weighted by steps. The rate is never below 0: more data is not
 * taken to harm.
 */
export function fitCurve(points: readonly CurvePoint[]): Curve {
  const usable = points.map(({ sessions, error, steps }) => ({
    x: Math.log(1 + sessions),
    y: Math.log(Math.max(error, 0.5 / Math.max(1, steps))), // none wrong of n is not certainty
    weight: steps,
  }));
  const weight = sum(usable, (point) => point.weight);
  if (weight === 0) return { start: 0, rate: 0 };
  const meanX = sum(usable, ({ x, weight: w }) => x * w) / weight;
  const meanY = sum(usable, ({ y, weight: w }) => y * w) / weight;
  const spread = sum(usable, ({ x, weight: w }) => w * (x - meanX) ** 2);
  const slope =
    spread === 0 ? 0 : sum(usable, ({ x, y, weight: w }) => w * (x - meanX) * (y - meanY)) / spread;
  const rate = Math.max(0, -slope);
  return { start: Math.min(1, Math.exp(meanY + rate * meanX)), rate };
}

/** Percentage points of error that `sessions` more sessions are expected to take away from a measured error. */
export function pointsFrom({ rate }: Curve, error: number, sessions: number): number {
  return 100 * error * (1 - (1 + sessions) ** -rate);
}

/** More change the ends by less than half a point. */
const draws = 400;

/**
 * What `sessions` more sessions should take away from a measured error, with an interval of 95 %: every point
 * of the curve is drawn anew as its steps allow (a parametric bootstrap: Efron and Tibshirani 1993, chapter 6,
 * each error shrunk by half a step so that none of n is not certainty), and the curve fitted to each draw.
 * Points of one site are asked the same steps, so that they err together and the interval is rather too wide
 * than too narrow. In percentage points; the middle is the fitted curve's, or the nearest end.
 *
 * @param seed the same one draws the same
 */
export function promiseOf(
  points: readonly CurvePoint[],
  error: number,
  { sessions, seed }: { sessions: number; seed: string },
): Estimate {
  const random = seededRandom(seed);
  const found = Float64Array.from({ length: draws }, () => {
    const drawn = points.map((point) => ({ ...point, error: drawError(point, random) }));
    return pointsFrom(fitCurve(drawn), error, sessions);
  }).sort();
  const [low, high] = [quantile(found, 0.025), quantile(found, 0.975)];
  const value = pointsFrom(fitCurve(points), error, sessions);
  return { value: Math.min(high, Math.max(low, value)), low, high };
}

function drawError({ error, steps }: CurvePoint, random: () => number): number {
  const chance = (error * steps + 0.5) / (steps + 1);
  let wrong = 0;
  for (let step = 0; step < steps; step += 1) wrong += Number(random() < chance);
  return steps === 0 ? chance : wrong / steps;
}

function sum<T>(items: readonly T[], numberOf: (item: T) => number): number {
  return items.reduce((total, item) => total + numberOf(item), 0);
}
