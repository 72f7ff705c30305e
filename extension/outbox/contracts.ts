import { contracts } from '../../src/generated/extension/contracts.ts';
import { deviationsOf } from '../../src/lib/contracts/check.ts';
import type { Contract } from '../../src/reporter/contracts.ts';

const hashes = new Map(contracts.map(({ operation, hash }) => [operation, hash]));

/** What was promised of each operation when this extension was built. */
export const ownContracts: Contract[] = contracts.map(({ parameters, response, ...contract }) => ({
  ...contract,
  parameters: (value) => deviationsOf(parameters, value),
  response: (value) => deviationsOf(response, value),
}));

/** By which the server knows what this extension goes by; `undefined` for subscriptions, which have no answer. */
export function contractHashOf(document: string): string | undefined {
  return hashes.get(/\b(?:query|mutation) (\w+)/.exec(document)?.[1] ?? '');
}
