import type { Client } from 'graphql-ws/client';
import { contracts } from '../generated/client/contracts.ts';
import { carriedContracts } from '../lib/contracts/carried.ts';
import { openChecks } from '../reporter/checks.ts';
import type { Contract } from '../reporter/contracts.ts';
import { openReporter } from '../reporter/node.ts';
import type { Fetch } from '../reporter/sender.ts';

const carried = carriedContracts(contracts);

/** What was promised of each operation when this client was built. */
export const ownContracts: Contract[] = carried.own;

/** By which the server knows what this client goes by. */
export const contractHashOf = carried.hashOf;

/** Who a client is among services. */
export type Watcher = { service: string; release?: string };

/** Tells a server of contracts that it does not keep, and counts those that it does. */
export type Watch = {
  /** The same client, whose operations are looked at. */
  wrap(client: Client): Client;
  /** Tells what was found, within two seconds or never. */
  close(): Promise<void>;
};

/** @param key with the scope REPORT; without it nobody is told, and nothing else happens */
export function openWatch({
  url,
  key,
  service,
  release,
  contracts: own = ownContracts,
}: Watcher & { url: string; key: string; contracts?: Contract[] }): Watch {
  let mayReport = true;
  const fetchAllowed: Fetch = async (address, init) => {
    if (!mayReport) throw new Error('The key may not report.');
    const answer = await fetch(address, init);
    mayReport = answer.status !== 401 && answer.status !== 403;
    return answer;
  };
  const checks = openChecks({ url, key, fetch: fetchAllowed });
  const reporter = openReporter({
    ...{ url, key, service, ...(release ? { release } : {}) },
    platform: 'SERVER',
    automatic: { errors: false, breadcrumbs: false },
    contracts: own,
    onCall: checks.onCall,
    fetch: fetchAllowed,
  });
  return {
    wrap: (client) => reporter.wrapClient(client),
    async close() {
      const late = new Promise<void>((go) => setTimeout(go, closeMs).unref());
      await Promise.all([
        Promise.race([checks.close(), late]),
        reporter.close(mayReport ? closeMs : 0),
      ]);
    },
  };
}

const closeMs = 2_000;
