import { readFile, writeFile } from 'node:fs/promises';
import packageJson from '../package.json' with { type: 'json' };
import { documentsOf, ownContracts } from './diagnostics/contracts/own.ts';
import * as client from './generated/client/graphql.ts';
import * as extension from './generated/extension/graphql.ts';

/**
 * Writes what the extension promises itself of the server's answers, and by which hashes both it and our
 * own client name the contracts that they go by.
 */
const sdl = await readFile('schema.graphql', 'utf8');
const contractsOf = (generated: Record<string, unknown>) =>
  ownContracts(sdl, packageJson.version, documentsOf(generated));

await writeFile(
  'src/generated/client/contracts.ts',
  `/** Hashes of contracts, by operation. */
export const contractHashes: Record<string, string> = ${JSON.stringify(
    Object.fromEntries(contractsOf(client).map(({ operation, hash }) => [operation, hash])),
    null,
    2,
  )};
`,
);
await writeFile(
  'src/generated/extension/contracts.ts',
  `import type { JsonSchema } from '../../lib/contracts/json-schema.ts';

export const contracts: {
  operation: string;
  hash: string;
  parameters: JsonSchema;
  response: JsonSchema;
  timeoutMs: number;
}[] = ${JSON.stringify(
    contractsOf(extension).map(({ operation, hash, parameters, response, timeoutMs }) => ({
      operation,
      hash,
      parameters,
      response,
      timeoutMs,
    })),
  )};
`,
);
