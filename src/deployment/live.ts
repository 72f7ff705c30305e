/** One false alarm in a hundred deployments that are as good as expected, however often one looks. */
export const falseAlarm = 0.01;

/** Fewer outcomes prove nothing. */
export const outcomesLeast = 10;

/** How much worse a deployment may have become: the test looks for each of these drops. */
const drops = [0.05, 0.1, 0.2, 0.4];

/** Outcomes that let a canary go on to all predictions, when no drop shows. */
export const canaryOutcomes = 30;

/**
 * Evidence that live success has dropped below what was expected: how much likelier the outcomes are under a
 * drop than without one, averaged over drops of 5, 10, 20 and 40 points. Without a drop it passes 100 at any time
 * with a chance of 1 % at most (a test martingale; Ville 1939), so that it may be looked at after every outcome.
 */
export function evidenceOfDrop(
  { outcomes, successes }: { outcomes: number; successes: number },
  expected: number,
): number {
  const base = Math.min(0.999, Math.max(0.001, expected));
  const likelihood = (share: number) =>
    successes * Math.log(share / base) +
    (outcomes - successes) * Math.log((1 - share) / (1 - base));
  const sum = drops.reduce(
    (total, drop) => total + Math.exp(Math.min(700, likelihood(Math.max(0.001, base - drop)))),
    0,
  );
  return sum / drops.length;
}

export type LiveVerdict = 'KEEP' | 'PROMOTE' | 'ROLL_BACK';

/** What live outcomes say of a deployment. */
export function judgeLive(
  { outcomes, successes, isCanary }: { outcomes: number; successes: number; isCanary: boolean },
  expected: number,
): LiveVerdict {
  const evidence = evidenceOfDrop({ outcomes, successes }, expected);
  if (outcomes >= outcomesLeast && evidence >= 1 / falseAlarm) return 'ROLL_BACK';
  const isEnough = isCanary && outcomes >= canaryOutcomes;
  // A canary goes on only when a drop is no likelier than none.
  return isEnough && evidence <= 1 ? 'PROMOTE' : 'KEEP';
}
