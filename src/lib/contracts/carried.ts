import { deviationsOf } from './check.ts';

/** A contract as it is generated, with the JSON Schemas of what an operation takes and answers. */
type Carried = {
  operation: string;
  hash: string;
  parameters: Parameters<typeof deviationsOf>[0];
  response: Parameters<typeof deviationsOf>[0];
};

/** The contracts that a client was built with, ready to be checked, and their hashes by the document. */
export function carriedContracts<T extends Carried>(contracts: readonly T[]) {
  const hashes = new Map(contracts.map(({ operation, hash }) => [operation, hash]));
  return {
    /** What was promised of each operation. */
    own: contracts.map(({ parameters, response, ...contract }) => ({
      ...contract,
      parameters: (value: unknown) => deviationsOf(parameters, value),
      response: (value: unknown) => deviationsOf(response, value),
    })),
    /** By which the server knows what the client goes by; `undefined` for subscriptions, which have no answer. */
    hashOf: (document: string) =>
      hashes.get(/\b(?:query|mutation) (\w+)/.exec(document)?.[1] ?? ''),
  };
}
