import type { Contract, OnCall } from './contracts.ts';
import { later, makeId } from './host.ts';
import type { Fetch } from './sender.ts';
import { addShapes, namesIn, type Shape, shapeOf } from './shapes.ts';
import type { OnFault } from './types.ts';

export type ChecksOptions = {
  /** Address of the CodeSight server. */
  url: string;
  /** An API key with the scope REPORT. */
  key: string;
  /** Who checks, as it names itself: the tag `client` of its reports, its id in sync. */
  clientId?: string;
  /** How requests are made. Default: the `fetch` of the surroundings, as it is now. */
  fetch?: Fetch;
  /** Longest wait until what was counted is told. Default 20,000: a service worker may not live longer. */
  everyMs?: number;
  /** Hears why checks could not be told. Default: nobody. */
  onFault?: OnFault;
};

/** How contracts were kept, those that held among them. Violations go as reports, by themselves. */
export type Checks = {
  /** For `onCall` of the reporter. Calls under contracts that have no hash count for nothing. */
  onCall: OnCall;
  /** Tells what was counted. `false`: it could not be told now, and will be with the next. */
  flush(): Promise<boolean>;
  /** Tells what was counted, once, and counts no more. */
  close(): Promise<void>;
};

type Counted = { checked: number; count: number; shape: Shape };
type Told = {
  id: string;
  contractHash: string;
  checked: number;
  samples: { count: number; shape: Shape } | null;
};
const mostTold = 100; // in one call; the server takes as many
const mostSamples = 20; // of one contract, between two tellings
const answerMs = 30_000;

/**
 * Counts the calls under each contract, and the types of some of the answers by place, from which the
 * server finds drift. What was counted and not told is lost with the process; what was told and not
 * answered for is told again under the same ids, and counts once.
 */
export function openChecks(options: ChecksOptions): Checks {
  const { url, key, clientId, everyMs = 20_000, onFault = () => {} } = options;
  const fetch = options.fetch ?? (globalThis.fetch.bind(globalThis) as unknown as Fetch);
  const counted = new Map<string, Counted>();
  let pending: Told[] = [];
  let running: Promise<boolean> | null = null;
  let cancel: (() => void) | null = null;
  let isClosed = false;

  const onCall = ({ hash, response }: Contract, answer?: unknown): void => {
    if (!hash || isClosed) return;
    const known = counted.get(hash) ?? { checked: 0, count: 0, shape: {} };
    counted.set(hash, known);
    if (answer === undefined) known.checked += 1;
    else if (known.count < mostSamples) {
      const names = typeof response === 'object' ? namesIn(response) : undefined;
      known.shape = addShapes(known.shape, shapeOf(answer, names));
      known.count += 1;
    }
    cancel ??= later(() => void flush(), everyMs);
  };

  /** A call that begins in one telling may be answered in the next, and is sampled there. */
  const take = (): void => {
    for (const [contractHash, { checked, count, shape }] of counted) {
      if (checked === 0) continue;
      counted.delete(contractHash);
      const samples = count ? { count, shape } : null;
      pending.push({ id: makeId(), contractHash, checked, samples });
    }
  };

  const tell = async (): Promise<boolean> => {
    if (!pending.length) take();
    while (pending.length) {
      const checks = pending.slice(0, mostTold);
      const response = await fetch(`${url.replace(/\/+$/, '')}/api/checks`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ clientId, checks }),
        keepalive: false,
        signal: AbortSignal.timeout(answerMs),
      });
      const { ok, status } = response;
      if (!ok) {
        const said = (await response.json().catch(() => null)) as { detail?: string } | null;
        onFault(new Error(said?.detail ?? `HTTP ${status}`));
        // What the server will never take is not kept for it; what it could not take now is.
        if (status !== 400 && status !== 413) return false;
      }
      pending = pending.slice(checks.length);
    }
    return true;
  };

  const flush = (): Promise<boolean> => {
    cancel?.();
    cancel = null;
    running ??= tell()
      .catch((fault: unknown) => {
        onFault(fault);
        return false;
      })
      .then((isTold) => {
        running = null;
        if (!isTold && !isClosed) cancel ??= later(() => void flush(), everyMs);
        return isTold;
      });
    return running;
  };

  return {
    onCall,
    flush,
    async close() {
      isClosed = true;
      await running; // it knows nothing of what was counted since it began
      await flush();
    },
  };
}
