/** Lets a few of each kind through, and of all kinds together. */
export type Bucket = { take(kind: string): boolean };

const mostKinds = 500;
const sharedFactor = 10;

/**
 * A token bucket for each kind: `burst` at once, then `perMinute`; ten times that for all kinds together,
 * so that an error with a new name each time is bounded, too.
 */
export function openBucket({ burst, perMinute }: { burst: number; perMinute: number }): Bucket {
  const kinds = new Map<string, { tokens: number; at: number }>();
  const has = (kind: string, factor: number): boolean => {
    const at = performance.now(); // never jumps
    const known = kinds.get(kind) ?? { tokens: burst * factor, at };
    const refilled = known.tokens + ((at - known.at) / 60_000) * perMinute * factor;
    const tokens = Math.min(burst * factor, refilled);
    const isLet = tokens >= 1;
    kinds.delete(kind); // the one that was asked for longest ago stands first
    kinds.set(kind, { tokens: isLet ? tokens - 1 : tokens, at });
    if (kinds.size > mostKinds) kinds.delete(kinds.keys().next().value as string);
    return isLet;
  };
  return { take: (kind) => has(`:${kind}`, 1) && has('', sharedFactor) };
}
