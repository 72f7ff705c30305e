/** Tokens that refill steadily up to a burst. Times are milliseconds of any clock that runs on. */
export type Bucket = {
  /** Takes up to `wanted` tokens. Answers with how many there were. */
  take(wanted: number, nowMs: number): number;
  /** Gives tokens back that were not used. */
  give(count: number): void;
  /** Whole seconds until there is one more token than now; at least 1. */
  waitSeconds(nowMs: number): number;
};

export function makeBucket({ perSecond, burst }: { perSecond: number; burst: number }): Bucket {
  let tokens = burst;
  let filledAt = Number.NEGATIVE_INFINITY;
  const refill = (nowMs: number) => {
    if (filledAt !== Number.NEGATIVE_INFINITY)
      tokens = Math.min(burst, tokens + (Math.max(0, nowMs - filledAt) / 1000) * perSecond);
    filledAt = nowMs;
  };
  return {
    take(wanted, nowMs) {
      refill(nowMs);
      const taken = Math.min(wanted, Math.floor(tokens));
      tokens -= taken;
      return taken;
    },
    give(count) {
      tokens = Math.min(burst, tokens + count);
    },
    waitSeconds(nowMs) {
      refill(nowMs);
      // A second's worth at least, so that whoever waits does not come for each token.
      const wanted = Math.min(burst, Math.max(1, perSecond));
      return Math.max(1, Math.ceil((wanted - tokens) / perSecond));
    },
  };
}
