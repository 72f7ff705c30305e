import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { refusal } from '../graphql/errors.ts';
import { networkOf } from '../graphql/limits.ts';
import type { App } from '../platform/app.ts';

type Needs = Pick<App, 'config' | 'metrics'>;
type Memory = { failures: RateLimiterMemory; trusted: LRUCache<string, true> };

/** An attempt that counts as failed until it is forgiven. */
export type Attempt = { forgive(): Promise<void> };

const windowSeconds = 15 * 60;
const memories = new WeakMap<App['config'], Memory>();

/**
 * Refuses when one of the names has failed too often in 15 minutes. Counts are kept by each process
 * for itself.
 *
 * @throws {GraphQLError} RATE_LIMITED with `retryAfterSeconds`
 */
export async function refuseGuessing(app: Needs, names: string[]): Promise<void> {
  const { failures } = memoryOf(app);
  for (const name of names) {
    const count = await failures.get(name);
    if (count && count.msBeforeNext > 0 && count.consumedPoints >= failures.points)
      throw tooMany(app, count);
  }
}

/** Counts a failure against each name. */
export async function countFailure(app: Needs, names: string[]): Promise<void> {
  for (const name of names) await memoryOf(app).failures.penalty(name);
}

/**
 * Counts the attempt as failed before it is made, so that many at once are counted too. A later name
 * is not charged when an earlier one is over the limit.
 *
 * @throws {GraphQLError} RATE_LIMITED with `retryAfterSeconds`
 */
export async function beginAttempt(app: Needs, names: string[]): Promise<Attempt> {
  const { failures } = memoryOf(app);
  for (const name of names) {
    const count = await failures.penalty(name);
    if (count.consumedPoints > failures.points) throw tooMany(app, count);
  }
  return {
    async forgive() {
      for (const name of names) await failures.reward(name);
    },
  };
}

/** Forgets the failures of a name whose owner has proved to be it. */
export async function forgetFailures(app: Needs, name: string): Promise<void> {
  await memoryOf(app).failures.delete(name);
}

/**
 * Remembers that a credential was good from an address. Failures of others, at the same address or
 * with the same e-mail address, then cannot lock its owner out: OWASP's device cookies,
 * https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies.
 */
export function trust(app: Needs, credential: string, address: string): void {
  memoryOf(app).trusted.set(`${credential} ${networkOf(address)}`, true);
}

export function isTrusted(app: Needs, credential: string, address: string): boolean {
  return memoryOf(app).trusted.has(`${credential} ${networkOf(address)}`);
}

function tooMany({ metrics }: Needs, count: RateLimiterRes): Error {
  const retryAfterSeconds = Math.ceil(count.msBeforeNext / 1000);
  metrics.refusals.inc({ reason: 'guessing' });
  return refusal(
    'RATE_LIMITED',
    `Too many failed attempts. Try again in ${retryAfterSeconds} seconds.`,
    {
      retryAfterSeconds,
    },
  );
}

function memoryOf({ config }: Needs): Memory {
  let memory = memories.get(config);
  if (!memory) {
    memory = {
      failures: new RateLimiterMemory({ points: config.auth.maxFailures, duration: windowSeconds }),
      trusted: new LRUCache({ max: 50_000 }),
    };
    memories.set(config, memory);
  }
  return memory;
}
