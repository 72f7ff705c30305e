import { readFile, writeFile } from 'node:fs/promises';
import packageJson from '../package.json' with { type: 'json' };
import { documentsOf, ownContracts } from './diagnostics/contracts/own.ts';
import * as extension from './generated/extension/graphql.ts';

/** Writes the contracts of the extension's operations, by which it checks what the server answers. */
const sdl = await readFile('schema.graphql', 'utf8');
const contracts = ownContracts(sdl, packageJson.version, documentsOf(extension)).map(
  ({ operation, hash, parameters, response, timeoutMs }) => ({
    operation,
    hash,
    parameters,
    response,
    timeoutMs,
  }),
);
await writeFile('src/generated/extension/contracts.json', `${JSON.stringify(contracts)}\n`);
