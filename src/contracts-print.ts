import { readFile, writeFile } from 'node:fs/promises';
import { documentsOf, ownContracts } from './diagnostics/contracts/own.ts';
import * as client from './generated/client/graphql.ts';
import * as extension from './generated/extension/graphql.ts';

/**
 * Writes what the extension and our own client promise themselves of the server's answers, and by which
 * hashes they name the contracts that they go by.
 */
const sdl = await readFile('schema.graphql', 'utf8');
const contractsOf = (generated: Record<string, unknown>) =>
  ownContracts(sdl, documentsOf(generated));

for (const [folder, generated] of Object.entries({ client, extension }))
  await writeFile(
    `src/generated/${folder}/contracts.ts`,
    `import type { JsonSchema } from '../../lib/contracts/json-schema.ts';

export const contracts: {
  operation: string;
  hash: string;
  parameters: JsonSchema;
  response: JsonSchema;
  timeoutMs: number;
}[] = ${JSON.stringify(
      contractsOf(generated).map(({ operation, hash, parameters, response, timeoutMs }) => ({
        operation,
        hash,
        parameters,
        response,
        timeoutMs,
      })),
    )};
`,
  );
